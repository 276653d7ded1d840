use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::{advance, timeout};
use tower::{Layer, Service, ServiceExt};
use tower_test::mock::{self, Handle, Mock};

use super::{Config, ENV, Parts, Resilience, ResilienceLayer};
use crate::{
    backoff::{Backoff, Jitter},
    bulkhead::BulkheadConfig,
    circuit_breaker::{CircuitBreakerConfig, CircuitState},
    classify::{Call, Classify, Describe, Repeat, Verdict},
    clock::{Clock, SystemClock},
    error::{Delivery, ErrorKind, GaveUp, MAX_ATTEMPTS_KEPT, Retriability},
    observer::{Event, Happening, Observer},
    rate_limit::Quota,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const SECOND: Duration = Duration::from_secs(1);

/// Answers are status codes; requests below 100 may be repeated; a 429 hints one second.
#[derive(Clone)]
struct Codes;

impl Describe<u32> for Codes {
    fn describe<'a>(&self, request: &'a u32) -> Call<'a> {
        let repeat = if *request < 100 {
            Repeat::Harmless
        } else {
            Repeat::Harmful
        };
        Call::new("demo.call", "demo").with_repeat(repeat)
    }
}

impl Classify<u16, BoxError> for Codes {
    fn classify(&self, call: &Call<'_>, outcome: Result<&u16, &BoxError>) -> Verdict {
        assert_eq!((&*call.operation, &*call.key), ("demo.call", "demo"));
        match outcome {
            Ok(code) => match ErrorKind::from_status(*code) {
                None => Verdict::success(),
                Some(kind) => Verdict::failure(kind).with_hint((*code == 429).then_some(SECOND)),
            },
            Err(_) => Verdict::failure(ErrorKind::Connect),
        }
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<Happening>>);

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(event.what);
    }
}

/// A second between attempts, no chance.
fn config() -> Config {
    let steady = Backoff::exponential(SECOND, SECOND).with_jitter(Jitter::None);
    Config::default()
        .with_backoff(steady)
        .with_rate_limited_backoff(steady)
}

type Service1 = Resilience<Mock<u32, u16>, Codes>;

fn service(config: Config) -> (Service1, Handle<u32, u16>, Arc<Log>) {
    let (mock, handle) = mock::pair();
    let log = Arc::new(Log::default());
    let parts = Parts::default().with_observer(log.clone());
    let layer = ResilienceLayer::with_parts(config, Codes, parts).unwrap();
    (layer.layer(mock), handle, log)
}

async fn answer(handle: &mut Handle<u32, u16>, code: u16) -> u32 {
    let (request, send) = handle.next_request().await.unwrap();
    send.send_response(code);
    request
}

#[tokio::test(start_paused = true)]
async fn a_success_is_passed_on() {
    let (service, mut handle, _) = service(config());
    let (response, request) = tokio::join!(service.oneshot(1), answer(&mut handle, 200));
    assert_eq!((response.unwrap(), request), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn it_is_always_ready_and_takes_nothing_by_being_so() {
    let bulkhead = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(0);
    let (mut service, mut handle, _) = service(config().with_bulkhead(bulkhead));
    handle.allow(0);
    let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
    for service in &mut idle {
        service.ready().await.unwrap();
    }
    handle.allow(1);
    let (response, _) = tokio::join!(
        service.ready().await.unwrap().call(1),
        answer(&mut handle, 200)
    );
    response.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_attempt_waits_for_the_inner_service_within_its_timeout() {
    let (service, mut handle, _) = service(config().with_max_attempts(1));
    handle.allow(0);
    let error = service.oneshot(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptTimeout);
    assert_eq!(error.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_fails_to_get_ready_is_a_failed_attempt() {
    let (service, mut handle, _) = service(config().with_max_attempts(1));
    handle.send_error("out of order");
    let error = service.oneshot(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("out of order")
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_retried_after_the_backoff() {
    let (service, mut handle, log) = service(config());
    let started = SystemClock.now();
    let call = tokio::spawn(service.oneshot(1));
    answer(&mut handle, 503).await;
    answer(&mut handle, 503).await;
    answer(&mut handle, 200).await;
    assert_eq!(call.await.unwrap().unwrap(), 200);
    assert_eq!(started.elapsed(), 2 * SECOND);
    let retries = log.0.lock().unwrap().clone();
    let scheduled = |attempt| Happening::RetryScheduled {
        attempt,
        delay: SECOND,
    };
    assert!(retries.contains(&scheduled(1)) && retries.contains(&scheduled(2)));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_stays_a_failure_is_handed_back_as_it_is() {
    let (service, mut handle, log) = service(config());
    let call = tokio::spawn(service.oneshot(1));
    for _ in 0..3 {
        answer(&mut handle, 503).await;
    }
    assert_eq!(call.await.unwrap().unwrap(), 503);
    let ended = log.0.lock().unwrap().last().copied().unwrap();
    let Happening::CallEnded {
        attempts, gave_up, ..
    } = ended
    else {
        panic!("{ended:?}")
    };
    assert_eq!((attempts, gave_up), (3, Some(GaveUp::AttemptsUsed)));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_executed_is_not_repeated_if_that_does_harm() {
    let (service, mut handle, _) = service(config());
    let call = tokio::spawn(service.oneshot(100));
    answer(&mut handle, 500).await;
    assert_eq!(call.await.unwrap().unwrap(), 500);
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_is_repeated_even_if_that_does_harm() {
    let (service, mut handle, _) = service(config());
    let call = tokio::spawn(service.oneshot(100));
    handle.next_request().await.unwrap().1.send_error("refused");
    answer(&mut handle, 200).await;
    assert_eq!(call.await.unwrap().unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_hint_pauses_the_other_callers_too() {
    let (service, mut handle, log) = service(config().with_max_attempts(1));
    let first = tokio::spawn(service.clone().oneshot(1));
    answer(&mut handle, 429).await;
    assert_eq!(first.await.unwrap().unwrap(), 429);
    let second = tokio::spawn(service.oneshot(2));
    assert!(timeout(SECOND / 2, handle.next_request()).await.is_err());
    answer(&mut handle, 200).await;
    assert_eq!(second.await.unwrap().unwrap(), 200);
    assert!(
        log.0
            .lock()
            .unwrap()
            .contains(&Happening::Paused { wait: SECOND })
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_last_attempt_short() {
    let config = config().with_timeouts(Duration::from_secs(15), Duration::from_secs(10));
    let (service, mut handle, _) = service(config);
    let call = tokio::spawn(service.oneshot(1));
    let _hanging = handle.next_request().await.unwrap();
    let _hanging_too = handle.next_request().await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.elapsed(), Duration::from_secs(15));
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|a| (a.kind, a.elapsed, a.waited))
        .collect();
    let (first, second) = (Duration::from_secs(10), Duration::from_secs(4));
    assert_eq!(
        kinds,
        [
            (ErrorKind::AttemptTimeout, first, Duration::ZERO),
            (ErrorKind::DeadlineExceeded, second, SECOND),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_kept_still_has_its_whole_attempt() {
    let (mut service, mut handle, _) = service(config());
    let call = service.ready().await.unwrap().call(1);
    advance(Duration::from_secs(11)).await;
    let call = tokio::spawn(call);
    let (_, send) = handle.next_request().await.unwrap();
    advance(Duration::from_secs(9)).await;
    send.send_response(200);
    assert_eq!(call.await.unwrap().unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_error_remembers_the_latest_attempts_only() {
    for extra in [0, 1] {
        let kept = u32::try_from(MAX_ATTEMPTS_KEPT).unwrap();
        let attempts = kept + extra;
        let config = config()
            .with_max_attempts(attempts)
            .with_circuit_breaker(None);
        let config = config.with_timeouts(100 * SECOND, SECOND);
        let (service, mut handle, _) = service(config);
        let call = tokio::spawn(service.oneshot(1));
        for _ in 0..attempts {
            handle.next_request().await.unwrap().1.send_error("refused");
        }
        let error = call.await.unwrap().unwrap_err();
        let numbers: Vec<_> = error
            .attempts()
            .iter()
            .map(|attempt| attempt.number)
            .collect();
        assert_eq!(numbers, (1 + extra..=attempts).collect::<Vec<_>>());
        assert!(
            error.to_string().contains(&format!("attempts={attempts}")),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_spaces_attempts_and_refuses_what_comes_too_late() {
    let config = config()
        .with_timeouts(3 * SECOND, SECOND)
        .with_rate_limit(Quota::per_second(1).with_burst(1));
    let (service, mut handle, _) = service(config);
    let calls: Vec<_> = (0..5)
        .map(|n| tokio::spawn(service.clone().oneshot(n)))
        .collect();
    let server = tokio::spawn(async move { while answer(&mut handle, 200).await < 100 {} });
    let mut refused = 0;
    for call in calls {
        if let Err(error) = call.await.unwrap() {
            assert_eq!(error.kind(), ErrorKind::LimitedLocally);
            assert_eq!(error.gave_up(), Some(GaveUp::DeadlineTooClose));
            assert!(matches!(error.retriability(), Retriability::After(_)));
            refused += 1;
        }
    }
    assert_eq!(refused, 2);
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn a_quota_can_be_given_and_changed_at_run_time() {
    let inner = tower::service_fn(|_: u32| async { Ok::<u16, BoxError>(200) });
    let layer = ResilienceLayer::standard(Codes).unwrap();
    let service = layer.layer(inner);
    let run = || async {
        let started = SystemClock.now();
        for number in 0..3 {
            service.clone().oneshot(number).await.unwrap();
        }
        SystemClock.now() - started
    };
    assert_eq!(run().await, Duration::ZERO);
    layer
        .set_rate_limit("demo", Quota::per_second(1).with_burst(1))
        .unwrap();
    assert_eq!(run().await, 2 * SECOND);
    layer
        .set_rate_limit("demo", Quota::per_second(1_000))
        .unwrap();
    assert!(run().await < SECOND / 100);
    assert!(layer.set_rate_limit("demo", Quota::per_second(0)).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_breaker_sees_every_attempt_and_ends_the_retries() {
    let breaker = CircuitBreakerConfig::default().with_window(10, 2);
    let (service, mut handle, log) = service(config().with_circuit_breaker(breaker));
    let call = tokio::spawn(service.clone().oneshot(1));
    answer(&mut handle, 503).await;
    answer(&mut handle, 503).await;
    assert_eq!(
        call.await.unwrap().unwrap(),
        503,
        "the open circuit ends the retries"
    );
    let error = service.clone().oneshot(2).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::CircuitOpen, Delivery::NotSent)
    );

    advance(Duration::from_secs(6)).await;
    let probe = tokio::spawn(service.oneshot(3));
    assert_eq!(answer(&mut handle, 200).await, 3);
    probe.await.unwrap().unwrap();
    let changes: Vec<_> = log.0.lock().unwrap().iter().filter_map(changed).collect();
    assert_eq!(changes, [CircuitState::Open, CircuitState::HalfOpen]);
}

fn changed(what: &Happening) -> Option<CircuitState> {
    match what {
        Happening::CircuitChanged { to } => Some(*to),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_gives_its_slot_back() {
    let breaker = CircuitBreakerConfig::default()
        .with_window(1, 1)
        .with_probes(1);
    let (service, mut handle, _) =
        service(config().with_circuit_breaker(breaker).with_max_attempts(1));
    let call = tokio::spawn(service.clone().oneshot(1));
    answer(&mut handle, 503).await;
    call.await.unwrap().unwrap();
    advance(Duration::from_secs(6)).await;
    for _ in 0..3 {
        let probe = tokio::spawn(service.clone().oneshot(2));
        let _request = handle.next_request().await.unwrap();
        let refused = service.clone().oneshot(3).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::CircuitOpen);
        probe.abort();
        assert!(probe.await.unwrap_err().is_cancelled());
    }
    let probe = tokio::spawn(service.oneshot(4));
    answer(&mut handle, 200).await;
    probe.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_queues_then_refuses_and_the_wait_is_bounded() {
    let bulkhead = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(1)
        .with_max_wait(2 * SECOND);
    let (service, mut handle, _) = service(config().with_bulkhead(bulkhead));
    let running = tokio::spawn(service.clone().oneshot(1));
    let (_, send) = handle.next_request().await.unwrap();
    let queued = tokio::spawn(service.clone().oneshot(2));
    tokio::task::yield_now().await;
    assert_eq!(
        service.clone().oneshot(3).await.unwrap_err().kind(),
        ErrorKind::BulkheadFull
    );
    let error = queued.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BulkheadFull);
    assert_eq!(error.elapsed(), 2 * SECOND);
    send.send_response(200);
    running.await.unwrap().unwrap();
}

/// Without a runtime a timer would panic.
#[test]
fn a_call_over_a_ready_service_arms_no_timer() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let inner = tower::service_fn(move |_: u32| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<u16, BoxError>(200))
    });
    let service = ResilienceLayer::standard(Codes).unwrap().layer(inner);
    let mut call = Box::pin(service.oneshot(1));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(
        call.as_mut().poll(&mut context).is_ready(),
        "one poll is enough"
    );
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn impossible_configurations_name_the_field() {
    let ok = Config::default;
    let long = Duration::from_secs(31 * 24 * 60 * 60);
    let rows = [
        (ok().with_timeouts(Duration::ZERO, SECOND), "deadline"),
        (ok().with_timeouts(long, SECOND), "deadline"),
        (
            ok().with_timeouts(SECOND, Duration::ZERO),
            "attempt_timeout",
        ),
        (ok().with_timeouts(SECOND, 2 * SECOND), "attempt_timeout"),
        (ok().with_max_attempts(0), "max_attempts"),
        (
            ok().with_max_attempts(Config::MAX_ATTEMPTS + 1),
            "max_attempts",
        ),
        (
            ok().with_backoff(Backoff::exponential(SECOND, long)),
            "backoff.cap",
        ),
        (ok().with_hint_cap(long), "hint_cap"),
        (
            ok().with_bulkhead(BulkheadConfig::default().with_max_wait(31 * SECOND)),
            "bulkhead.max_wait",
        ),
        (
            ok().with_rate_limit(Quota::per_second(0)),
            "rate_limit.permits",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
    }
    assert!(
        ok().with_max_attempts(Config::MAX_ATTEMPTS)
            .validate()
            .is_ok()
    );
}

#[test]
fn every_variable_is_read_and_its_documented_default_is_the_default() {
    let documented = |name: &str| {
        ENV.iter()
            .find(|var| var.name == name)
            .and_then(|var| var.default)
            .map(str::to_owned)
    };
    assert_eq!(Config::from_vars(documented).unwrap(), Config::default());
    for var in ENV {
        let lookup = |name: &str| (name == var.name).then(|| "7".to_owned());
        let changed = Config::from_vars(lookup);
        assert_ne!(
            changed.ok(),
            Some(Config::default()),
            "{} is not read",
            var.name
        );
        let garbage = |name: &str| (name == var.name).then(|| "many".to_owned());
        let error = Config::from_vars(garbage).unwrap_err().to_string();
        assert!(error.contains(var.name), "{error}");
    }
}
