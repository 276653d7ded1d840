//! A full run with every observer on: what it shows, and that no secret is in it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt;
use integration_core::{
    health::{HealthConfig, HealthRegistry},
    http::{Answer, Client, HeaderMap, StatusCode},
    observe::{Exchange, MetricsObserver, Observers, TracingObserver},
    observer::{Event, Observer},
};
use integration_testkit::{Canary, Reply, ScriptedServer};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::support::{Log, builder, credentials_of_every_kind, quick, shown};

/// Keeps the name and the labels of all that was ever counted.
#[derive(Default)]
struct Labels(Mutex<BTreeSet<String>>);

impl Labels {
    fn add(&self, key: &Key) {
        self.0.lock().unwrap().insert(key.to_string());
    }
}

impl Recorder for Labels {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.add(key);
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.add(key);
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.add(key);
        Histogram::noop()
    }
}

/// Keeps all that an observer is told, as `Debug` shows it.
#[derive(Default)]
struct Events(Mutex<String>);

impl Observer for Events {
    fn on_event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push_str(&format!("{event:?}\n"));
    }

    fn on_exchange(&self, exchange: &Exchange<'_>) {
        self.0.lock().unwrap().push_str(&format!("{exchange:?}\n"));
    }
}

/// A service that says the secret wherever an answer can say something: ten answers a kind of
/// credentials.
async fn server(canary: &Canary) -> ScriptedServer {
    let secret = canary.as_str().to_owned();
    let start = ScriptedServer::start(move |request| match request.number % 10 {
        0 => Reply::status(429)
            .header("retry-after-ms", "5")
            .body(secret.clone()),
        1 => Reply::status(500).body(secret.clone()),
        2 => Reply::reset(),
        3 => Reply::status(400).body(secret.clone()),
        4 => Reply::status(302).header("location", &format!("http://u:{secret}@h/p?k={secret}")),
        6 => Reply::ok(secret.repeat(9)).cut_after(40),
        7 => Reply::status(503),
        _ => Reply::ok(secret.clone())
            .header("x-token", &secret)
            .header("x-request-id", "req_1"),
    });
    start.await.unwrap()
}

/// Makes the ten requests; returns all that the program gets to see.
async fn run(client: &Client, canary: &Canary) -> String {
    let secret = canary.as_str();
    let call = || {
        let call = client.post(&format!("/pay/{secret}/{secret}@example.com?key={secret}"));
        let call = call.query([("also", secret)]).header("x-other", secret);
        let call = call.idempotency_key(secret).operation("demo.pay");
        call.body(secret.to_owned())
    };
    let mut seen = format!("{client:?} {:?}", call());
    // 429, 500, reset; 400; 302; 200.
    for _ in 0..4 {
        match call().send().await {
            Ok(response) => seen.push_str(&format!("{response:?}")),
            Err(error) => seen.push_str(&shown(&error)),
        }
    }
    // A body that breaks off.
    let mut stream = call().send_streaming().await.unwrap();
    seen.push_str(&format!("{stream:?}"));
    while let Some(piece) = stream.next().await {
        if let Err(error) = piece {
            seen.push_str(&shown(&error));
        }
    }
    // A substitute, and two that nobody reads.
    let substitute = Answer::new(StatusCode::OK, HeaderMap::new(), secret.to_owned().into());
    let once = call().max_attempts(1).fallback(move |_| substitute);
    seen.push_str(&format!("{:?}", once.send().await.unwrap()));
    for _ in 0..2 {
        drop(call().send_streaming().await.unwrap());
    }
    seen
}

#[tokio::test]
async fn no_secret_is_in_anything_that_a_full_run_at_trace_shows() {
    let (log, _guard) = Log::keep();
    let canary = Canary::new();
    let server = server(&canary).await;
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, canary.as_str()).unwrap();
    let labels = Arc::new(Labels::default());
    let events = Arc::new(Events::default());
    let health = HealthRegistry::new(HealthConfig::default()).unwrap();
    for credentials in credentials_of_every_kind(&canary, &path) {
        let observers = Observers::new()
            .with(Arc::new(TracingObserver::new()))
            .with(Arc::new(MetricsObserver::with_recorder(labels.clone())))
            .with(events.clone())
            .with(Arc::new(health.observer()));
        let client = builder(&server, quick())
            .secret_header("x-second-key", &canary.secret())
            .unwrap()
            .credentials(credentials)
            .observer(Arc::new(observers))
            .build()
            .unwrap();
        let before = server.count();
        canary.assert_absent(&run(&client, &canary).await);
        assert_eq!(server.count() - before, 10);
    }
    let text = log.text();
    for part in [
        "request sent",
        "answer received",
        "body ended",
        "request_id=req_1",
        "path=/pay/***/***",
        "retry scheduled",
        "paused by the server",
        "call ended",
        "http.request.resend_count=1",
        "url.full=http://127.0.0.1:",
        "error.type=\"connection_reset\"",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    canary.assert_absent(&text);
    let events = events.0.lock().unwrap();
    assert!(
        events.contains("AttemptStarted") && events.contains("Body {"),
        "{events}"
    );
    canary.assert_absent(&events);
    let labels = format!("{:?}", labels.0.lock().unwrap());
    assert!(labels.contains("integration_calls_total") && labels.contains("demo.pay"));
    assert!(labels.contains("rate_limited"), "{labels}");
    canary.assert_absent(&labels);
    let states = health.snapshot();
    assert_eq!(states.len(), 1);
    canary.assert_absent(&format!("{states:?} {health:?}"));
}
