//! All policies at once around a service that is ready and answers at once.

use std::{
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    hint::black_box,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use backon::{ExponentialBuilder, Retryable as _};
use integration_benches::{
    row::{Row, Run},
    table::{Table, Unit},
};
use integration_core::{
    classify::{Call, Classify, Describe, Repeat, Verdict},
    rate_limit::Quota,
    resilience::{Config, ResilienceLayer},
};
use tokio::task::unconstrained;
use tower::{
    BoxError, Layer as _, Service, ServiceExt as _,
    limit::{ConcurrencyLimit, RateLimit, rate::Rate},
    retry::{
        Policy, Retry,
        budget::{Budget as _, TpsBudget},
    },
    timeout::Timeout,
};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_ratelimiter::RateLimiterLayer;
use tower_resilience_retry::RetryLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

use crate::policies::GENEROUS;

/// The row the bars are about.
pub(crate) const OURS: &str = "ResilienceLayer, all policies";

const ATTEMPT: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(30);
const IN_FLIGHT: usize = 100;
const BACKOFF: Duration = Duration::from_millis(100);

pub(crate) fn table() -> Table {
    let mut table = Table::new("around a ready service, one thread", Unit::Nanos);
    table.add(Row::new("the bare service", drive(|| Echo)));
    table.add(Row::new(OURS, drive(|| layer().layer(Echo))));
    table.add(Row::new(
        "tower: concurrency limit, timeout, retry, timeout",
        drive(tower_stack),
    ));
    table.add(Row::new(
        "tower, with rate limit and retry budget too",
        drive(tower_stack_with_budget),
    ));
    table.add(Row::new(
        "tower-resilience: timeout, rate limit, bulkhead, retry, breaker, timeout",
        drive(tower_resilience_stack),
    ));
    table.add(Row::new("backon: retry", backon()));
    table
}

/// Answers with the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo;

impl Service<u32> for Echo {
    type Response = u32;
    type Error = Infallible;
    type Future = Ready<Result<u32, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        ready(Ok(request))
    }
}

/// Calls a service one call after the other, without ever yielding to the runtime, inside of which
/// it is made.
pub(crate) fn drive<S>(make: impl FnOnce() -> S) -> Box<Run>
where
    S: Service<u32, Response = u32> + 'static,
    S::Error: Debug,
{
    let runtime = runtime();
    let mut service = {
        let _inside = runtime.enter();
        make()
    };
    Box::new(move |operations| {
        runtime.block_on(unconstrained(async {
            for _ in 0..operations {
                let ready = service.ready().await.unwrap();
                black_box(ready.call(black_box(7)).await.unwrap());
            }
        }));
    })
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// The default configuration and a rate limit that nobody reaches; system clock, no observer.
pub(crate) fn layer() -> ResilienceLayer<Echoes> {
    let config = Config::default().with_rate_limit(Quota::per_second(GENEROUS));
    ResilienceLayer::new(config, Echoes).unwrap()
}

/// Tells what the calls are; all of them succeed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echoes;

impl Describe<u32> for Echoes {
    fn describe<'a>(&self, _: &'a u32) -> Call<'a> {
        Call::new("bench.echo", "bench").with_repeat(Repeat::Harmless)
    }
}

impl<E> Classify<u32, E> for Echoes {
    fn classify(&self, _: &Call<'_>, outcome: Result<&u32, &E>) -> Verdict {
        assert!(outcome.is_ok(), "the service always answers");
        Verdict::success()
    }
}

/// Has no breaker, no retry budget and no rate limit.
fn tower_stack() -> impl Service<u32, Response = u32, Error = BoxError> + 'static {
    let attempt = Timeout::new(Echo, ATTEMPT);
    let policy = Thrice {
        left: 2,
        budget: None,
    };
    let call = Timeout::new(Retry::new(policy, attempt), DEADLINE);
    ConcurrencyLimit::new(call, IN_FLIGHT)
}

fn tower_stack_with_budget() -> impl Service<u32, Response = u32, Error = BoxError> + 'static {
    let attempt = Timeout::new(Echo, ATTEMPT);
    let policy = Thrice {
        left: 2,
        budget: Some(Arc::new(TpsBudget::default())),
    };
    let call = Timeout::new(Retry::new(policy, attempt), DEADLINE);
    let rate = Rate::new(u64::from(GENEROUS), Duration::from_secs(1));
    ConcurrencyLimit::new(RateLimit::new(call, rate), IN_FLIGHT)
}

/// Tries three times, as far as the budget goes; what users of tower write themselves.
#[derive(Clone, Debug)]
struct Thrice {
    left: u32,
    budget: Option<Arc<TpsBudget>>,
}

impl Policy<u32, u32, BoxError> for Thrice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut u32, result: &mut Result<u32, BoxError>) -> Option<Ready<()>> {
        if result.is_ok() {
            if let Some(budget) = &self.budget {
                budget.deposit();
            }
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let affordable = self.budget.as_ref().is_none_or(|budget| budget.withdraw());
        affordable.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &u32) -> Option<u32> {
        Some(*request)
    }
}

fn tower_resilience_stack() -> impl Service<u32, Response = u32, Error: Debug> + 'static {
    let limit = |time| {
        let builder = TimeLimiterLayer::builder();
        builder.timeout_duration(time).build()
    };
    let breaker = CircuitBreakerLayer::builder().build().unwrap();
    let attempt = breaker.layer(limit(ATTEMPT).layer(Echo));
    let retry = RetryLayer::builder().max_attempts(3);
    let retried = retry.exponential_backoff(BACKOFF).build().layer(attempt);
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(IN_FLIGHT);
    let bounded = bulkhead.build().unwrap().layer(retried);
    let rate = RateLimiterLayer::builder()
        .limit_for_period(usize::try_from(GENEROUS).unwrap())
        .refresh_period(Duration::from_secs(1));
    limit(DEADLINE).layer(rate.build().unwrap().layer(bounded))
}

fn backon() -> impl FnMut(u64) {
    let runtime = runtime();
    move |operations| {
        runtime.block_on(unconstrained(async {
            for _ in 0..operations {
                let call = || async { Echo.call(black_box(7)).await };
                let done = call.retry(ExponentialBuilder::default()).await;
                black_box(done.unwrap());
            }
        }));
    }
}
