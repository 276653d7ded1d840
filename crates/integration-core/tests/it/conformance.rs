//! What every layer promises, the fused one too: one suite over all of them.

mod inner;

use std::{error::Error as _, time::Duration};

use integration_core::{
    Backoff, Error, ErrorKind, GaveUp,
    bulkhead::{BulkheadConfig, BulkheadLayer},
    circuit_breaker::{CircuitBreakerConfig, CircuitBreakerLayer},
    fallback::FallbackLayer,
    keyed::KeyedConfig,
    rate_limit::{Quota, RateLimitLayer},
    resilience::{Config, Parts, ResilienceLayer},
    retry::RetryLayer,
    retry_budget::RetryBudgetConfig,
    timeout::TimeoutLayer,
};
use tokio::{task::yield_now, time::timeout};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use self::inner::{Answer, Codes, Inner, Readiness, pair};

const SECOND: Duration = Duration::from_secs(1);

/// What the suite needs of a layered service, and what each of them promises to a compiler.
trait Layered:
    Service<u32, Response = u16, Error = Error, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> Layered for S where
    S: Service<u32, Response = u16, Error = Error, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

fn layered<L>(layer: &L, inner: Inner) -> impl Layered + use<L>
where
    L: Layer<Inner, Service: Layered> + Clone + Send + Sync + 'static,
{
    layer.clone().layer(inner)
}

/// The suite: a module of tests for each layer. Where a policy counts, it has room for exactly one
/// call, so that anything held too long is refused.
macro_rules! conforms {
    ($($name:ident: $layer:expr;)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn it_is_ready_by_itself_and_holds_nothing() {
                super::it_is_ready_by_itself_and_holds_nothing(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn it_waits_until_the_inner_service_is_ready() {
                super::it_waits_until_the_inner_service_is_ready(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_inner_service_that_cannot_get_ready_is_not_called() {
                super::an_inner_service_that_cannot_get_ready_is_not_called(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_call_is_one_call() {
                super::a_call_is_one_call(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_response_passes_as_it_is() {
                super::a_response_passes_as_it_is(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn an_inner_error_is_the_source() {
                super::an_inner_error_is_the_source(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn dropping_a_call_cancels_it_and_frees_what_it_held() {
                super::dropping_a_call_cancels_it_and_frees_what_it_held(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn dropping_a_call_that_waits_leaves_no_reservation() {
                super::dropping_a_call_that_waits_leaves_no_reservation(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_future_that_is_never_polled_calls_nothing() {
                super::a_future_that_is_never_polled_calls_nothing(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_call_that_is_over_holds_nothing_though_it_is_kept() {
                super::a_call_that_is_over_holds_nothing_though_it_is_kept(|inner| layered(&$layer, inner)).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_clone_outlives_its_original() {
                super::a_clone_outlives_its_original(|inner| layered(&$layer, inner)).await;
            }
        }
    )+};
}

conforms! {
    circuit_breaker: CircuitBreakerLayer::new(breaker(), Codes).unwrap();
    rate_limit: RateLimitLayer::new(Quota::per_second(1_000), Codes).unwrap();
    bulkhead: BulkheadLayer::new(one_place(), Codes).unwrap();
    retry: RetryLayer::new(Config::default().with_backoff(steady()), Codes).unwrap();
    attempt_timeout: TimeoutLayer::attempt(10 * SECOND, Codes).unwrap();
    total_timeout: TimeoutLayer::total(10 * SECOND, Codes).unwrap();
    fallback: FallbackLayer::new([ErrorKind::NotFound], |_: &Error| 404_u16);
    fused: ResilienceLayer::new(
        Config::default().with_backoff(steady()).with_bulkhead(one_place()),
        Codes,
    )
    .unwrap();
    stack: ServiceBuilder::new()
        .layer(FallbackLayer::new([ErrorKind::NotFound], |_: &Error| 404_u16))
        .layer(TimeoutLayer::total(10 * SECOND, Codes).unwrap())
        .layer(BulkheadLayer::new(one_place(), Codes).unwrap())
        .layer(RetryLayer::new(Config::default().with_backoff(steady()), Codes).unwrap())
        .layer(CircuitBreakerLayer::new(CircuitBreakerConfig::default(), Codes).unwrap())
        .layer(RateLimitLayer::new(Quota::per_second(1_000), Codes).unwrap())
        .layer(TimeoutLayer::attempt(5 * SECOND, Codes).unwrap())
        .into_inner();
}

fn steady() -> Backoff {
    Backoff::exponential(SECOND / 100, SECOND / 100)
}

fn breaker() -> CircuitBreakerConfig {
    CircuitBreakerConfig::default()
        .with_window(10, 5)
        .with_probes(1)
}

fn one_place() -> BulkheadConfig {
    BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(0)
}

async fn it_is_ready_by_itself_and_holds_nothing<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    steering.readiness(Readiness::Busy);
    let service = build(inner);
    let mut idle: Vec<S> = (0..10).map(|_| service.clone()).collect();
    for service in &mut idle {
        service.ready().await.unwrap();
    }
    steering.readiness(Readiness::Ready);
    for service in &mut idle {
        service.ready().await.unwrap();
    }
    assert_eq!(steering.reserved(), 0);
    assert_eq!(service.oneshot(1).await.unwrap(), 200);
}

async fn it_waits_until_the_inner_service_is_ready<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    steering.readiness(Readiness::Busy);
    let mut call = Box::pin(build(inner).oneshot(1));
    assert!(timeout(SECOND, &mut call).await.is_err());
    assert_eq!(steering.calls(), [] as [u32; 0]);
    // Nothing but the inner service wakes it now, as no time passes.
    let call = tokio::spawn(call);
    yield_now().await;
    steering.readiness(Readiness::Ready);
    yield_now().await;
    assert_eq!(steering.calls(), [1]);
    assert_eq!(call.await.unwrap().unwrap(), 200);
}

async fn an_inner_service_that_cannot_get_ready_is_not_called<S: Layered>(
    build: impl Fn(Inner) -> S,
) {
    let (inner, steering) = pair();
    steering.readiness(Readiness::Broken);
    let service = build(inner);
    let error = service.clone().oneshot(1).await.unwrap_err();
    assert_eq!(root(&error), "out of order");
    assert_eq!(steering.calls(), [] as [u32; 0]);
    steering.readiness(Readiness::Ready);
    assert_eq!(service.oneshot(2).await.unwrap(), 200);
}

async fn a_call_is_one_call<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    let mut service = build(inner);
    for number in 0..10 {
        let response = service.ready().await.unwrap().call(number).await;
        assert_eq!(response.unwrap(), 200);
    }
    assert_eq!(steering.calls(), (0..10).collect::<Vec<_>>());
    assert_eq!((steering.running(), steering.reserved()), (0, 0));
}

async fn a_response_passes_as_it_is<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    steering.answer(Answer::Code(404));
    assert_eq!(build(inner).oneshot(1).await.unwrap(), 404);
    assert_eq!(steering.calls(), [1]);
}

async fn an_inner_error_is_the_source<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    steering.answer(Answer::Error);
    let error = build(inner).oneshot(1).await.unwrap_err();
    assert_eq!(root(&error), "went wrong");
    assert!(matches!(
        error.kind(),
        ErrorKind::Connect | ErrorKind::Other
    ));
    assert_eq!((steering.running(), steering.reserved()), (0, 0));
}

async fn dropping_a_call_cancels_it_and_frees_what_it_held<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    let service = build(inner);
    for round in 0..20 {
        steering.answer(Answer::Never);
        let call = tokio::spawn(service.clone().oneshot(round));
        yield_now().await;
        assert_eq!(steering.running(), 1);
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(steering.running(), 0);
        steering.answer(Answer::Code(200));
        assert_eq!(service.clone().oneshot(round).await.unwrap(), 200);
    }
    assert_eq!(steering.calls().len(), 40);
}

async fn dropping_a_call_that_waits_leaves_no_reservation<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    steering.readiness(Readiness::Busy);
    let service = build(inner);
    let call = tokio::spawn(service.clone().oneshot(1));
    yield_now().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    steering.readiness(Readiness::Ready);
    assert_eq!(service.oneshot(2).await.unwrap(), 200);
    assert_eq!(steering.calls(), [2]);
    assert_eq!((steering.running(), steering.reserved()), (0, 0));
}

async fn a_future_that_is_never_polled_calls_nothing<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    let mut service = build(inner);
    let call = service.ready().await.unwrap().call(1);
    assert_eq!((steering.calls().len(), steering.reserved()), (0, 0));
    drop(call);
    assert_eq!(service.ready().await.unwrap().call(2).await.unwrap(), 200);
    assert_eq!(steering.calls(), [2]);
}

async fn a_call_that_is_over_holds_nothing_though_it_is_kept<S: Layered>(
    build: impl Fn(Inner) -> S,
) {
    let (inner, steering) = pair();
    let mut service = build(inner);
    let mut kept = Box::pin(service.ready().await.unwrap().call(1));
    assert_eq!(kept.as_mut().await.unwrap(), 200);
    assert_eq!(steering.reserved(), 0);
    assert_eq!(service.ready().await.unwrap().call(2).await.unwrap(), 200);
    drop(kept);
}

async fn a_clone_outlives_its_original<S: Layered>(build: impl Fn(Inner) -> S) {
    let (inner, steering) = pair();
    let mut original = build(inner);
    original.ready().await.unwrap();
    // Readiness is not cloned: the strict service inside would panic.
    let mut clone = original.clone();
    drop(original);
    assert_eq!(clone.ready().await.unwrap().call(1).await.unwrap(), 200);
    assert_eq!(steering.calls(), [1]);
}

/// The innermost source of an error.
fn root(error: &Error) -> String {
    let mut source = error.source();
    while let Some(deeper) = source.and_then(|source| source.source()) {
        source = Some(deeper);
    }
    source.map(ToString::to_string).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn clones_and_layers_share_a_breaker() {
    let (inner, steering) = pair();
    let layer = CircuitBreakerLayer::new(breaker(), Codes).unwrap();
    let services = [layer.layer(inner.clone()), layer.clone().layer(inner)];
    steering.answer(Answer::Code(503));
    for round in 0..5 {
        let service = services[round % 2].clone();
        assert_eq!(service.oneshot(1).await.unwrap(), 503);
    }
    for service in services {
        let error = service.oneshot(2).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    }
    assert_eq!(steering.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn clones_and_layers_share_a_quota() {
    let (inner, steering) = pair();
    let quota = Quota::per_second(1).with_burst(2);
    let layer = RateLimitLayer::with_parts(
        quota,
        Duration::ZERO,
        Codes,
        KeyedConfig::default(),
        Parts::default(),
    )
    .unwrap();
    let services = [layer.layer(inner.clone()), layer.clone().layer(inner)];
    for service in &services {
        service.clone().oneshot(1).await.unwrap();
    }
    for service in services {
        let error = service.oneshot(2).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitedLocally);
        assert_eq!(error.retry_after(), Some(SECOND));
    }
    assert_eq!(steering.calls(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn clones_and_layers_share_the_places() {
    let (inner, steering) = pair();
    let layer = BulkheadLayer::new(one_place(), Codes).unwrap();
    let services = [layer.layer(inner.clone()), layer.clone().layer(inner)];
    steering.answer(Answer::Never);
    let running = tokio::spawn(services[0].clone().oneshot(1));
    yield_now().await;
    for service in services {
        let error = service.oneshot(2).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BulkheadFull);
        assert_eq!(error.gave_up(), Some(GaveUp::Refused));
    }
    steering.answer(Answer::Code(200));
    assert_eq!(running.await.unwrap().unwrap(), 200);
    assert_eq!(steering.calls(), [1]);
}

#[tokio::test(start_paused = true)]
async fn clones_and_layers_share_a_budget() {
    let (inner, steering) = pair();
    let budget = RetryBudgetConfig::default()
        .with_percent(0)
        .with_min_per_second(2);
    let config = Config::default()
        .with_backoff(Backoff::exponential(Duration::ZERO, Duration::ZERO))
        .with_retry_budget(budget);
    let layer = RetryLayer::new(config, Codes).unwrap();
    let services = [layer.layer(inner.clone()), layer.clone().layer(inner)];
    steering.answer(Answer::Error);
    let error = services[0].clone().oneshot(1).await.unwrap_err();
    assert_eq!(error.gave_up(), Some(GaveUp::AttemptsUsed));
    let error = services[1].clone().oneshot(2).await.unwrap_err();
    assert_eq!(error.gave_up(), Some(GaveUp::BudgetEmpty));
    assert_eq!(steering.calls(), [1, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_get_ready_opens_the_circuit() {
    let (inner, steering) = pair();
    steering.readiness(Readiness::Broken);
    let layer = CircuitBreakerLayer::new(breaker(), Codes).unwrap();
    let service = layer.layer(inner);
    for _ in 0..5 {
        let error = service.clone().oneshot(1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
    }
    let error = service.oneshot(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_waits_for_the_inner_service_holds_no_slot() {
    let layer = CircuitBreakerLayer::new(breaker(), Codes).unwrap();
    let (broken, steering) = pair();
    steering.readiness(Readiness::Broken);
    for _ in 0..5 {
        let error = layer.layer(broken.clone()).oneshot(1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
    }
    tokio::time::advance(6 * SECOND).await;
    steering.readiness(Readiness::Busy);
    let waiting = tokio::spawn(layer.layer(broken).oneshot(1));
    yield_now().await;
    assert!(!waiting.is_finished());
    let (other, _steering) = pair();
    assert_eq!(layer.layer(other).oneshot(2).await.unwrap(), 200);
    waiting.abort();
}
