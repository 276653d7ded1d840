mod configs;
mod control;
mod model;
mod threads;
mod windows;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{CircuitBreaker, CircuitBreakerConfig, CircuitState, Settled};
use crate::{
    clock::{Clock, SystemClock},
    error::Health::{self, Failure, Neutral, Success},
    rng::{Rng, SeededRng},
};

struct NoJitter;

impl Rng for NoJitter {
    fn fraction(&self) -> f64 {
        0.0
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn config() -> CircuitBreakerConfig {
    CircuitBreakerConfig::default()
        .with_window(10, 4)
        .with_open_for(SECOND, 4 * SECOND)
        .with_probes(2)
}

fn breaker() -> (Arc<CircuitBreaker>, Instant) {
    (breaker_of(config()), start())
}

fn breaker_of(config: CircuitBreakerConfig) -> Arc<CircuitBreaker> {
    Arc::new(CircuitBreaker::new(config, Arc::new(NoJitter)).unwrap())
}

/// Late enough that tests can go back from it.
fn start() -> Instant {
    SystemClock.now() + 60 * SECOND
}

fn record(breaker: &Arc<CircuitBreaker>, health: Health, now: Instant) -> Settled {
    breaker.admit(now).unwrap().settle(health, now)
}

fn open(breaker: &Arc<CircuitBreaker>, now: Instant) {
    while record(breaker, Failure, now) != Settled::Changed(CircuitState::Open) {}
}

#[test]
fn it_opens_at_the_minimum_throughput_and_not_one_before() {
    let (breaker, now) = breaker();
    for _ in 0..3 {
        assert_eq!(record(&breaker, Failure, now), Settled::Counted);
    }
    assert_eq!(
        record(&breaker, Failure, now),
        Settled::Changed(CircuitState::Open)
    );
    assert_eq!(breaker.admit(now).unwrap_err().until, Some(now + SECOND));
}

#[test]
fn it_opens_at_the_failure_rate_and_not_below() {
    let (breaker, now) = breaker();
    for _ in 0..5 {
        record(&breaker, Success, now);
    }
    for _ in 0..4 {
        assert_eq!(record(&breaker, Failure, now), Settled::Counted);
    }
    assert_eq!(
        record(&breaker, Failure, now),
        Settled::Changed(CircuitState::Open)
    );
}

#[test]
fn a_million_successes_do_not_delay_opening() {
    let (breaker, now) = (breaker_of(CircuitBreakerConfig::default()), start());
    for _ in 0..1_000_000 {
        record(&breaker, Success, now);
    }
    for failures in 1..=50 {
        let settled = record(&breaker, Failure, now);
        assert_eq!(
            settled == Settled::Changed(CircuitState::Open),
            failures == 50,
            "{failures}"
        );
    }
}

#[test]
fn neutral_results_count_for_nothing() {
    let (breaker, now) = breaker();
    for _ in 0..100 {
        assert_eq!(record(&breaker, Neutral, now), Settled::Neutral);
    }
    for _ in 0..3 {
        record(&breaker, Failure, now);
    }
    assert_eq!(breaker.state(now), CircuitState::Closed);
}

#[test]
fn it_closes_when_every_probe_succeeded() {
    let (breaker, now) = breaker();
    open(&breaker, now);
    let later = now + SECOND;
    assert_eq!(record(&breaker, Success, later), Settled::Counted);
    assert_eq!(breaker.state(later), CircuitState::HalfOpen);
    assert_eq!(
        record(&breaker, Success, later),
        Settled::Changed(CircuitState::Closed)
    );
}

#[test]
fn no_more_probes_than_configured_are_under_way() {
    let (breaker, now) = breaker();
    open(&breaker, now);
    let later = now + SECOND;
    let probes = [breaker.admit(later).unwrap(), breaker.admit(later).unwrap()];
    assert_eq!(breaker.admit(later).unwrap_err().until, None);
    drop(probes);
    let first = breaker.admit(later).unwrap();
    first.settle(Success, later);
    let _second = breaker.admit(later).unwrap();
    assert!(
        breaker.admit(later).is_err(),
        "a success must not make room for a third probe"
    );
}

#[test]
fn a_neutral_probe_gives_its_slot_back() {
    let (breaker, now) = breaker();
    open(&breaker, now);
    let later = now + SECOND;
    for _ in 0..50 {
        breaker.admit(later).unwrap().settle(Neutral, later);
        drop(breaker.admit(later).unwrap());
    }
    assert_eq!(breaker.state(later), CircuitState::HalfOpen);
}

#[test]
fn a_success_from_before_the_trip_closes_nothing() {
    let (breaker, now) = breaker();
    let stale = [breaker.admit(now).unwrap(), breaker.admit(now).unwrap()];
    open(&breaker, now);
    let later = now + SECOND;
    let _probe = breaker.admit(later).unwrap();
    for permit in stale {
        assert_eq!(permit.settle(Success, later), Settled::Stale);
    }
    assert_eq!(breaker.state(later), CircuitState::HalfOpen);
}

#[test]
fn it_stays_open_twice_as_long_each_time_up_to_the_cap() {
    let (breaker, mut now) = breaker();
    open(&breaker, now);
    for seconds in [1, 2, 4, 4] {
        let wait = SECOND * seconds;
        assert!(breaker.peek(now + wait - Duration::from_nanos(1)).is_err());
        now += wait;
        assert!(breaker.peek(now).is_ok());
        record(&breaker, Failure, now);
    }
}

#[test]
fn the_open_time_is_jittered_within_a_fifth() {
    let breaker = CircuitBreaker::new(config(), Arc::new(SeededRng::new(7))).unwrap();
    let (breaker, now) = (Arc::new(breaker), SystemClock.now());
    open(&breaker, now);
    let until = breaker.admit(now).unwrap_err().until.unwrap();
    assert!(until <= now + SECOND && until > now + SECOND * 8 / 10);
}
