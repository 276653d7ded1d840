//! What the server says about when to come back is obeyed, for every caller of the key.

use std::time::Duration;

use integration_core::{Clock, ErrorKind, GaveUp, SystemClock};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick};

#[tokio::test]
async fn a_hint_in_milliseconds_is_obeyed_before_one_in_seconds() {
    let throttled = Reply::status(429)
        .header("retry-after", "3600")
        .header("retry-after-ms", "150");
    let server = ScriptedServer::replies([throttled, Reply::ok("")])
        .await
        .unwrap();
    client(&server, quick()).get("/").send().await.unwrap();
    let received = server.received();
    assert!(received[1].at - received[0].at >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_hint_that_is_a_date_is_never_early() {
    let at = std::time::UNIX_EPOCH + SystemClock.unix() + Duration::from_secs(2);
    let throttled = Reply::status(429)
        .header("date", &httpdate(at - Duration::from_secs(2)))
        .header("retry-after", &httpdate(at - Duration::from_secs(1)));
    let server = ScriptedServer::replies([throttled, Reply::ok("")])
        .await
        .unwrap();
    client(&server, quick()).get("/").send().await.unwrap();
    let received = server.received();
    assert!(received[1].at - received[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_pause_of_one_key_does_not_pause_another() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/a" => Reply::status(429).header("retry-after", "3600"),
        _ => Reply::ok("done"),
    })
    .await
    .unwrap();
    let client = client(&server, quick());
    client.get("/a").key("tenant-a").send().await.unwrap_err();
    client.get("/b").key("tenant-b").send().await.unwrap();
}

#[tokio::test]
async fn a_hint_beyond_the_deadline_fails_at_once() {
    let server = ScriptedServer::replies([Reply::status(429).header("retry-after", "10")])
        .await
        .unwrap();
    let started = now();
    let error = client(&server, quick()).get("/").send().await.unwrap_err();
    assert_eq!(error.gave_up(), Some(GaveUp::DeadlineTooClose));
    assert_eq!(server.count(), 1);
    assert!(now() - started < Duration::from_secs(1));
}

#[tokio::test]
async fn other_callers_wait_for_the_end_of_a_short_pause() {
    let throttled = Reply::status(429).header("retry-after-ms", "300");
    let server = ScriptedServer::replies([throttled, Reply::ok("")])
        .await
        .unwrap();
    let client = client(&server, quick());
    client.get("/").max_attempts(1).send().await.unwrap_err();
    client.get("/").send().await.unwrap();
    let received = server.received();
    assert!(received[1].at - received[0].at >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_pause_beyond_the_cap_is_not_waited_for_within_the_deadline() {
    let throttled = Reply::status(429).header("retry-after", "3");
    let server = ScriptedServer::replies([throttled]).await.unwrap();
    let client = client(&server, quick().with_hint_cap(Duration::from_secs(2)));
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.gave_up(), Some(GaveUp::HintTooLong));
    let other = client.get("/").send().await.unwrap_err();
    assert_eq!(
        (other.kind(), other.gave_up()),
        (ErrorKind::Paused, Some(GaveUp::HintTooLong))
    );
    assert_eq!(server.count(), 1);
}

fn httpdate(at: std::time::SystemTime) -> String {
    ::httpdate::fmt_http_date(at)
}
