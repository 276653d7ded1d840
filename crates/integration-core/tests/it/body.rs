//! The body is part of the attempt.

use std::time::Duration;

use integration_core::{Delivery, ErrorKind, GaveUp, http::HttpConfig};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, client, now, quick};

#[tokio::test]
async fn the_stall_guard_ends_an_attempt_before_its_timeout() {
    let script = [Reply::ok("0123456789").stall_after(4), Reply::ok("whole")];
    let server = ScriptedServer::replies(script).await.unwrap();
    let http = HttpConfig::default().with_idle_timeout(Duration::from_millis(100));
    let client = builder(&server, quick()).http(http).build().unwrap();
    let started = now();
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert!(now() - started < Duration::from_secs(1));
}

#[tokio::test]
async fn a_stalled_body_of_a_post_is_not_sent_again() {
    let server = ScriptedServer::replies([Reply::ok("0123456789").stall_after(4)])
        .await
        .unwrap();
    let call = client(&server, quick())
        .post("/")
        .attempt_timeout(Duration::from_millis(100));
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_cut_body_is_incomplete_and_is_retried() {
    let script = [Reply::ok("0123456789").cut_after(4), Reply::ok("whole")];
    let server = ScriptedServer::replies(script).await.unwrap();
    let response = client(&server, quick()).get("/").send().await.unwrap();
    assert_eq!(response.body(), "whole");

    let server = ScriptedServer::replies([Reply::ok("0123456789").cut_after(4)])
        .await
        .unwrap();
    let error = client(&server, quick()).get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(error.gave_up(), Some(GaveUp::AttemptsUsed));
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_past_it_is_refused() {
    for chunked in [false, true] {
        let server = ScriptedServer::start(move |request| {
            let len = request.path.trim_start_matches('/').parse().unwrap();
            let reply = Reply::ok(vec![b'x'; len]);
            if chunked { reply.chunked() } else { reply }
        })
        .await
        .unwrap();
        let http = HttpConfig::default().with_body_limit(1000);
        let client = builder(&server, quick()).http(http).build().unwrap();
        let response = client.get("/1000").send().await.unwrap();
        assert_eq!(response.body().len(), 1000);

        let error = client.get("/1001").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge, "chunked: {chunked}");
        assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
        assert_eq!(error.delivery(), Delivery::Executed);
        assert_eq!(server.count(), 2);
        assert_eq!(
            client
                .get("/5")
                .body_limit(4)
                .send()
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::BodyTooLarge
        );
    }
}

#[tokio::test]
async fn an_error_keeps_the_body_and_a_wrong_shape_names_the_place_only() {
    let script = [
        Reply::status(422).body("no such currency"),
        Reply::ok(r#"{"id":"pin 4711"}"#),
    ];
    let server = ScriptedServer::replies(script).await.unwrap();
    let client = client(&server, quick());
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.provider_body().unwrap(), "no such currency");
    assert!(!format!("{error} {error:?}").contains("currency"));

    let response = client.get("/").operation("demo.get").send().await.unwrap();
    let error = response
        .json::<std::collections::HashMap<String, u32>>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .to_string()
            .starts_with("demo.get: answer is not of the expected shape")
    );
    assert!(!format!("{error} {error:?}").contains("4711"));
}
