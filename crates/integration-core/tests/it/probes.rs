//! The rows of the probe table by which clients are compared: what a basic API client must get
//! right. Each test names its row.

use std::time::Duration;

use integration_core::{
    Delivery, ErrorKind, GaveUp, Retriability, circuit_breaker::CircuitState, observer::Happening,
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick, recorded};

/// Row: 503 + Retry-After: 1 (wait >= 1 s each).
#[tokio::test]
async fn a_hint_of_one_second_waits_at_least_one_second() {
    let throttled = Reply::status(503).header("retry-after", "1");
    let script = [throttled.clone(), throttled, Reply::ok("done")];
    let server = ScriptedServer::replies(script).await.unwrap();
    let response = client(&server, quick()).get("/").send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    for pair in server.received().windows(2) {
        let waited = pair[1].at - pair[0].at;
        let right = Duration::from_secs(1)..Duration::from_millis(1_500);
        assert!(right.contains(&waited), "came back after {waited:?}");
    }
}

/// Row: 429 + Retry-After: 3600 (1 request, fail at once).
#[tokio::test]
async fn a_hint_beyond_the_cap_is_one_request_and_pauses_the_other_callers() {
    let throttled = Reply::status(429).header("retry-after", "3600");
    let server = ScriptedServer::replies([throttled]).await.unwrap();
    let (client, events) = recorded(&server, quick());
    let started = now();

    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.gave_up(), Some(GaveUp::HintTooLong));
    assert_eq!(
        error.retriability(),
        Retriability::After(Duration::from_secs(3600))
    );
    assert_eq!(error.status(), Some(429));

    let other = client.get("/other").send().await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Paused);
    assert_eq!(other.gave_up(), Some(GaveUp::DeadlineTooClose));
    assert!(other.retry_after().unwrap() > Duration::from_secs(3590));
    assert!(other.attempts().is_empty());

    assert_eq!(server.count(), 1);
    assert!(now() - started < Duration::from_secs(1));
    assert!(events.happenings().contains(&Happening::Paused {
        wait: Duration::from_secs(3600)
    }));
}

/// Row: POST, 503, no key (1 request).
#[tokio::test]
async fn a_post_without_a_key_is_one_request_on_a_503() {
    let server = ScriptedServer::replies([Reply::status(503)]).await.unwrap();
    let error = client(&server, quick())
        .post("/")
        .body("pay")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(server.count(), 1);
}

/// Row: 200, then the body stalls (fail at the attempt timeout, retry).
#[tokio::test]
async fn a_stalled_body_is_a_failed_attempt_and_is_retried() {
    let script = [Reply::ok("0123456789").stall_after(4), Reply::ok("whole")];
    let server = ScriptedServer::replies(script).await.unwrap();
    let call = client(&server, quick())
        .get("/")
        .attempt_timeout(Duration::from_millis(150));
    let response = call.send().await.unwrap();
    assert_eq!(response.body(), "whole");
    assert_eq!(response.attempts(), 2);
}

/// Row: 200, then the body stalls (end by the total).
#[tokio::test]
async fn a_body_that_always_stalls_ends_by_the_deadline() {
    let server = ScriptedServer::replies([Reply::ok("0123456789").stall_after(0)])
        .await
        .unwrap();
    let deadline = Duration::from_millis(600);
    let call = client(&server, quick())
        .get("/")
        .deadline(deadline)
        .max_attempts(50);
    let started = now();
    let error = call
        .attempt_timeout(Duration::from_millis(250))
        .send()
        .await
        .unwrap_err();
    let elapsed = now() - started;
    assert!(
        elapsed <= deadline + Duration::from_millis(50),
        "took {elapsed:?}"
    );
    assert!(server.count() >= 2, "{} requests", server.count());
    assert!(matches!(
        error.kind(),
        ErrorKind::DeadlineExceeded | ErrorKind::AttemptTimeout
    ));
}

/// Row: outage, 300 logical GETs (with the breaker).
#[tokio::test]
async fn three_hundred_calls_into_an_outage_are_at_most_thirty_requests() {
    let server = ScriptedServer::replies([Reply::status(503)]).await.unwrap();
    let (client, events) = recorded(&server, quick());
    let mut open = 0;
    for _ in 0..300 {
        let error = client.get("/").send().await.unwrap_err();
        open += usize::from(error.kind() == ErrorKind::CircuitOpen);
    }
    assert!(server.count() <= 30, "{} requests", server.count());
    assert!(open >= 270, "{open} refused");
    let opened = Happening::CircuitChanged {
        to: CircuitState::Open,
    };
    assert!(events.happenings().contains(&opened));
}

/// Row: outage, 300 logical GETs (without the breaker).
#[tokio::test]
async fn without_a_breaker_the_budget_bounds_an_outage() {
    let server = ScriptedServer::replies([Reply::status(503)]).await.unwrap();
    let client = client(&server, quick().with_circuit_breaker(None));
    let mut empty = 0;
    for _ in 0..300 {
        let error = client.get("/").send().await.unwrap_err();
        empty += usize::from(error.gave_up() == Some(GaveUp::BudgetEmpty));
    }
    assert!(server.count() <= 360, "{} requests", server.count());
    assert!(empty > 200, "{empty} found the budget empty");
}
