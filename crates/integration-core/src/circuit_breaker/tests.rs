use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use tokio::time::Instant;

use super::{CircuitBreaker, CircuitBreakerConfig, CircuitState, Permit, Settled};
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
    breaker_of(config())
}

fn breaker_of(config: CircuitBreakerConfig) -> (Arc<CircuitBreaker>, Instant) {
    (
        Arc::new(CircuitBreaker::new(config, Arc::new(NoJitter)).unwrap()),
        SystemClock.now(),
    )
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
    let (breaker, now) = breaker_of(CircuitBreakerConfig::default());
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

#[test]
fn impossible_configurations_name_the_field() {
    let ok = CircuitBreakerConfig::default;
    let rows = [
        (ok().with_window(0, 1), "window"),
        (ok().with_window(10_001, 1), "window"),
        (ok().with_window(10, 0), "min_throughput"),
        (ok().with_window(10, 11), "min_throughput"),
        (ok().with_failure_rate(0), "failure_rate"),
        (ok().with_failure_rate(101), "failure_rate"),
        (ok().with_open_for(Duration::ZERO, SECOND), "open_for"),
        (ok().with_open_for(2 * SECOND, SECOND), "open_for"),
        (ok().with_open_for(SECOND, Duration::MAX), "max_open_for"),
        (ok().with_probes(0), "probes"),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.contains(&format!("`circuit_breaker.{field}`")),
            "{error}"
        );
    }
    assert!(ok().with_window(10_000, 10_000).validate().is_ok());
}

/// The breaker as one would write it without a care for speed.
struct Model {
    results: Vec<bool>,
    open_until: Option<Instant>,
    probes: Option<(u16, u16)>,
    generation: u32,
    trips: u32,
}

impl Model {
    fn change(&mut self, open_until: Option<Instant>, probes: Option<(u16, u16)>) {
        (self.open_until, self.probes) = (open_until, probes);
        self.generation += 1;
        self.results.clear();
    }

    fn admit(&mut self, config: &CircuitBreakerConfig, now: Instant) -> Option<u32> {
        if self.open_until.is_some_and(|until| now < until) {
            return None;
        }
        if self.open_until.is_some() {
            self.change(None, Some((0, 0)));
        }
        if let Some((running, succeeded)) = &mut self.probes {
            if *running + *succeeded == config.probes {
                return None;
            }
            *running += 1;
        }
        Some(self.generation)
    }

    fn settle(&mut self, config: &CircuitBreakerConfig, of: u32, health: Health, now: Instant) {
        if of != self.generation {
            return;
        }
        if let Some((running, succeeded)) = &mut self.probes {
            *running -= 1;
            match health {
                Success if *succeeded + 1 == config.probes => {
                    self.trips = 0;
                    self.change(None, None);
                }
                Success => *succeeded += 1,
                Failure => self.trip(config, now),
                Neutral => {}
            }
            return;
        }
        if health == Neutral {
            return;
        }
        self.results.push(health == Failure);
        let latest = self.results.iter().rev().take(usize::from(config.window));
        let (all, failed) = (
            latest.clone().count(),
            latest.filter(|failed| **failed).count(),
        );
        let enough = all >= usize::from(config.min_throughput);
        if health == Failure && enough && failed * 100 >= all * usize::from(config.failure_rate) {
            self.trip(config, now);
        }
    }

    fn trip(&mut self, config: &CircuitBreakerConfig, now: Instant) {
        let open_for = (config.open_for * 2_u32.pow(self.trips.min(20))).min(config.max_open_for);
        self.trips += 1;
        self.change(Some(now + open_for), None);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(usize, Health),
    Drop(usize),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let health = prop_oneof![3 => Just(Failure), 3 => Just(Success), 1 => Just(Neutral)];
    let step = prop_oneof![
        5 => Just(Step::Admit),
        5 => (0..8_usize, health).prop_map(|(which, health)| Step::Settle(which, health)),
        1 => (0..8_usize).prop_map(Step::Drop),
        2 => (0..3_000_u64).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    #[test]
    fn it_behaves_like_the_model(steps in steps(), window in 1..70_u16, rate in 1..=100_u8, probes in 1..4_u16) {
        let min = window.div_ceil(3);
        let config = config().with_window(window, min).with_failure_rate(rate).with_probes(probes);
        let (breaker, mut now) = breaker_of(config.clone());
        let mut model =
            Model { results: vec![], open_until: None, probes: None, generation: 0, trips: 0 };
        let mut running: Vec<(Permit, u32)> = Vec::new();
        for step in steps {
            match step {
                Step::Advance(millis) => now += Duration::from_millis(millis),
                Step::Admit => {
                    prop_assert_eq!(breaker.peek(now).err(), breaker.peek(now).err());
                    let peeked = breaker.peek(now).is_ok();
                    let (real, modeled) = (breaker.admit(now), model.admit(&config, now));
                    prop_assert_eq!(real.is_ok(), modeled.is_some());
                    prop_assert_eq!(real.is_ok(), peeked);
                    running.extend(real.ok().zip(modeled));
                }
                Step::Settle(which, health) if which < running.len() => {
                    let (permit, generation) = running.swap_remove(which);
                    permit.settle(health, now);
                    model.settle(&config, generation, health, now);
                }
                Step::Drop(which) if which < running.len() => {
                    let (permit, generation) = running.swap_remove(which);
                    drop(permit);
                    model.settle(&config, generation, Neutral, now);
                }
                Step::Settle(..) | Step::Drop(_) => {}
            }
            let state = match (model.open_until, model.probes) {
                (Some(until), _) if now < until => CircuitState::Open,
                (Some(_), _) | (_, Some(_)) => CircuitState::HalfOpen,
                (None, None) => CircuitState::Closed,
            };
            prop_assert_eq!(breaker.state(now), state);
        }
    }
}
