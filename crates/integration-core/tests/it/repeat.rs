//! What may be sent twice, and what must not.

use std::time::Duration;

use integration_core::{Delivery, ErrorKind, GaveUp, http::Method};
use integration_testkit::{RefusingPort, Reply, ScriptedServer};

use crate::support::{client, quick};

#[tokio::test]
async fn a_post_without_a_key_is_one_request_on_a_timeout() {
    let server = ScriptedServer::replies([Reply::silence()]).await.unwrap();
    let call = client(&server, quick())
        .post("/")
        .attempt_timeout(Duration::from_millis(100));
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_post_without_a_key_is_one_request_on_a_reset() {
    let server = ScriptedServer::replies([Reply::reset()]).await.unwrap();
    let error = client(&server, quick())
        .post("/")
        .body("pay")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_post_with_a_key_is_retried_with_the_same_key_and_body() {
    let script = [Reply::status(503), Reply::reset(), Reply::ok("done")];
    let server = ScriptedServer::replies(script).await.unwrap();
    let call = client(&server, quick())
        .post("/pay")
        .idempotency_key("order-7")
        .body("amount=1");
    let response = call.send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    for request in server.received() {
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.path, "/pay");
        assert_eq!(request.header("idempotency-key"), "order-7");
        assert_eq!(request.body, "amount=1");
    }
}

#[tokio::test]
async fn a_call_marked_idempotent_is_retried() {
    let server = ScriptedServer::replies([Reply::status(500), Reply::ok("")])
        .await
        .unwrap();
    client(&server, quick())
        .post("/")
        .idempotent(true)
        .send()
        .await
        .unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_put_marked_as_not_idempotent_is_one_request() {
    let server = ScriptedServer::replies([Reply::status(500)]).await.unwrap();
    client(&server, quick())
        .put("/")
        .idempotent(false)
        .send()
        .await
        .unwrap_err();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn safe_and_idempotent_methods_are_retried() {
    for method in [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
    ] {
        let server = ScriptedServer::replies([Reply::status(502), Reply::ok("")])
            .await
            .unwrap();
        client(&server, quick())
            .request(method.clone(), "/")
            .send()
            .await
            .unwrap();
        assert_eq!(server.count(), 2, "{method}");
    }
}

#[tokio::test]
async fn a_patch_is_not_retried() {
    let server = ScriptedServer::replies([Reply::status(502)]).await.unwrap();
    client(&server, quick())
        .patch("/")
        .send()
        .await
        .unwrap_err();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_retried_for_a_post_without_a_key() {
    let port = RefusingPort::new().unwrap();
    let url = port.url("/pay");
    let client = integration_core::http::Client::builder()
        .policies(
            quick().with_max_attempts(20).with_backoff(
                integration_core::Backoff::exponential(
                    Duration::from_millis(50),
                    Duration::from_millis(50),
                )
                .with_jitter(integration_core::Jitter::None),
            ),
        )
        .build()
        .unwrap();
    let call = tokio::spawn(async move { client.post(&url).body("pay").send().await });
    tokio::time::sleep(Duration::from_millis(120)).await;
    let server = port.listen(|_| Reply::ok("done")).unwrap();
    let response = call.await.unwrap().unwrap();
    assert!(response.attempts() > 1);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_connection_that_stays_refused_was_not_sent() {
    let port = RefusingPort::new().unwrap();
    let client = integration_core::http::Client::builder()
        .policies(quick())
        .build()
        .unwrap();
    let error = client.post(&port.url("/pay")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.gave_up(), Some(GaveUp::AttemptsUsed));
    assert_eq!(error.attempts().len(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = ScriptedServer::replies([Reply::ok("stolen")])
        .await
        .unwrap();
    let location = other.url("/take?secret=1");
    let server = ScriptedServer::replies([Reply::status(307).header("location", &location)])
        .await
        .unwrap();
    let error = client(&server, quick())
        .post("/")
        .body("pay")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(307));
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(other.count(), 0);
}
