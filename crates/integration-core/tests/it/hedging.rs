//! A safe call that takes longer than most gets a twin, and nothing else does.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Backoff, Error, ErrorKind, Jitter,
    adaptive::AdaptiveLimitConfig,
    bulkhead::BulkheadConfig,
    circuit_breaker::CircuitBreakerConfig,
    classify::{Call, Classify, Describe, Repeat, Verdict},
    hedge::HedgeConfig,
    observer::Happening,
    rate_limit::Quota,
    resilience::{Config, Parts, Resilience, ResilienceLayer},
    retry_budget::RetryBudgetConfig,
};
use integration_testkit::Recorder;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

use crate::support::now;

const MILLI: Duration = Duration::from_millis(1);

/// Answers are status codes.
#[derive(Clone, Copy)]
struct Codes(Repeat);

impl Describe<()> for Codes {
    fn describe<'a>(&self, (): &'a ()) -> Call<'a> {
        Call::new("demo.read", "demo").with_repeat(self.0)
    }
}

impl Classify<u16, std::io::Error> for Codes {
    fn classify(&self, _: &Call<'_>, outcome: Result<&u16, &std::io::Error>) -> Verdict {
        let code = *outcome.unwrap();
        match ErrorKind::from_status(code) {
            None => Verdict::success(),
            Some(kind @ ErrorKind::RateLimited) => {
                Verdict::failure(kind).with_hint(Some(1_000 * MILLI))
            }
            Some(kind) => Verdict::failure(kind).with_status(code),
        }
    }
}

type Inner = BoxCloneSyncService<(), u16, std::io::Error>;

/// A service whose attempts take so long and answer so, in their order; after that 1 ms and 200.
struct Slow {
    service: Resilience<Inner, Codes>,
    events: Arc<Recorder>,
    running: Arc<AtomicUsize>,
    script: Arc<Mutex<VecDeque<(Duration, u16)>>>,
}

/// Counts the attempts that run.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hedged() -> Config {
    let steady = Backoff::exponential(100 * MILLI, 100 * MILLI).with_jitter(Jitter::None);
    Config::default()
        .with_hedge(HedgeConfig::default().with_min_samples(20))
        .with_backoff(steady)
}

impl Slow {
    fn new(config: Config, repeat: Repeat) -> Self {
        let (events, running) = (Arc::new(Recorder::default()), Arc::new(AtomicUsize::new(0)));
        let script = Arc::new(Mutex::new(VecDeque::new()));
        let (steps, count) = (Arc::clone(&script), Arc::clone(&running));
        let inner = tower::service_fn(move |()| {
            let next = steps.lock().unwrap().pop_front();
            let (latency, code): (Duration, u16) = next.unwrap_or((MILLI, 200));
            count.fetch_add(1, Ordering::Relaxed);
            let running = Running(Arc::clone(&count));
            async move {
                sleep(latency).await;
                drop(running);
                Ok(code)
            }
        });
        let parts = Parts::default().with_observer(events.clone());
        let layer = ResilienceLayer::with_parts(config, Codes(repeat), parts).unwrap();
        Self {
            service: layer.layer(BoxCloneSyncService::new(inner)),
            events,
            running,
            script,
        }
    }

    /// Measures enough calls of 1 ms, so that a hedge is due after the least delay of 10 ms.
    async fn measured(self) -> Self {
        for _ in 0..30 {
            self.call().await.unwrap();
        }
        // The delay that is handed out may be a tenth of a second old.
        sleep(200 * MILLI).await;
        self
    }

    fn then(&self, steps: &[(u64, u16)]) {
        let steps = steps.iter();
        let mut script = self.script.lock().unwrap();
        script.extend(steps.map(|(millis, code)| (Duration::from_millis(*millis), *code)));
    }

    async fn call(&self) -> Result<u16, Error> {
        self.service.clone().oneshot(()).await
    }

    fn hedges(&self) -> usize {
        let all = self.events.happenings();
        let hedges = all
            .iter()
            .filter(|what| matches!(what, Happening::Hedged { .. }));
        hedges.count()
    }
}

async fn safe() -> Slow {
    Slow::new(hedged(), Repeat::Safe).measured().await
}

#[tokio::test(start_paused = true)]
async fn a_slow_safe_call_is_as_fast_as_its_twin() {
    let slow = safe().await;
    slow.then(&[(5_000, 200)]);
    let started = now();
    assert_eq!(slow.call().await.unwrap(), 200);
    assert_eq!(slow.hedges(), 1);
    // 10 ms until the hedge, 1 ms for it, and the steps of the timer.
    assert!((now() - started) < 15 * MILLI, "{:?}", (now() - started));
    assert_eq!(
        slow.running.load(Ordering::Relaxed),
        0,
        "the loser is dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_may_still_win() {
    let slow = safe().await;
    slow.then(&[(20, 200), (5_000, 200)]);
    assert_eq!(slow.call().await.unwrap(), 200);
    assert_eq!(slow.hedges(), 1);
    assert_eq!(slow.running.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_hedged_that_is_not_safe_or_not_measured() {
    let harmless = Slow::new(hedged(), Repeat::Harmless).measured().await;
    harmless.then(&[(500, 200)]);
    harmless.call().await.unwrap();
    assert_eq!(harmless.hedges(), 0);

    let unknown = Slow::new(hedged(), Repeat::Safe);
    unknown.then(&[(500, 200)]);
    unknown.call().await.unwrap();
    assert_eq!(unknown.hedges(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_is_one_of_the_attempts() {
    let slow = Slow::new(hedged().with_max_attempts(1), Repeat::Safe);
    let slow = slow.measured().await;
    slow.then(&[(500, 200)]);
    slow.call().await.unwrap();
    assert_eq!(slow.hedges(), 0);

    let slow = safe().await;
    slow.then(&[(50, 503), (50, 503), (1, 503)]);
    let error = slow.call().await;
    // The layer hands the last response back; the attempts are in the events.
    assert_eq!(error.unwrap(), 503);
    let ended = slow
        .events
        .happenings()
        .into_iter()
        .rev()
        .find_map(|what| match what {
            Happening::CallEnded { attempts, .. } => Some(attempts),
            _ => None,
        });
    assert_eq!(ended, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_failure_waits_for_the_twin_and_a_final_one_does_not() {
    let slow = safe().await;
    slow.then(&[(20, 503), (30, 200)]);
    assert_eq!(slow.call().await.unwrap(), 200);
    assert!(
        !slow
            .events
            .happenings()
            .iter()
            .any(|what| { matches!(what, Happening::RetryScheduled { .. }) })
    );

    slow.then(&[(20, 404), (5_000, 200)]);
    let started = now();
    assert_eq!(slow.call().await.unwrap(), 404);
    assert!((now() - started) < 25 * MILLI, "{:?}", (now() - started));
    assert_eq!(slow.running.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn hedges_spend_the_retry_budget() {
    let poor = RetryBudgetConfig::default()
        .with_percent(0)
        .with_min_per_second(1)
        .with_capacity(1);
    let slow = Slow::new(hedged().with_retry_budget(poor), Repeat::Safe);
    let slow = slow.measured().await;
    for _ in 0..3 {
        slow.then(&[(100, 200), (100, 200)]);
        slow.call().await.unwrap();
        slow.script.lock().unwrap().clear();
    }
    assert_eq!(slow.hedges(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_never_waits_for_the_rate_limit() {
    let quota = Quota::per_minute(31).with_burst(31);
    let slow = Slow::new(hedged().with_rate_limit(quota), Repeat::Safe);
    let slow = slow.measured().await;
    slow.then(&[(500, 200)]);
    let started = now();
    slow.call().await.unwrap();
    assert_eq!(slow.hedges(), 0);
    assert!((now() - started) < 510 * MILLI);
}

/// Another call fails with this code while the first attempt runs; returns whether there is a hedge.
async fn is_hedged_beside(code: u16, config: Config) -> bool {
    let slow = Slow::new(config, Repeat::Safe).measured().await;
    slow.then(&[(100, 200), (1, code)]);
    let (first, _other) = tokio::join!(slow.call(), slow.call());
    assert_eq!(first.unwrap(), 200);
    slow.hedges() > 0
}

#[tokio::test(start_paused = true)]
async fn where_a_gate_is_shut_there_is_no_hedge() {
    let wary = CircuitBreakerConfig::default().with_consecutive(1);
    let breaker = hedged().with_circuit_breaker(wary);
    assert!(is_hedged_beside(404, breaker.clone()).await);
    assert!(!is_hedged_beside(503, breaker).await, "the circuit is open");
    assert!(!is_hedged_beside(429, hedged()).await, "the key is paused");

    let limit = |attempts| {
        let limit = AdaptiveLimitConfig::default().with_min(attempts);
        hedged().with_adaptive(limit.with_max(attempts).with_initial(attempts))
    };
    assert!(is_hedged_beside(200, limit(2)).await);
    assert!(!is_hedged_beside(200, limit(1)).await, "there is no place");
}

#[tokio::test(start_paused = true)]
async fn a_hedge_has_an_attempt_timeout_of_its_own() {
    let config = hedged().with_timeouts(5_000 * MILLI, 300 * MILLI);
    let slow = Slow::new(config, Repeat::Safe).measured().await;
    // The hedge begins after 10 ms and so ends after the first was cut off.
    slow.then(&[(5_000, 200), (295, 200)]);
    let started = now();
    assert_eq!(slow.call().await.unwrap(), 200);
    assert!((now() - started) > 300 * MILLI, "{:?}", (now() - started));
    assert_eq!(slow.hedges(), 1);
    let happened = slow.events.happenings();
    let is_retry = |what: &Happening| matches!(what, Happening::RetryScheduled { .. });
    assert!(!happened.iter().any(is_retry));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_drops_both() {
    let bulkhead = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(0);
    let slow = Slow::new(hedged().with_bulkhead(bulkhead), Repeat::Safe);
    let slow = slow.measured().await;
    slow.then(&[(5_000, 200), (5_000, 200)]);
    let mut service = slow.service.clone();
    let call = tokio::spawn(service.call(()));
    sleep(50 * MILLI).await;
    assert_eq!(slow.running.load(Ordering::Relaxed), 2);
    call.abort();
    let _aborted = call.await;
    assert_eq!(slow.running.load(Ordering::Relaxed), 0);
    slow.call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn both_are_cut_off_at_the_deadline() {
    let config = hedged().with_timeouts(300 * MILLI, 300 * MILLI);
    let slow = Slow::new(config, Repeat::Safe).measured().await;
    slow.then(&[(5_000, 200), (5_000, 200)]);
    let started = now();
    let error = slow.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!((now() - started) <= 301 * MILLI, "{:?}", (now() - started));
    assert_eq!(slow.running.load(Ordering::Relaxed), 0);
}
