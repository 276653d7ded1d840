//! `send` against a server that writes down what arrives.

use std::process::{Command, Output};

use bytes::Bytes;
use integration_core::{Clock as _, SecretString, SystemClock};
use integration_testkit::{RefusingPort, Reply, ScriptedServer};
use integration_webhooks::{Scheme, Source, Verified};

/// The base64 of 24 bytes that spell out what they are: fits every scheme.
const SECRET: &str = "bm90LWEtc2VjcmV0LWJ1dC0yNC1ieXRl";

/// Runs `send` beside the runtime that serves.
async fn send(scheme: &str, url: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_integration-gateway"));
    command
        .args([
            "send",
            "--scheme",
            scheme,
            "--secret",
            "env:SECRET",
            "--url",
            url,
        ])
        .args(more)
        .env_clear()
        .env("SECRET", SECRET);
    let run = move || command.output().unwrap();
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn answering(reply: Reply) -> ScriptedServer {
    ScriptedServer::replies([reply]).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn what_is_sent_verifies_in_every_scheme() {
    for name in Scheme::names() {
        let server = answering(Reply::ok("stored")).await;
        let output = send(name, &server.url("/in/x"), &[]).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let received = server.received();
        assert_eq!(received.len(), 1);
        let scheme = name.parse().unwrap();
        let source = Source::new("x", scheme, vec![SecretString::from(SECRET).into()]).unwrap();
        let verified = source.verify(&received[0].headers, &received[0].body, SystemClock.unix());
        assert!(
            matches!(verified, Ok(Verified::Event(_))),
            "{name}: {verified:?}"
        );
    }
}

#[tokio::test]
async fn several_events_have_an_id_each_and_are_counted() {
    let server = answering(Reply::ok("")).await;
    let more = ["--type", "invoice.paid", "--count", "3", "--json"];
    let output = send("stripe", &server.url("/in/stripe"), &more).await;
    let shown = text(&output.stdout);
    let lines: Vec<serde_json::Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(
        lines
            .iter()
            .all(|line| line["status"] == 200 && line["event_type"] == "invoice.paid")
    );
    assert_ne!(lines[0]["id"], lines[1]["id"]);
}

#[tokio::test]
async fn a_refusal_is_shown_with_its_answer_once_and_ends_with_1() {
    let refuses = Reply::status(503)
        .header("retry-after", "5")
        .body("busy\nnow");
    let server = answering(refuses).await;
    let output = send("github", &server.url("/"), &["--count", "2"]).await;
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("503") && shown.contains("busy\\nnow"),
        "{shown}"
    );
    assert!(shown.ends_with("2 sent: 2 x 503\n"), "{shown}");
    assert_eq!(
        server.received().len(),
        2,
        "nothing is retried, nothing held back"
    );
}

#[tokio::test]
async fn where_nothing_listens_the_fix_is_named() {
    let port = RefusingPort::new().unwrap();
    let url = port.url("/in/stripe");
    let output = send("stripe", &url, &[]).await;
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("nothing listens at 127.0.0.1:"), "{error}");
    assert!(error.contains("integration-gateway serve"), "{error}");
}

#[tokio::test]
async fn body_and_headers_may_be_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, b"not json \xff").unwrap();
    let server = answering(Reply::ok("")).await;
    let more = [
        "--body",
        path.to_str().unwrap(),
        "--header",
        "X-Hub-Signature-256: none",
    ];
    let output = send("github", &server.url("/"), &more).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let received = server.received();
    let delivery = received[0].header("x-github-delivery");
    assert!(
        text(&output.stdout).contains(delivery),
        "an id in a header is ours"
    );
    assert_eq!(received[0].body, Bytes::from_static(b"not json \xff"));
    assert_eq!(received[0].header("x-hub-signature-256"), "none");
    assert_eq!(received[0].header("x-github-event"), "push");
}

#[tokio::test]
async fn the_id_inside_a_body_of_ones_own_is_not_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, r#"{"id":"evt_mine"}"#).unwrap();
    let server = answering(Reply::ok("")).await;
    let more = ["--body", path.to_str().unwrap(), "--json"];
    let output = send("stripe", &server.url("/"), &more).await;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["id"].is_null(), "{line}");
}

#[tokio::test]
async fn mistakes_in_usage_end_with_2_and_say_what_is_right() {
    for (scheme, url, more, says) in [
        ("strip", "http://x/", &[][..], "did you mean `stripe`"),
        ("stripe", "not a url", &[], "relative URL"),
        ("stripe", "http://x/", &["--count", "0"], "1..=100000"),
        (
            "stripe",
            "http://x/",
            &["--header", "nonsense"],
            "NAME:VALUE",
        ),
        (
            "stripe",
            "http://x/",
            &["--secret", "env:OTHER"],
            "--secret",
        ),
        (
            "stripe",
            "http://x/",
            &["--type", "two words"],
            "letters, digits",
        ),
    ] {
        let output = send(scheme, url, more).await;
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[tokio::test]
async fn the_help_names_every_scheme() {
    let output = send("stripe", "http://x/", &["--help"]).await;
    let help = text(&output.stdout);
    assert!(
        Scheme::names().iter().all(|name| help.contains(name)),
        "{help}"
    );
}
