//! Each mock stands where its trait is asked for.

use std::{sync::Arc, time::Duration};

use integration_core::{
    Backoff, Clock, ErrorKind, SystemClock,
    classify::{Call, Describe, Verdict},
    credentials::{CachedToken, Credentials, Token, TokenConfig},
    health::{HealthConfig, HealthRegistry, HealthStatus},
    http::{Answer, Client, TransportError},
    quota::QuotaReport,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    shared_store::{Demands, Grant, Payment, SharedStore, Verdict as SharedVerdict},
};
use integration_testkit::mocks::{
    MockClassify, MockClock, MockDescribe, MockHealthCheck, MockObserver, MockQuotaParser, MockRng,
    MockSharedStore, MockTokenSource, MockTransport, answer, failure,
};
use mockall::predicate::eq;

fn transport(status: u16) -> MockTransport {
    let mut transport = MockTransport::new();
    transport
        .expect_send()
        .returning(move |_| answer(status, "hi"));
    transport
}

#[tokio::test(start_paused = true)]
async fn every_seam_of_a_client_takes_a_mock() {
    let mut classify = MockClassify::<Answer, TransportError>::new();
    classify
        .expect_classify()
        .times(1)
        .returning(|_, outcome| match outcome {
            Ok(_) => Verdict::success(),
            Err(error) => Verdict::failure(error.kind()),
        });
    let mut quotas = MockQuotaParser::new();
    let says_nothing = |_: &_, _| QuotaReport::default();
    quotas.expect_parse().times(1).returning(says_nothing);
    let mut observer = MockObserver::new();
    observer.expect_on_event().times(1..).return_const(());
    observer.expect_on_exchange().times(2).return_const(());
    let mut tokens = MockTokenSource::new();
    let token = |_| Box::pin(async { Ok(Token::new("t")) }) as _;
    tokens.expect_token().times(1).returning(token);
    let token = CachedToken::new(tokens, TokenConfig::default()).unwrap();
    let mut clock = MockClock::new();
    clock.expect_now().returning(|| SystemClock.now());
    clock.expect_unix().return_const(Duration::ZERO);
    let client = Client::standard("http://127.0.0.1")
        .unwrap()
        .transport(transport(200))
        .classify(classify)
        .quotas(quotas)
        .observer(Arc::new(observer))
        .credentials(Credentials::token(token))
        .clock(Arc::new(clock))
        .build()
        .unwrap();
    assert_eq!(client.get("/").send().await.unwrap().body(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_one_of_its_kind() {
    let error = failure(ErrorKind::Dns).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns);
    assert_eq!(answer(42, "").await.unwrap().status, 500);
}

#[test]
fn a_mocked_description_is_given_through_the_trait() {
    let mut mock = MockDescribe::<u32>::new();
    mock.expect_describe()
        .with(eq(7))
        .times(1)
        .returning(|_| Call::new("demo.get", "key"));
    let describe: &dyn Describe<u32> = &mock;
    assert_eq!(describe.describe(&7).operation, "demo.get");
}

#[test]
fn a_mocked_chance_decides_the_jitter() {
    let mut rng = MockRng::new();
    rng.expect_fraction().return_const(0.0);
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let backoff = Backoff::exponential(second, minute);
    assert_eq!(backoff.delay(5, second, &rng), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_mocked_check_takes_a_service_down() {
    let mut check = MockHealthCheck::new();
    let down = || {
        let error = integration_core::Error::new(ErrorKind::Unavailable, "demo.check");
        Box::pin(async { Err(error) }) as _
    };
    check.expect_check().times(1..).returning(down);
    let registry = HealthRegistry::new(HealthConfig::default()).unwrap();
    registry.register("demo", check).unwrap();
    for _ in 0..10 {
        registry.run_checks().await;
    }
    assert_eq!(registry.overall(), HealthStatus::Down);
}

#[tokio::test]
async fn a_mocked_store_answers_through_the_trait() {
    let grant = Grant {
        verdict: SharedVerdict::Paused(Duration::from_secs(3)),
        age: Duration::MAX,
    };
    let mut mock = MockSharedStore::new();
    let granted = move |_: &_, _: &_, _| Box::pin(async move { Ok(grant) }) as _;
    mock.expect_admit().times(2).returning(granted);
    let done = |_: &_, _| Box::pin(async { Ok(()) }) as _;
    mock.expect_pause().times(1).returning(done);
    let paid = |_: &_, _: &_, _, _| Box::pin(async { Ok(Payment::Paid) }) as _;
    mock.expect_withdraw().times(1).returning(paid);
    let store: &dyn SharedStore = &mock;
    let demands = Demands::one(Quota::per_second(1)).unwrap();
    assert_eq!(
        store.admit("k", &demands, Duration::ZERO).await.unwrap(),
        grant
    );
    store.pause("k", Duration::ZERO).await.unwrap();
    let budget = RetryBudgetConfig::default();
    assert_eq!(
        store.withdraw("k", &budget, 1, 1).await.unwrap(),
        Payment::Paid
    );
    let left = store.paused("k").await.unwrap();
    assert_eq!(left, Some(Duration::from_secs(3)));
}
