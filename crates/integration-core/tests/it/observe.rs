//! A full run with every observer on: what it shows, and that no secret is in it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::{
    health::{HealthConfig, HealthRegistry, HealthStatus},
    http::{AttemptRequest, HttpConfig, RawResponse, ReqwestTransport, Transport, TransportError},
    observe::{
        Exchange, MetricsObserver, Observers, Passing, Target, TracingObserver,
        spans::{self, Request},
    },
    observer::Observer,
};
use integration_testkit::{Canary, Reply, ScriptedServer};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::support::{Log, builder, now, quick};

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

/// Tells an observer of all that passes, inside the span of the attempt.
struct Told {
    inner: ReqwestTransport,
    observer: Arc<dyn Observer>,
}

impl Transport for Told {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let (method, url) = (request.method.as_str(), request.url.as_str());
        let tell = |what| {
            let target = Target::new(url);
            self.observer
                .on_exchange(&Exchange::new("demo.pay", "demo", method, target, what));
        };
        let named = Request::new("demo.pay", "demo", method, url);
        let call = spans::call_span(&named);
        let attempt = spans::attempt_span(&call, &named, 2, 1);
        let bytes = request.body.length();
        let sent = now();
        tell(Passing::Request { bytes });
        let sending = self.inner.send(request);
        let result = spans::traced(attempt, sending, |span, result| match result {
            Ok(answer) => spans::end_attempt(span, Some(answer.status.as_u16()), None),
            Err(error) => spans::end_attempt(span, None, Some(error.kind())),
        })
        .await;
        let elapsed = now() - sent;
        match &result {
            Ok(answer) => tell(Passing::Answer {
                status: answer.status.as_u16(),
                elapsed,
                bytes: None,
                request_id: answer
                    .headers
                    .get("x-request-id")
                    .and_then(|id| id.to_str().ok()),
            }),
            Err(error) => tell(Passing::Failure {
                kind: error.kind(),
                elapsed,
            }),
        }
        result
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is one run")]
async fn no_secret_is_in_any_line_span_or_label_of_a_full_run_at_trace() {
    let (log, _guard) = Log::keep();
    let canary = Canary::new();
    let secret = canary.as_str().to_owned();
    let server = ScriptedServer::start(move |request| match request.number {
        0 => Reply::status(429)
            .header("retry-after", "1")
            .body(secret.clone()),
        1 => Reply::status(500).body(secret.clone()),
        2 => Reply::reset(),
        3 => Reply::status(400).body(secret.clone()),
        4 => Reply::status(302).header("location", &format!("http://u:{secret}@h/p?k={secret}")),
        _ => Reply::ok(secret.clone())
            .header("x-token", &secret)
            .header("x-request-id", "req_1"),
    })
    .await
    .unwrap();
    let labels = Arc::new(Labels::default());
    let health = HealthRegistry::new(HealthConfig::default()).unwrap();
    let observers = Observers::new()
        .with(Arc::new(TracingObserver::new()))
        .with(Arc::new(MetricsObserver::with_recorder(labels.clone())))
        .with(Arc::new(health.observer()));
    let observers: Arc<dyn Observer> = Arc::new(observers);
    let told = Told {
        inner: ReqwestTransport::new(HttpConfig::default()),
        observer: observers.clone(),
    };
    let client = builder(&server, quick())
        .secret_header("x-api-key", &canary.secret())
        .unwrap()
        .observer(observers)
        .transport(told)
        .build()
        .unwrap();
    for _ in 0..4 {
        let secret = canary.as_str();
        let target = format!("/pay/{secret}/{secret}@example.com?key={secret}");
        let call = client
            .post(&target)
            .operation("demo.pay")
            .bearer(&canary.secret())
            .header("x-other", secret)
            .idempotency_key(secret)
            .attempt_timeout(Duration::from_secs(1))
            .body(secret.to_owned());
        drop(call.send().await);
    }
    let text = log.text();
    for part in [
        "request sent",
        "answer received",
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
    let labels = format!("{:?}", labels.0.lock().unwrap());
    assert!(labels.contains("integration_calls_total") && labels.contains("demo.pay"));
    assert!(labels.contains("rate_limited"), "{labels}");
    canary.assert_absent(&labels);
    let states = health.snapshot();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].status, HealthStatus::Degraded, "{states:?}");
    canary.assert_absent(&format!("{states:?} {health:?}"));
}
