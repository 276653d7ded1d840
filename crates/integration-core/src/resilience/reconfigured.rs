//! What stays and what changes when the configuration is replaced while calls run.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use super::{Config, ResilienceLayer};
use crate::{
    adaptive::AdaptiveLimitConfig,
    backoff::{Backoff, Jitter},
    bulkhead::BulkheadConfig,
    circuit_breaker::{CircuitBreakerConfig, CircuitMode, CircuitState},
    classify::{Call, Classify, Describe, Repeat, Verdict},
    clock::{Clock, SystemClock},
    error::{ErrorKind, GaveUp, Result},
    hedge::HedgeConfig,
    keyed::KeyedConfig,
    rate_limit::{Quota, RateLimitConfig},
    retry_budget::RetryBudgetConfig,
};

const SECOND: Duration = Duration::from_secs(1);

/// The request is the code of the answer, which takes as many milliseconds.
struct Codes;

impl Describe<u16> for Codes {
    fn describe<'a>(&self, _code: &'a u16) -> Call<'a> {
        Call::new("demo.call", "demo").with_repeat(Repeat::Harmless)
    }
}

impl Classify<u16, Infallible> for Codes {
    fn classify(&self, _call: &Call<'_>, outcome: Result<&u16, &Infallible>) -> Verdict {
        let kind = ErrorKind::from_status(*outcome.unwrap());
        kind.map_or(Verdict::success(), Verdict::failure)
    }
}

fn config() -> Config {
    let steady = Backoff::exponential(SECOND, SECOND).with_jitter(Jitter::None);
    Config::default().with_backoff(steady)
}

fn layer(config: Config) -> ResilienceLayer<Codes> {
    ResilienceLayer::new(config, Codes).unwrap()
}

/// A call whose attempts are counted.
fn call(
    layer: &ResilienceLayer<Codes>,
    code: u16,
) -> (
    impl Future<Output = Result<u16>> + Send + 'static,
    Arc<AtomicU32>,
) {
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let inner = tower::service_fn(move |code: u16| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            sleep(Duration::from_millis(code.into())).await;
            Ok::<_, Infallible>(code)
        }
    });
    (layer.layer(inner).oneshot(code), attempts)
}

fn now() -> Instant {
    SystemClock.now()
}

#[tokio::test(start_paused = true)]
async fn a_call_under_way_keeps_its_attempts_and_the_next_has_the_new_ones() {
    let layer = layer(config());
    let (running, of_running) = call(&layer, 503);
    let running = tokio::spawn(running);
    sleep(SECOND).await;
    assert_eq!(of_running.load(Ordering::Relaxed), 1);

    layer.reconfigure(config().with_max_attempts(1)).unwrap();
    let (next, of_next) = call(&layer, 503);
    assert_eq!(next.await.unwrap(), 503);
    assert_eq!(running.await.unwrap().unwrap(), 503);
    assert_eq!(of_running.load(Ordering::Relaxed), 3);
    assert_eq!(of_next.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_call_is_that_of_its_beginning() {
    let layer = layer(config().with_timeouts(SECOND, SECOND));
    let (running, _) = call(&layer, 2_000);
    let running = tokio::spawn(running);
    sleep(SECOND / 2).await;
    let longer = config().with_timeouts(5 * SECOND, 5 * SECOND);
    layer.reconfigure(longer).unwrap();
    let (next, _) = call(&layer, 2_000);
    assert_eq!(next.await.unwrap(), 2_000);
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn every_policy_that_is_configured_as_before_is_the_same_one() {
    let config = config()
        .with_rate_limit(Quota::per_second(5))
        .with_adaptive(AdaptiveLimitConfig::default())
        .with_hedge(HedgeConfig::default());
    let layer = layer(config.clone());
    let before = layer.policies("demo");
    before.pause().pause(SECOND, now());
    let keys = KeyedConfig::default().with_capacity(3);
    layer.reconfigure(config.with_keys(keys)).unwrap();
    let after = layer.policies("demo");
    assert!(!Arc::ptr_eq(&before.0, &after.0));
    assert!(std::ptr::eq(before.pause(), after.pause()));
    assert!(std::ptr::eq(before.retry_budget(), after.retry_budget()));
    let same = [
        before.circuit_breaker().map(std::ptr::from_ref)
            == after.circuit_breaker().map(std::ptr::from_ref),
        before.rate_limit().map(std::ptr::from_ref) == after.rate_limit().map(std::ptr::from_ref),
        before.bulkhead().map(std::ptr::from_ref) == after.bulkhead().map(std::ptr::from_ref),
        before.adaptive_limit().map(std::ptr::from_ref)
            == after.adaptive_limit().map(std::ptr::from_ref),
        before.latency().map(std::ptr::from_ref) == after.latency().map(std::ptr::from_ref),
    ];
    assert_eq!(same, [true; 5]);
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_stays_open_until_its_own_configuration_changes() {
    let layer = layer(config());
    let breaker = |layer: &ResilienceLayer<Codes>| {
        let policies = layer.policies("demo");
        policies.circuit_breaker().unwrap().state(now())
    };
    let policies = layer.policies("demo");
    let circuit = policies.circuit_breaker().unwrap();
    circuit.set_mode(CircuitMode::ForcedOpen);
    assert!(call(&layer, 200).0.await.is_err());

    layer.reconfigure(config().with_max_attempts(1)).unwrap();
    let error = call(&layer, 200).0.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_ne!(breaker(&layer), CircuitState::Closed);

    let probing = CircuitBreakerConfig::default().with_probes(1);
    layer
        .reconfigure(config().with_circuit_breaker(probing))
        .unwrap();
    assert_eq!(call(&layer, 200).0.await.unwrap(), 200);
    assert_eq!(breaker(&layer), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_switched_off_and_on() {
    let layer = layer(config());
    let off = config()
        .with_circuit_breaker(None)
        .with_bulkhead(None)
        .with_rate_limit(None);
    let _ = layer.policies("demo");
    layer.reconfigure(off).unwrap();
    let policies = layer.policies("demo");
    assert!(policies.circuit_breaker().is_none() && policies.bulkhead().is_none());
    let limited = config().with_rate_limit(Quota::per_second(1));
    layer.reconfigure(limited).unwrap();
    let policies = layer.policies("demo");
    assert!(policies.circuit_breaker().is_some() && policies.bulkhead().is_some());
    assert!(policies.rate_limit().is_some());
    layer.reconfigure(config()).unwrap();
    assert!(layer.policies("demo").rate_limit().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_of_a_quota_stays_taken_at_the_new_rate() {
    let quota = Quota::per_minute(1);
    let layer = layer(config().with_rate_limit(quota));
    call(&layer, 200).0.await.unwrap();
    let began = now();
    let faster = config().with_rate_limit(Quota::new(1, 5 * SECOND));
    layer.reconfigure(faster).unwrap();
    call(&layer, 200).0.await.unwrap();
    let waited = now() - began;
    assert!((4 * SECOND..6 * SECOND).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_was_set_while_running_stays_until_another_is_configured() {
    let layer = layer(config());
    layer.set_rate_limit("demo", Quota::per_hour(7)).unwrap();
    layer.reconfigure(config().with_max_attempts(1)).unwrap();
    let quotas = |layer: &ResilienceLayer<Codes>| {
        let policies = layer.policies("demo");
        policies.rate_limit().unwrap().quotas()
    };
    assert_eq!(quotas(&layer), RateLimitConfig::from(Quota::per_hour(7)));
    let configured = Quota::per_hour(8);
    layer
        .reconfigure(config().with_rate_limit(configured))
        .unwrap();
    assert_eq!(quotas(&layer), RateLimitConfig::from(configured));
}

#[tokio::test(start_paused = true)]
async fn places_that_are_taken_count_in_a_bulkhead_that_shrank_or_grew() {
    let places = |calls| {
        let bulkhead = BulkheadConfig::default().with_max_queue(0);
        config().with_bulkhead(bulkhead.with_max_in_flight(calls))
    };
    let layer = layer(places(1));
    let running = tokio::spawn(call(&layer, 200).0);
    sleep(Duration::from_millis(10)).await;
    layer.reconfigure(places(2)).unwrap();
    let second = tokio::spawn(call(&layer, 200).0);
    sleep(Duration::from_millis(10)).await;
    let error = call(&layer, 200).0.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BulkheadFull, "two run");

    layer.reconfigure(places(1)).unwrap();
    running.await.unwrap().unwrap();
    let refused = call(&layer, 200).0.await.unwrap_err();
    assert_eq!(refused.gave_up(), Some(GaveUp::Refused), "one still runs");
    second.await.unwrap().unwrap();
    assert_eq!(call(&layer, 200).0.await.unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_the_queue_gets_a_place_of_those_that_were_added() {
    let places =
        |calls| config().with_bulkhead(BulkheadConfig::default().with_max_in_flight(calls));
    let layer = layer(places(1));
    let _running = tokio::spawn(call(&layer, 400).0);
    sleep(Duration::from_millis(10)).await;
    let waiting = tokio::spawn(call(&layer, 200).0);
    sleep(Duration::from_millis(10)).await;
    let began = now();
    layer.reconfigure(places(2)).unwrap();
    waiting.await.unwrap().unwrap();
    assert!(
        now() - began < Duration::from_millis(250),
        "it did not wait for the first"
    );
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_is_refused_changes_nothing() {
    let layer = layer(config());
    let before = layer.policies("demo");
    let error = layer
        .reconfigure(config().with_max_attempts(0))
        .unwrap_err();
    assert!(error.to_string().contains("`max_attempts`"), "{error}");
    assert!(Arc::ptr_eq(&before.0, &layer.policies("demo").0));
}

#[tokio::test(start_paused = true)]
async fn a_retry_budget_that_changed_begins_anew() {
    let layer = layer(config());
    let before = layer.policies("demo");
    let smaller = RetryBudgetConfig::default().with_capacity(1);
    layer
        .reconfigure(config().with_retry_budget(smaller))
        .unwrap();
    let after = layer.policies("demo");
    assert!(!std::ptr::eq(before.retry_budget(), after.retry_budget()));
}

#[tokio::test]
async fn calls_go_on_while_it_is_changed_again_and_again() {
    let layer = layer(config());
    let calls = (0..4).map(|_| {
        let layer = layer.clone();
        tokio::spawn(async move {
            let inner = tower::service_fn(|code: u16| async move { Ok::<_, Infallible>(code) });
            let mut service = layer.layer(inner);
            for _ in 0..2_000 {
                assert_eq!(service.ready().await.unwrap().call(200).await.unwrap(), 200);
                tokio::task::yield_now().await;
            }
        })
    });
    let calls: Vec<_> = calls.collect();
    for attempts in (1..=3).cycle().take(300) {
        layer
            .reconfigure(config().with_max_attempts(attempts))
            .unwrap();
        tokio::task::yield_now().await;
    }
    for call in calls {
        call.await.unwrap();
    }
    let policies = layer.policies("demo");
    assert_eq!(
        policies.bulkhead().unwrap().load(),
        (0, 0),
        "no place was lost"
    );
}
