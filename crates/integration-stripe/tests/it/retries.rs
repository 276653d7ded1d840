//! What is sent again, and under which key.

use std::{collections::HashSet, time::Duration};

use integration_core::GaveUp;
use integration_stripe::{Error, Node, Params, Result, op::Verb};
use integration_testkit::{Received, Reply, ScriptedServer};

use crate::support::{config, quick};

const CALLS: [(Verb, &str); 5] = [
    (Verb::Get, "/v1/charges"),
    (Verb::Post, "/v1/charges"),
    (Verb::Delete, "/v1/customers/cus_1"),
    (Verb::Post, "/v2/core/accounts"),
    (Verb::Delete, "/v2/core/accounts/acct_1"),
];

fn needs_key(verb: Verb, path: &str) -> bool {
    verb == Verb::Post || (verb == Verb::Delete && path.starts_with("/v2/"))
}

/// Every write has a key of at most 255 bytes, and it is the same each time; nothing else has one.
fn assert_one_key(received: &[Received], verb: Verb, path: &str) {
    let keys: HashSet<&str> = received
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(keys.len(), 1, "{verb:?} {path}");
    let key = keys.into_iter().next().unwrap();
    assert_eq!(
        !key.is_empty(),
        needs_key(verb, path),
        "{verb:?} {path} {key}"
    );
}

async fn fails(server: &ScriptedServer, verb: Verb, path: &str, attempts: u32) -> Error {
    let call = quick(config(server)).raw::<Node>(verb, path, Params::new());
    let result: Result<Node> = call
        .max_attempts(attempts)
        .attempt_timeout(Duration::from_millis(300))
        .send()
        .await;
    result.unwrap_err()
}

#[tokio::test]
async fn statuses_are_repeated_as_stripe_says_and_the_key_never_changes() {
    for (status, alone) in [
        (400, false),
        (401, false),
        (402, false),
        (403, false),
        (404, false),
        (409, true),
        (424, false),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
    ] {
        for (header, is_repeated) in [(None, alone), (Some("true"), true), (Some("false"), false)] {
            for (verb, path) in CALLS {
                for attempts in 1..=3 {
                    let mut reply = Reply::status(status).body(r#"{"error":{}}"#);
                    if let Some(word) = header {
                        reply = reply.header("stripe-should-retry", word);
                    }
                    let server = ScriptedServer::replies([reply]).await.unwrap();
                    let error = fails(&server, verb, path, attempts).await;
                    let case = format!("{status} {header:?} {verb:?} {path} {attempts}: {error}");
                    let expected = if is_repeated { attempts } else { 1 };
                    assert_eq!(server.count(), usize::try_from(expected).unwrap(), "{case}");
                    assert_one_key(&server.received(), verb, path);
                    if !is_repeated {
                        assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable), "{case}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn broken_connections_and_silence_are_repeated_under_one_key() {
    let whole = r#"{"id":"ch_1"}"#;
    for fault in [
        Reply::reset(),
        Reply::close(),
        Reply::silence(),
        Reply::ok(whole).cut_after(4),
        Reply::ok(whole).reset_after(4),
        Reply::ok(whole).stall_after(4),
    ] {
        for (verb, path) in CALLS {
            let server = ScriptedServer::replies([fault.clone(), fault.clone(), Reply::ok(whole)])
                .await
                .unwrap();
            let call = quick(config(&server)).raw::<Node>(verb, path, Params::new());
            let answer = call
                .attempt_timeout(Duration::from_millis(100))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.to_string(), whole);
            assert_eq!(server.count(), 3, "{fault:?} {verb:?}");
            assert_one_key(&server.received(), verb, path);
        }
    }
}

#[tokio::test]
async fn the_key_of_the_caller_wins_on_every_attempt() {
    let server = ScriptedServer::replies([Reply::status(500), Reply::ok("{}")])
        .await
        .unwrap();
    let call = quick(config(&server)).raw::<Node>(Verb::Post, "/v1/charges", Params::new());
    call.idempotency_key("order-7").send().await.unwrap();
    for request in server.received() {
        assert_eq!(request.header("idempotency-key"), "order-7");
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn two_calls_have_two_keys() {
    let server = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let client = quick(config(&server));
    for _ in 0..2 {
        let call = client.raw::<Node>(Verb::Post, "/v1/charges", Params::new());
        call.send().await.unwrap();
    }
    let received = server.received();
    assert_ne!(
        received[0].header("idempotency-key"),
        received[1].header("idempotency-key")
    );
}

#[tokio::test]
async fn a_key_that_is_empty_or_too_long_is_refused_before_it_is_sent() {
    let server = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let client = quick(config(&server));
    for (len, is_taken) in [(0, false), (1, true), (255, true), (256, false)] {
        let call = client.raw::<Node>(Verb::Post, "/v1/charges", Params::new());
        let sent = call.idempotency_key("k".repeat(len)).send().await;
        assert_eq!(sent.is_ok(), is_taken, "{len}");
    }
    assert_eq!(server.count(), 2);
}
