//! Which host gets a call, over how many connections, and how many a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Clock, SystemClock,
    http::{
        AttemptRequest, HeaderMap, RawBody, RawResponse, StatusCode, Transport, TransportError,
    },
};
use integration_stripe::{Client, Config, Node, Params, op::Verb, resources::SearchParams};
use integration_testkit::{Reply, ScriptedServer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::support::config;

/// Passes connections on to a server, and counts them.
async fn counted(server: &ScriptedServer) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let (count, to) = (Arc::clone(&connections), server.address());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_hundred_calls_take_one_connection() {
    let server = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let (url, connections) = counted(&server).await;
    let config = Config::new("sk_test_1".to_owned().into())
        .with_base_url(url)
        .with_rate_limit(10_000);
    let client = Client::new(config).unwrap();
    for number in 0..100 {
        let verb = if number % 2 == 0 {
            Verb::Post
        } else {
            Verb::Get
        };
        let call = client.raw::<Node>(verb, "/v1/charges", Params::new());
        call.send().await.unwrap();
    }
    assert_eq!(server.count(), 100);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// Answers every attempt at once.
#[derive(Debug)]
struct AtOnce;

impl Transport for AtOnce {
    async fn send(&self, _: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let body = RawBody::Full("{}".into());
        Ok(RawResponse::new(StatusCode::OK, HeaderMap::new(), body))
    }
}

/// A client that may make this many calls a second, and gets all answers at once.
fn limited(calls: u32) -> Client {
    let config = Config::new("sk_test_1".to_owned().into()).with_rate_limit(calls);
    Client::customized(config, |builder| builder.transport(AtOnce)).unwrap()
}

/// How long it takes to do something forty times. Answers come at once, so it is the limit that
/// takes its time.
async fn forty(call: impl AsyncFn()) -> Duration {
    let start = SystemClock.now();
    for _ in 0..40 {
        call().await;
    }
    SystemClock.now() - start
}

#[tokio::test]
async fn searches_have_a_quota_of_their_own() {
    let client = limited(100);
    let listed = forty(async || {
        let call = client.raw::<Node>(Verb::Get, "/v1/customers", Params::new());
        call.send().await.unwrap();
    });
    assert!(listed.await < Duration::from_millis(900));
    let client = limited(100);
    let found = forty(async || {
        let params = SearchParams::new("email:'a@b'");
        client.customers().search(&params).send().await.unwrap();
    });
    let found = found.await;
    // Twenty at once, twenty more in the next second.
    assert!(found > Duration::from_millis(900), "{found:?}");
    // The rest of the quota is there for others.
    let client = limited(100);
    for _ in 0..20 {
        let params = SearchParams::new("email:'a@b'");
        client.customers().search(&params).send().await.unwrap();
    }
    let others = forty(async || {
        let call = client.raw::<Node>(Verb::Get, "/v1/customers", Params::new());
        call.send().await.unwrap();
    });
    assert!(others.await < Duration::from_millis(900));
}

#[cfg(feature = "full")]
#[tokio::test]
async fn files_have_a_quota_of_their_own() {
    let client = limited(100);
    let sent = forty(async || {
        let params = upload("a");
        client.files().create(&params).send().await.unwrap();
    });
    let sent = sent.await;
    assert!(sent > Duration::from_millis(900), "{sent:?}");
}

#[cfg(feature = "full")]
fn upload(content: &'static str) -> integration_stripe::resources::CreateFile {
    use integration_stripe::{params::FileParam, resources::CreateFile};

    CreateFile::new(FileParam::new("a \"b\".txt", content), "dispute_evidence")
}

#[cfg(feature = "full")]
#[tokio::test]
async fn an_upload_goes_to_the_host_of_files_as_a_form_with_a_file() {
    use integration_stripe::resources::FileLinkDataParams;

    let api = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let files = ScriptedServer::replies([Reply::ok(r#"{"id":"file_1","new":1}"#)])
        .await
        .unwrap();
    let mut config = config(&api);
    config.files_url = files.url("");
    let client = Client::new(config).unwrap();
    let params = upload("what happened").file_link_data(FileLinkDataParams::new(true));
    let file = client.files().create(&params).send().await.unwrap();
    assert_eq!(file.id(), Some("file_1"));
    assert_eq!((api.count(), files.count()), (0, 1));
    let request = files.received().pop().unwrap();
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/files")
    );
    assert!(!request.header("idempotency-key").is_empty());
    let content_type = request.header("content-type");
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(
        (parts.len(), parts[0], parts[4]),
        (5, "", "--\r\n"),
        "{body}"
    );
    assert!(
        parts[3].contains(r#"name="file"; filename="a %22b%22.txt""#),
        "{body}"
    );
    assert!(parts[3].ends_with("\r\n\r\nwhat happened\r\n"), "{body}");
    assert!(parts[1].contains(r#"name="purpose""#), "{body}");
    assert!(
        parts[2].contains(r#"name="file_link_data[create]""#),
        "{body}"
    );
    // What is no upload goes to the API.
    client.files().retrieve("file_1").send().await.unwrap();
    assert_eq!((api.count(), files.count()), (1, 1));
}

#[cfg(feature = "full")]
#[tokio::test]
async fn a_stream_of_meter_events_goes_to_its_host_as_json_under_a_key() {
    use integration_stripe::resources::{CreateV2BillingMeterEventStream, EventsParams};

    let api = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let meters = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let mut config = config(&api);
    config.meter_events_url = meters.url("");
    let client = Client::new(config).unwrap();
    let event = EventsParams::new("api_requests", [("value", "25")]);
    let params = CreateV2BillingMeterEventStream::new([event]);
    let stream = client.v2().billing().meter_event_stream();
    stream.create(&params).send().await.unwrap();
    assert_eq!((api.count(), meters.count()), (0, 1));
    let request = meters.received().pop().unwrap();
    assert_eq!(request.path, "/v2/billing/meter_event_stream");
    assert_eq!(request.header("content-type"), "application/json");
    assert!(!request.header("idempotency-key").is_empty());
    assert_eq!(
        request.body,
        r#"{"events":[{"event_name":"api_requests","payload":{"value":"25"}}]}"#
    );
}
