//! No call outlives its deadline, and none sleeps towards it in vain.

use std::time::Duration;

use integration_core::{
    Backoff, Delivery, ErrorKind, GaveUp, Jitter,
    http::{
        AttemptRequest, Client, DeadlineHeader, HttpConfig, RawBody, RawResponse, Transport,
        TransportError,
    },
    observer::Happening,
};
use integration_testkit::{Recorder, Reply, ScriptedServer};

use crate::support::{builder, client, now, quick, recorded};

#[tokio::test]
async fn an_attempt_gets_no_more_than_what_remains() {
    let server = ScriptedServer::replies([Reply::silence()]).await.unwrap();
    let started = now();
    let call = client(&server, quick())
        .get("/")
        .deadline(Duration::from_millis(200));
    let error = call.send().await.unwrap_err();
    let elapsed = now() - started;
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert!(elapsed >= Duration::from_millis(200), "{elapsed:?}");
    assert!(elapsed <= Duration::from_millis(250), "{elapsed:?}");
    assert!(error.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_retry_that_would_sleep_past_the_deadline_is_not_scheduled() {
    let slow = Backoff::exponential(Duration::from_secs(10), Duration::from_secs(10));
    let policies = quick().with_backoff(slow.with_jitter(Jitter::None));
    let server = ScriptedServer::replies([Reply::status(500)]).await.unwrap();
    let started = now();
    let error = client(&server, policies).get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(error.gave_up(), Some(GaveUp::DeadlineTooClose));
    assert!(now() - started < Duration::from_secs(1));
}

#[tokio::test]
async fn a_dropped_call_frees_its_place() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/hang" => Reply::silence(),
        _ => Reply::ok("done"),
    })
    .await
    .unwrap();
    let bulkhead = integration_core::bulkhead::BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(1);
    let (client, events) = recorded(&server, quick().with_bulkhead(bulkhead));
    let hanging = tokio::spawn(client.get("/hang").send());
    server.wait_for(1).await;

    let queued = tokio::spawn(client.get("/queued").send());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let refused = client.get("/refused").send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::BulkheadFull);
    assert_eq!(refused.delivery(), Delivery::NotSent);

    hanging.abort();
    queued.await.unwrap().unwrap();
    client.get("/after").send().await.unwrap();
    assert!(
        events
            .happenings()
            .contains(&Happening::CallDropped { attempts: 1 })
    );
}

#[tokio::test]
async fn a_call_begins_when_it_is_first_polled() {
    let server = ScriptedServer::replies([Reply::ok("done")]).await.unwrap();
    let call = client(&server, quick())
        .get("/")
        .deadline(Duration::from_millis(100))
        .send();
    tokio::time::sleep(Duration::from_millis(150)).await;
    call.await.unwrap();
}

#[tokio::test]
async fn the_server_is_told_how_long_an_attempt_will_be_waited_for() {
    let server = ScriptedServer::replies([Reply::status(503), Reply::ok("done")])
        .await
        .unwrap();
    let header = DeadlineHeader::millis("x-time-left".parse().unwrap());
    let client = builder(&server, quick())
        .http(HttpConfig::default().with_deadline_header(header))
        .build()
        .unwrap();
    let call = client.get("/").deadline(Duration::from_millis(900));
    call.send().await.unwrap();
    let left: Vec<u64> = server
        .received()
        .iter()
        .map(|request| request.header("x-time-left").parse().unwrap())
        .collect();
    assert!(left[0] <= 900 && left[0] > 0, "{left:?}");
    assert!(left[1] < left[0], "{left:?}");
}

#[tokio::test]
async fn a_call_inside_an_attempt_of_another_is_told_once() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let (inner, events) = recorded(&server, quick());
    inner.get("/").send().await.unwrap();
    let nested = |events: &Recorder| {
        let all = events.happenings();
        all.iter()
            .filter(|what| **what == Happening::Nested)
            .count()
    };
    assert_eq!(nested(&events), 0, "a call by itself is not nested");

    struct Through(Client);
    impl Transport for Through {
        async fn send(&self, _: &AttemptRequest) -> Result<RawResponse, TransportError> {
            let answer = self.0.get("/").send().await.unwrap();
            let body = RawBody::Full(answer.body().clone());
            Ok(RawResponse::new(
                answer.status(),
                answer.headers().clone(),
                body,
            ))
        }
    }
    let outer = builder(&server, quick())
        .transport(Through(inner.clone()))
        .build()
        .unwrap();
    for _ in 0..3 {
        outer.get("/").send().await.unwrap();
    }
    assert_eq!(nested(&events), 1);
}
