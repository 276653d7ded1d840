//! Attempts at once are as many as the service bears.

use std::time::Duration;

use integration_core::{
    ErrorKind,
    adaptive::{Adaptive, AdaptiveLimitConfig},
    classify::{Call, Classify, Describe, Verdict},
    resilience::ResilienceLayer,
};
use integration_testkit::{Reply, ScriptedServer};
use tokio::time::sleep;
use tower::{Layer, ServiceExt};

use crate::support::{client, now, quick};

#[tokio::test]
async fn an_attempt_waits_for_a_place_and_is_refused_when_the_queue_is_full() {
    let server = ScriptedServer::start(|_| Reply::ok("done").delay(Duration::from_millis(100)))
        .await
        .unwrap();
    let adaptive = AdaptiveLimitConfig::default()
        .with_algorithm(Adaptive::aimd())
        .with_min(1)
        .with_initial(1)
        .with_max(1)
        .with_max_queue(1);
    let client = client(&server, quick().with_adaptive(adaptive));
    let first = tokio::spawn(client.get("/").send());
    server.wait_for(1).await;
    let second = tokio::spawn(client.get("/").send());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let refused = client.get("/").send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::BulkheadFull);
    assert_eq!(server.count(), 1, "one at a time");
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(server.count(), 2);
}

/// Fails every call it is told to.
#[derive(Clone)]
struct Verdicts;

impl Describe<bool> for Verdicts {
    fn describe<'a>(&self, _fails: &'a bool) -> Call<'a> {
        Call::new("demo.call", "demo")
    }
}

impl Classify<bool, std::io::Error> for Verdicts {
    fn classify(&self, _: &Call<'_>, outcome: Result<&bool, &std::io::Error>) -> Verdict {
        if *outcome.unwrap() {
            Verdict::failure(ErrorKind::Unavailable)
        } else {
            Verdict::success()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_turns_calls_away_gets_fewer_at_once() {
    let inner = tower::service_fn(|fails: bool| async move {
        sleep(Duration::from_millis(20)).await;
        Ok::<_, std::io::Error>(fails)
    });
    let adaptive = AdaptiveLimitConfig::default()
        .with_algorithm(Adaptive::aimd())
        .with_min(1)
        .with_initial(16);
    let policies = quick()
        .with_circuit_breaker(None)
        .with_max_attempts(1)
        .with_adaptive(adaptive);
    let service = ResilienceLayer::new(policies, Verdicts)
        .unwrap()
        .layer(inner);
    let flood = async |fails: bool| {
        let started = now();
        let calls = (0..16).map(|_| tokio::spawn(service.clone().oneshot(fails)));
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
        now() - started
    };
    let at_first = flood(false).await;
    for _ in 0..20 {
        flood(true).await;
    }
    let after = flood(false).await;
    assert!(at_first < Duration::from_millis(30), "{at_first:?}");
    assert!(after > 3 * at_first, "{at_first:?} and then {after:?}");
}

#[tokio::test]
async fn a_dropped_attempt_gives_its_place_back() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/hang" => Reply::silence(),
        _ => Reply::ok("done"),
    })
    .await
    .unwrap();
    let adaptive = AdaptiveLimitConfig::default()
        .with_min(1)
        .with_initial(1)
        .with_max(1);
    let client = client(&server, quick().with_adaptive(adaptive));
    let hanging = tokio::spawn(client.get("/hang").send());
    server.wait_for(1).await;
    let waiting = tokio::spawn(client.get("/").send());
    tokio::time::sleep(Duration::from_millis(20)).await;
    waiting.abort();
    hanging.abort();
    client.get("/").send().await.unwrap();
}
