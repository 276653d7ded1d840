//! Calls are recorded without their secrets and replayed without a network.

use std::{fs, path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use integration_core::{
    Error, ErrorKind, SecretString,
    http::{Client, HttpConfig, Multipart, ReqwestTransport, Transport},
};
use integration_testkit::{
    Canary, Reply, ScriptedServer,
    cassette::{Cassette, Recording},
};
use tempfile::TempDir;

struct Studio {
    folder: TempDir,
    server: ScriptedServer,
}

impl Studio {
    async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            server: ScriptedServer::replies(replies).await.unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("new/calls.json")
    }

    fn cassette(&self) -> Cassette {
        Cassette::at(self.path())
    }

    fn record(&self, cassette: &Cassette) -> (Recording<ReqwestTransport>, Client) {
        let transport = ReqwestTransport::new(HttpConfig::default());
        let recording = cassette.record(transport).unwrap();
        let client = self.client(recording.clone());
        (recording, client)
    }

    fn client(&self, transport: impl Transport) -> Client {
        let client = Client::standard(&self.server.url("")).unwrap();
        client.transport(transport).build().unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

#[tokio::test]
async fn what_was_recorded_is_replayed_in_order_without_a_network() {
    let first = Reply::ok(r#"{"status":"queued"}"#).header("x-ratelimit-limit", "5");
    let stream = Reply::ok("data: {\"n\":1}\n\ndata: [DONE]\n\n");
    let stream = stream.header("content-type", "text/event-stream");
    let replies = [
        first,
        Reply::ok(r#"{"status":"done"}"#),
        stream,
        Reply::status(404).body("no such thing"),
        Reply::ok(&b"\xff\0\xfe"[..]),
    ];
    let studio = Studio::new(replies).await;
    let cassette = studio.cassette().allow_query("page");
    let (recording, client) = studio.record(&cassette);
    let recorded = calls(&client).await;
    recording.finish().unwrap();
    assert_eq!(studio.server.count(), 5);

    let replay = cassette.replay().unwrap();
    let replayed = calls(&studio.client(replay.clone())).await;
    assert_eq!(recorded, replayed);
    replay.assert_finished();
    assert_eq!(studio.server.count(), 5, "nothing was sent");
}

/// Makes the same calls each time and returns all that a caller can see of the answers.
async fn calls(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    for call in [
        client.get("/jobs/1?page=1"),
        client.get("/jobs/1?page=1"),
        client.post("/stream").body(r#"{"prompt":"hi"}"#),
        client.get("/nothing"),
        client.get("/binary"),
    ] {
        seen.push(match call.send().await {
            Ok(answer) => format!(
                "{} {:?} {:?} {:?}",
                answer.status(),
                answer.body(),
                answer.headers().get("x-ratelimit-limit"),
                answer.headers().get("content-type"),
            ),
            Err(error) => format!("{:?} {:?}", error.kind(), error.provider_body()),
        });
    }
    seen
}

#[tokio::test]
async fn a_secret_is_in_no_place_of_the_file() {
    let (named, anywhere) = (Canary::new(), Canary::new());
    let (by_name, hidden) = (named.as_str(), anywhere.as_str());
    let inner = serde_json::json!({ "api_key": by_name }).to_string();
    let answer = serde_json::json!({
        "id": 1, "access_token": by_name, "list": [{ "email": by_name }], "inner": inner,
        "next": format!("http://u:{by_name}@h/?cursor={by_name}#{by_name}"),
        "note": hidden, "encoded": STANDARD.encode(format!("user:{hidden}")), hidden: 2,
    });
    let answer = answer.to_string();
    let event = format!("data: {answer}\n\ndata: {{\"password\":\"{by_name}\n\n");
    let binary = [b"\xff\xfe", hidden.as_bytes()].concat();
    let small = |reply: Reply| reply.chunked().pieces(7, Duration::from_micros(50));
    let secret_headers = |reply: Reply| {
        let reply = reply.header("set-cookie", by_name).header("etag", hidden);
        reply.header("location", &format!("/?key={by_name}"))
    };
    let studio = Studio::new([
        secret_headers(Reply::ok(answer.clone())),
        secret_headers(small(Reply::ok(answer.clone()))),
        small(Reply::ok(event)),
        small(Reply::ok(binary)),
        small(Reply::ok(format!("plain {hidden} text"))),
        Reply::status(400).body(answer.clone()),
    ])
    .await;
    let cassette = studio.cassette().hide(&anywhere.secret());
    let (recording, client) = studio.record(&cassette);
    let form = format!("client_secret={by_name}&code={by_name}&note={hidden}");
    let sent = [
        client.get(&format!("/{hidden}/a?key={by_name}&{hidden}=1")),
        client.post("/json").json(&answer),
        client
            .post("/text")
            .header("content-type", "text/plain")
            .body(hidden.to_owned()),
        client.post("/form").body(form.clone()),
        client
            .post("/form")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form),
        client
            .get("/last")
            .bearer(&named.secret())
            .header("x-key", by_name),
    ];
    for call in sent {
        let _ = call.header("accept", hidden).send().await;
    }
    recording.finish().unwrap();
    let text = studio.text();
    assert_eq!(text.matches("\"answer\"").count(), 6, "{text}");
    assert!(text.matches("[redacted]").count() > 30, "{text}");
    for canary in [&named, &anywhere] {
        canary.assert_absent(&text);
        let basic = STANDARD.encode(format!("user:{}", canary.as_str()));
        assert!(!text.contains(&basic));
        canary.assert_hidden_by(&(&recording, &cassette, cassette.replay().unwrap()));
    }
}

#[tokio::test]
async fn a_secret_may_be_another_one_in_the_replay() {
    let studio = Studio::new([Reply::ok("hi")]).await;
    let path = |secret: &Canary| format!("/bot{}/send?key={}", secret.as_str(), secret.as_str());
    let (real, fake) = (Canary::new(), Canary::new());
    let (recording, client) = studio.record(&studio.cassette().hide(&real.secret()));
    client.get(&path(&real)).send().await.unwrap();
    recording.finish().unwrap();
    let replay = studio.cassette().hide(&fake.secret()).replay().unwrap();
    let answer = studio.client(replay).get(&path(&fake)).send().await;
    assert_eq!(answer.unwrap().body(), "hi");
}

#[tokio::test]
async fn a_call_without_a_match_is_told_what_is_nearest() {
    let studio = Studio::new([Reply::ok("{}")]).await;
    let cassette = studio.cassette().allow_query("page");
    let (recording, client) = studio.record(&cassette);
    client.get("/a?page=1").send().await.unwrap();
    let order = |amount: u32| serde_json::json!({ "order": { "amount": amount } });
    client.post("/orders").json(&order(1)).send().await.unwrap();
    recording.finish().unwrap();
    let replay = cassette.replay().unwrap();
    let client = studio.client(replay.clone());
    let refused = async |call: integration_core::http::RequestBuilder, said: &str| {
        let error = call.send().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts().len()),
            (ErrorKind::Config, 1)
        );
        let shown = error.to_string();
        assert!(shown.contains(said), "{shown}");
    };
    let query = "answers GET /a?page=2; the nearest is number 1, GET /a?page=1: its query differs";
    refused(client.get("/a?page=2"), query).await;
    let body = "number 2, POST /orders: its body differs at /order/amount";
    refused(client.post("/orders").json(&order(2)), body).await;
    refused(client.put("/orders"), "its method differs").await;
    refused(
        client.get("/b"),
        "number 1, GET /a?page=1: its path differs",
    )
    .await;
    assert_eq!(replay.unused(), ["GET /a?page=1", "POST /orders"]);
    client.get("/a?page=1").send().await.unwrap();
    refused(client.get("/a?page=1"), "it was used already").await;
    client.post("/orders").json(&order(1)).send().await.unwrap();
    refused(client.get("/b"), "none is left").await;
    replay.assert_finished();
}

#[tokio::test]
#[should_panic(expected = "recorded and not made: GET /a")]
async fn a_call_that_is_not_made_fails_the_test() {
    let studio = Studio::new([Reply::ok("{}")]).await;
    let (recording, client) = studio.record(&studio.cassette());
    client.get("/a").send().await.unwrap();
    recording.finish().unwrap();
    studio.cassette().replay().unwrap().assert_finished();
}

fn refusal(error: &Error, said: &str) {
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains(said), "{error}");
}

#[tokio::test]
async fn a_cassette_takes_what_it_may_and_nothing_more() {
    let studio = Studio::new([Reply::ok("0123456789").chunked().pieces(4, Duration::ZERO)]).await;
    let record = async |cassette: Cassette, sent: &'static str, calls: usize| {
        let (recording, client) = studio.record(&cassette);
        for _ in 0..calls {
            let answer = client.post("/").body(sent).send().await.unwrap();
            assert_eq!(answer.body(), "0123456789", "the caller notices nothing");
        }
        recording.finish()
    };
    let ten = "9876543210";
    let fitting = studio.cassette().max_body(10).max_entries(2);
    record(fitting, ten, 2).await.unwrap();
    let before = studio.text();
    let large = record(studio.cassette().max_body(9), "", 1).await;
    refusal(&large.unwrap_err(), "a body is larger than `max_body`");
    let large = record(studio.cassette().max_body(10), "98765432109", 1).await;
    refusal(&large.unwrap_err(), "a body is larger than `max_body`");
    let many = record(studio.cassette().max_entries(2), ten, 3).await;
    refusal(&many.unwrap_err(), "more calls than `max_entries`");
    assert_eq!(studio.text(), before, "the file is as it was");
}

#[tokio::test]
async fn a_compressed_answer_spoils_the_recording() {
    let studio = Studio::new([Reply::status(200).gzip("zip")]).await;
    let (recording, client) = studio.record(&studio.cassette());
    client.get("/").send().await.unwrap();
    refusal(&recording.finish().unwrap_err(), "is compressed");
    drop((recording, client));
    assert!(!studio.path().exists());
}

#[tokio::test]
async fn a_body_that_broke_breaks_again() {
    let studio = Studio::new([Reply::ok("0123456789").cut_after(4), Reply::ok("whole")]).await;
    let (recording, client) = studio.record(&studio.cassette());
    client.get("/").send().await.unwrap();
    recording.finish().unwrap();
    assert!(studio.text().contains("\"complete\": false"));
    let replay = studio.cassette().replay().unwrap();
    let answer = studio.client(replay.clone()).get("/").send().await.unwrap();
    assert_eq!(
        (answer.body().as_ref(), answer.attempts()),
        (&b"whole"[..], 2)
    );
    replay.assert_finished();
}

#[tokio::test]
async fn a_stream_passes_as_it_comes_and_ends_where_its_reader_left() {
    let reply = Reply::ok("data: {\"n\":1}\n\ndata: {\"n\":2}\n\n");
    let studio = Studio::new([reply.chunked().stall_after(15)]).await;
    let upload = || Multipart::new().text("prompt", "hi");
    let (recording, client) = studio.record(&studio.cassette());
    let call = client.post("/stream").multipart(upload());
    let mut answer = call.send_streaming().await.unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    drop(answer);
    recording.finish().unwrap();
    assert!(studio.text().contains("\"omitted\""), "{}", studio.text());

    let replay = studio.cassette().replay().unwrap();
    let call = studio.client(replay.clone()).post("/stream");
    let mut answer = call.multipart(upload()).send_streaming().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), first);
    let error = answer.chunk().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    replay.assert_finished();
}

#[tokio::test]
async fn a_recording_that_is_dropped_is_written_unless_the_test_fails() {
    let studio = Studio::new([Reply::ok("{}")]).await;
    let (recording, client) = studio.record(&studio.cassette());
    client.get("/").send().await.unwrap();
    let failing = std::thread::spawn(move || {
        let _held = (recording, client);
        panic!("a test that fails");
    });
    assert!(failing.join().is_err());
    assert!(!studio.path().exists());
    let (recording, client) = studio.record(&studio.cassette());
    client.get("/").send().await.unwrap();
    drop((recording, client));
    assert_eq!(studio.cassette().replay().unwrap().unused(), ["GET /"]);
    let files = fs::read_dir(studio.path().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1, "no temporary file is left");
}

#[tokio::test]
async fn a_file_that_is_no_cassette_is_refused_with_its_path() {
    let studio = Studio::new([Reply::ok("{}")]).await;
    let replay = || studio.cassette().replay().unwrap_err();
    refusal(&replay(), "cannot be read; record it first");
    fs::create_dir_all(studio.path().parent().unwrap()).unwrap();
    for (text, said) in [
        ("", "is no cassette"),
        (r#"{"version":2,"entries":[]}"#, "is of version 2, not 1"),
    ] {
        fs::write(studio.path(), text).unwrap();
        refusal(&replay(), said);
        refusal(&replay(), "calls.json");
    }
    let short = studio.cassette().hide(&SecretString::from("abc"));
    refusal(&short.replay().unwrap_err(), "must have at least 4 bytes");
}
