//! What goes wrong on demand.

use std::time::Duration;

use http::Method;
use integration_core::{ErrorKind, http::Client};
use integration_testkit::stripe::StripeFault;

use super::Api;

#[tokio::test]
async fn refusals_by_limits_say_which() {
    let api = Api::start().await;
    api.fake.inject([
        StripeFault::Throttle,
        StripeFault::LockTimeout,
        StripeFault::Conflict,
    ]);
    let url = format!("{}/v1/customers", api.fake.url());
    let client = Client::builder().build().unwrap();
    for (status, code, reason) in [
        (429, "rate_limit", "global-rate"),
        (429, "lock_timeout", ""),
        (409, "lock_timeout", ""),
    ] {
        let answer = client
            .post(&url)
            .max_attempts(1)
            .any_status()
            .send()
            .await
            .unwrap();
        let header = answer.headers().get("stripe-rate-limited-reason");
        let header = header.map_or("", |value| value.to_str().unwrap());
        assert_eq!((answer.status().as_u16(), header), (status, reason));
        assert!(String::from_utf8_lossy(answer.body()).contains(code));
    }
    assert!(api.fake.objects("customer").is_empty());
}

#[tokio::test]
async fn a_key_is_in_use_while_its_request_is_under_way() {
    let api = Api::start().await.with("idempotency-key", "order-7");
    let delay = Duration::from_millis(400);
    api.fake.inject([StripeFault::Slow(delay)]);
    let first = api.call(Method::POST, "/v1/customers", "name=x");
    let second = async {
        api.fake.server().wait_for(1).await;
        api.refused("/v1/customers", "name=x").await
    };
    let ((status, first), second) = tokio::join!(first, second);
    assert_eq!(second, (409, "idempotency_key_in_use".to_owned()));
    assert_eq!(status, 200);
    // Then it is what the first one was answered.
    assert_eq!(api.post("/v1/customers", "name=x").await, first);
    assert_eq!(api.fake.objects("customer").len(), 1);
}

#[tokio::test]
async fn silence_is_before_or_after_the_work() {
    for (fault, made) in [
        (StripeFault::SilenceBefore, 0),
        (StripeFault::SilenceAfter, 1),
    ] {
        let api = Api::start().await;
        api.fake.inject([fault]);
        let url = format!("{}/v1/customers", api.fake.url());
        let client = Client::builder().build().unwrap();
        let call = client.post(&url).bearer(&"sk_test_1".to_owned().into());
        let error = call
            .attempt_timeout(Duration::from_millis(200))
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
        assert_eq!(api.fake.objects("customer").len(), made);
    }
}
