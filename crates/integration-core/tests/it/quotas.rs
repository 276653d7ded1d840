//! What servers say about quotas and retries is obeyed.

use std::time::Duration;

use integration_core::{ErrorKind, GaveUp, quota::Preset, rate_limit::Quota};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, client, now, quick};

#[tokio::test]
async fn what_is_used_up_is_not_asked_for_before_the_reset() {
    let used_up = Reply::ok("last")
        .header("x-ratelimit-limit", "100")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "1");
    let server = ScriptedServer::replies([used_up, Reply::ok("first")])
        .await
        .unwrap();
    let client = builder(&server, quick())
        .quotas(Preset::Standard)
        .build()
        .unwrap();
    client.get("/").send().await.unwrap();
    let started = now();
    client.get("/").send().await.unwrap();
    let waited = now() - started;
    assert!(waited >= Duration::from_millis(990), "{waited:?}");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn without_a_parser_nothing_is_read() {
    let used_up = Reply::ok("last")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "60");
    let server = ScriptedServer::replies([used_up]).await.unwrap();
    let client = client(&server, quick());
    for _ in 0..2 {
        client.get("/").send().await.unwrap();
    }
}

#[tokio::test]
async fn a_retry_after_beside_a_success_holds_nobody_up() {
    let accepted = Reply::status(202).header("retry-after", "60");
    let server = ScriptedServer::replies([accepted]).await.unwrap();
    let client = builder(&server, quick())
        .quotas(Preset::Standard)
        .build()
        .unwrap();
    for _ in 0..2 {
        client.get("/").send().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_says_no_is_not_asked_again() {
    let no = Reply::status(503).header("stripe-should-retry", "false");
    let server = ScriptedServer::replies([no]).await.unwrap();
    let error = client(&server, quick()).get("/").send().await.unwrap_err();
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_server_that_says_yes_is_asked_again_if_that_does_no_harm() {
    let yes = || Reply::status(409).header("x-should-retry", "true");
    let server = ScriptedServer::replies([yes(), Reply::ok("done")])
        .await
        .unwrap();
    let call = client(&server, quick())
        .post("/")
        .idempotency_key("order-7");
    assert_eq!(call.send().await.unwrap().attempts(), 2);

    let server = ScriptedServer::replies([yes()]).await.unwrap();
    let error = client(&server, quick()).post("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn all_quotas_of_a_key_hold_at_once() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let limits = [
        Quota::per_second(100),
        Quota::new(3, Duration::from_millis(500)),
    ];
    let policies =
        quick().with_rate_limit(integration_core::rate_limit::RateLimitConfig::from(limits));
    let client = client(&server, policies);
    let started = now();
    for _ in 0..4 {
        client.get("/").send().await.unwrap();
    }
    let waited = now() - started;
    assert!(waited >= Duration::from_millis(160), "{waited:?}");
}
