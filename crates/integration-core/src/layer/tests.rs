use std::{error::Error as _, sync::Arc, time::Duration};

use tokio::time::{advance, timeout};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_test::mock::{self, Handle};

use crate::{
    backoff::{Backoff, Jitter},
    bulkhead::{BulkheadConfig, BulkheadLayer},
    circuit_breaker::{CircuitBreakerConfig, CircuitBreakerLayer, CircuitState},
    classify::{Call, Classify, Describe, Repeat, Verdict},
    clock::{Clock, SystemClock},
    error::{Delivery, Error, ErrorKind, GaveUp, Retriability},
    fallback::FallbackLayer,
    keyed::KeyedConfig,
    layer::BoxError,
    observe::Observers,
    rate_limit::{Quota, RateLimitLayer},
    resilience::{Config, Parts},
    retry::RetryLayer,
    timeout::TimeoutLayer,
};

const SECOND: Duration = Duration::from_secs(1);

/// Answers are status codes; the tens of a request are its key; from 100 on it must not be
/// repeated; a 429 hints two seconds.
#[derive(Clone, Copy)]
struct Codes;

impl Describe<u32> for Codes {
    fn describe<'a>(&self, request: &'a u32) -> Call<'a> {
        let repeat = match request {
            ..100 => Repeat::Harmless,
            _ => Repeat::Harmful,
        };
        Call::new("demo.call", format!("key-{}", request / 10 % 10)).with_repeat(repeat)
    }
}

impl<E: std::fmt::Debug> Classify<u16, E> for Codes
where
    Codes: Judge<E>,
{
    fn classify(&self, call: &Call<'_>, outcome: Result<&u16, &E>) -> Verdict {
        assert!(call.key.starts_with("key-"));
        match outcome.map(|code| (*code, ErrorKind::from_status(*code))) {
            Ok((_, None)) => Verdict::success(),
            Ok((code, Some(kind))) => {
                Verdict::failure(kind).with_hint((code == 429).then_some(2 * SECOND))
            }
            Err(e) => Self::judge(e),
        }
    }
}

trait Judge<E> {
    fn judge(error: &E) -> Verdict;
}

impl Judge<BoxError> for Codes {
    fn judge(_: &BoxError) -> Verdict {
        Verdict::failure(ErrorKind::Connect)
    }
}

impl Judge<Error> for Codes {
    fn judge(error: &Error) -> Verdict {
        Verdict::of(error)
    }
}

async fn answer(handle: &mut Handle<u32, u16>, code: u16) -> u32 {
    let (request, send) = handle.next_request().await.unwrap();
    send.send_response(code);
    request
}

fn retry() -> RetryLayer<Codes> {
    let steady = Backoff::exponential(SECOND, SECOND).with_jitter(Jitter::None);
    RetryLayer::new(Config::default().with_backoff(steady), Codes).unwrap()
}

fn breaker() -> CircuitBreakerLayer<Codes> {
    let config = CircuitBreakerConfig::default()
        .with_window(2, 2)
        .with_probes(1);
    CircuitBreakerLayer::new(config, Codes).unwrap()
}

fn now() -> tokio::time::Instant {
    SystemClock.now()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_may_have_been_executed() {
    let (mock, mut handle) = mock::pair();
    let service = TimeoutLayer::attempt(SECOND, Codes).unwrap().layer(mock);
    let call = tokio::spawn(service.oneshot(1));
    let _hanging = handle.next_request().await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(error.retriability(), Retriability::IfIdempotent);
    assert_eq!((error.elapsed(), error.gave_up()), (SECOND, None));
    assert_eq!(error.to_string(), "demo.call: attempt timed out after 1s");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_gets_to_the_service_was_not_sent() {
    let (mock, mut handle) = mock::pair::<u32, u16>();
    handle.allow(0);
    let service = TimeoutLayer::total(SECOND, Codes).unwrap().layer(mock);
    let error = service.oneshot(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.gave_up(), Some(GaveUp::DeadlineTooClose));
}

#[test]
fn a_time_that_is_impossible_is_refused() {
    let month = crate::config::MAX_DURATION;
    for time in [Duration::ZERO, month + Duration::from_nanos(1)] {
        let error = TimeoutLayer::attempt(time, Codes).unwrap_err();
        assert!(error.to_string().contains("`attempt_timeout`"), "{error}");
        let error = TimeoutLayer::total(time, Codes).unwrap_err();
        assert!(error.to_string().contains("`deadline`"), "{error}");
    }
    TimeoutLayer::total(month, Codes).unwrap();
}

/// Without a runtime a timer would panic.
#[test]
fn a_stack_over_a_ready_service_arms_no_timer() {
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::total(SECOND, Codes).unwrap())
        .layer(BulkheadLayer::new(BulkheadConfig::default(), Codes).unwrap())
        .layer(retry())
        .layer(breaker())
        .layer(RateLimitLayer::new(Quota::per_second(1), Codes).unwrap())
        .layer(TimeoutLayer::attempt(SECOND, Codes).unwrap())
        .service_fn(|_: u32| std::future::ready(Ok::<u16, BoxError>(200)));
    let mut call = Box::pin(service.oneshot(1));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_does_not_wait_for_the_inner_service() {
    let (mock, mut handle) = mock::pair();
    let layer = breaker();
    let service = layer.layer(mock);
    for _ in 0..2 {
        let call = tokio::spawn(service.clone().oneshot(1));
        answer(&mut handle, 503).await;
        assert_eq!(call.await.unwrap().unwrap(), 503);
    }
    handle.allow(0);
    let started = now();
    let error = service.clone().oneshot(2).await.unwrap_err();
    assert_eq!(now(), started);
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.retry_after().unwrap() <= 5 * SECOND);
    assert_eq!(
        layer.circuit_breaker("key-0").state(now()),
        CircuitState::Open
    );

    // Another key is another circuit.
    handle.allow(1);
    let call = tokio::spawn(service.oneshot(11));
    assert_eq!(answer(&mut handle, 200).await, 11);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_gives_its_slot_back() {
    let (mock, mut handle) = mock::pair();
    let service = breaker().layer(mock);
    for _ in 0..2 {
        let call = tokio::spawn(service.clone().oneshot(1));
        answer(&mut handle, 503).await;
        call.await.unwrap().unwrap();
    }
    advance(6 * SECOND).await;
    let dropped = tokio::spawn(service.clone().oneshot(2));
    let _request = handle.next_request().await.unwrap();
    let refused = service.clone().oneshot(3).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CircuitOpen);
    assert_eq!(refused.retry_after(), None);
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());

    let probe = tokio::spawn(service.oneshot(4));
    answer(&mut handle, 200).await;
    assert_eq!(probe.await.unwrap().unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_its_slot_or_is_refused_at_once() {
    let quota = Quota::per_second(1).with_burst(1);
    let layer = RateLimitLayer::with_parts(
        quota,
        SECOND,
        Codes,
        KeyedConfig::default(),
        Parts::default(),
    )
    .unwrap();
    let service = layer.layer(tower::service_fn(|_: u32| async {
        Ok::<u16, BoxError>(200)
    }));
    let started = now();
    service.clone().oneshot(1).await.unwrap();
    let second = tokio::spawn(service.clone().oneshot(2));
    tokio::task::yield_now().await;
    let third = service.clone().oneshot(3).await.unwrap_err();
    assert_eq!(now(), started);
    assert_eq!(third.kind(), ErrorKind::LimitedLocally);
    assert_eq!(third.delivery(), Delivery::NotSent);
    assert_eq!(third.retry_after(), Some(2 * SECOND));
    second.await.unwrap().unwrap();
    assert_eq!(now() - started, SECOND);

    layer
        .set_rate_limit("key-0", Quota::per_second(1_000))
        .unwrap();
    service.oneshot(4).await.unwrap();
    assert!(now() - started < 2 * SECOND);
    assert!(layer.set_rate_limit("key-0", Quota::per_second(0)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_hint_holds_back_the_other_calls_of_the_key() {
    let (mock, mut handle) = mock::pair();
    let layer = RateLimitLayer::new(Quota::per_second(100), Codes).unwrap();
    let service = layer.layer(mock);
    let first = tokio::spawn(service.clone().oneshot(1));
    answer(&mut handle, 429).await;
    assert_eq!(first.await.unwrap().unwrap(), 429);
    let started = now();
    let second = tokio::spawn(service.oneshot(2));
    answer(&mut handle, 200).await;
    second.await.unwrap().unwrap();
    assert_eq!(now() - started, 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_of_the_calls_and_waits_are_bounded() {
    let (mock, mut handle) = mock::pair();
    let config = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(2)
        .with_max_wait(2 * SECOND);
    let layer = BulkheadLayer::new(config, Codes).unwrap();
    let mut service = layer.layer(mock);
    let mut call = |number| {
        use tower::Service;
        tokio::spawn(service.call(number))
    };
    let (running, second, third, refused) = (call(1), call(2), call(3), call(4));
    let (_, send) = handle.next_request().await.unwrap();
    assert_eq!(
        refused.await.unwrap().unwrap_err().kind(),
        ErrorKind::BulkheadFull
    );
    assert_eq!(layer.bulkhead("key-0").load(), (1, 2));
    advance(SECOND).await;
    send.send_response(200);
    running.await.unwrap().unwrap();
    let (request, _hanging) = handle.next_request().await.unwrap();
    assert_eq!(request, 2);
    let error = third.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BulkheadFull);
    assert_eq!(error.elapsed(), 2 * SECOND);
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    assert_eq!(layer.bulkhead("key-0").load(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn retries_wait_and_end_and_spare_what_does_harm() {
    let (mock, mut handle) = mock::pair();
    let service = retry().layer(mock);
    let started = now();
    let call = tokio::spawn(service.clone().oneshot(1));
    for code in [503, 500, 200] {
        answer(&mut handle, code).await;
    }
    assert_eq!(call.await.unwrap().unwrap(), 200);
    assert_eq!(now() - started, 2 * SECOND);

    let call = tokio::spawn(service.oneshot(100));
    answer(&mut handle, 503).await;
    assert_eq!(call.await.unwrap().unwrap(), 503);
}

#[test]
fn a_layer_of_one_policy_takes_no_observer() {
    let parts = Parts::default().with_observer(Arc::new(Observers::default()));
    let config = BulkheadConfig::default();
    let error = BulkheadLayer::with_parts(config, Codes, KeyedConfig::default(), parts.clone());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`observer`"), "{error}");
    RetryLayer::with_parts(Config::default(), Codes, parts).unwrap();
}

#[test]
fn an_impossible_retry_names_its_field() {
    let config = Config::default;
    let rows = [
        (config().with_max_attempts(0), "`max_attempts`"),
        (config().with_max_attempts(101), "`max_attempts`"),
        (
            config().with_timeouts(Duration::ZERO, Duration::ZERO),
            "`deadline`",
        ),
        (config().with_hint_cap(Duration::MAX), "`hint_cap`"),
        (
            config().with_retry_budget(
                crate::retry_budget::RetryBudgetConfig::default().with_capacity(0),
            ),
            "`retry_budget.capacity`",
        ),
    ];
    for (config, field) in rows {
        let error = config.clone().validate().unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
        assert!(RetryLayer::new(config, Codes).is_err());
    }
    config().validate().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_local_refusal_inside_is_not_retried() {
    let (mock, mut handle) = mock::pair();
    let service = retry().layer(breaker().layer(mock));
    let call = tokio::spawn(service.clone().oneshot(1));
    answer(&mut handle, 503).await;
    answer(&mut handle, 503).await;
    let started = now();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(now() - started, SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_timed_out_inside_is_retried_and_the_total_ends_it() {
    let (mock, mut handle) = mock::pair();
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::total(5 * SECOND, Codes).unwrap())
        .layer(retry())
        .layer(TimeoutLayer::attempt(2 * SECOND, Codes).unwrap())
        .service(mock);
    let started = now();
    let call = tokio::spawn(service.oneshot(1));
    let _first = handle.next_request().await.unwrap();
    let _second = handle.next_request().await.unwrap();
    assert_eq!(now() - started, 3 * SECOND);
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.elapsed(), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_ours_passes_as_it_is() {
    let inner = tower::service_fn(|_: u32| async {
        Err::<u16, _>(Error::new(ErrorKind::NotFound, "inner.call"))
    });
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::total(SECOND, Codes).unwrap())
        .layer(breaker())
        .service(inner);
    let error = service.oneshot(1).await.unwrap_err();
    assert_eq!(error.to_string(), "inner.call: not found");
    assert!(error.source().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_substitute_answers_for_its_kinds_only() {
    let inner = tower::service_fn(|request: u32| async move {
        Err::<u16, _>(match request {
            1 => Error::new(ErrorKind::NotFound, "a"),
            2 => Error::new(ErrorKind::CircuitOpen, "b"),
            _ => Error::new(ErrorKind::Unauthenticated, "c"),
        })
    });
    let layer = FallbackLayer::new([ErrorKind::NotFound], |error: &Error| {
        assert_eq!(error.operation(), "a");
        204
    });
    let service = layer.layer(inner);
    assert_eq!(service.clone().oneshot(1).await.unwrap(), 204);
    let error = service.oneshot(2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);

    let service = FallbackLayer::unavailable(|_: &Error| 203).layer(inner);
    assert_eq!(service.clone().oneshot(2).await.unwrap(), 203);
    for request in [1, 3] {
        service.clone().oneshot(request).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_without_end_for_nothing() {
    let (mock, mut handle) = mock::pair::<u32, u16>();
    let layer = BulkheadLayer::new(BulkheadConfig::default().with_max_in_flight(1), Codes).unwrap();
    let service = layer.layer(mock);
    let _running = tokio::spawn(service.clone().oneshot(1));
    let _hanging = handle.next_request().await.unwrap();
    let queued = timeout(31 * SECOND, service.oneshot(2)).await.unwrap();
    assert_eq!(queued.unwrap_err().elapsed(), 30 * SECOND);
}
