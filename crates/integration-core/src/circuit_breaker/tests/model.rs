//! The breaker as one would write it without a care for speed: every result is kept, with its time.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{SECOND, breaker_of, start};
use crate::{
    circuit_breaker::{
        CircuitBreakerConfig, CircuitMetrics, CircuitMode, CircuitState, CircuitWindow, Permit,
        Settled, window::Tally,
    },
    error::Health::{self, Failure, Neutral, Success},
};

/// The documented steps of a time window.
const BUCKETS: u32 = 32;

struct Model {
    config: CircuitBreakerConfig,
    mode: CircuitMode,
    results: Vec<Kept>,
    open_until: Option<Instant>,
    probes: Option<(u16, u16)>,
    generation: u32,
    trips: u32,
    refused: u64,
}

struct Kept {
    at: Instant,
    failed: bool,
    slow: bool,
}

/// The generation is `None` when the result will not count.
#[derive(Clone, Copy)]
struct Admitted {
    generation: Option<u32>,
    at: Instant,
    changed: Option<CircuitState>,
}

impl Model {
    fn new(config: CircuitBreakerConfig) -> Self {
        Self {
            mode: config.mode,
            config,
            results: vec![],
            open_until: None,
            probes: None,
            generation: 0,
            trips: 0,
            refused: 0,
        }
    }

    fn change(&mut self, open_until: Option<Instant>, probes: Option<(u16, u16)>) {
        (self.open_until, self.probes) = (open_until, probes);
        self.generation += 1;
        self.results.clear();
    }

    fn set_mode(&mut self, mode: CircuitMode) {
        if mode != self.mode {
            self.mode = mode;
            self.trips = 0;
            self.change(None, None);
        }
    }

    fn refuses(&self, now: Instant) -> bool {
        let full = |(running, succeeded)| running + succeeded == self.config.probes;
        self.mode == CircuitMode::ForcedOpen
            || self.open_until.is_some_and(|until| now < until)
            || self.probes.is_some_and(full)
    }

    fn admit(&mut self, now: Instant) -> Option<Admitted> {
        let mut admitted = Admitted {
            generation: None,
            at: now,
            changed: None,
        };
        if self.refuses(now) {
            self.refused += 1;
            return (self.mode == CircuitMode::MetricsOnly).then_some(admitted);
        }
        if self.mode == CircuitMode::Disabled {
            return Some(admitted);
        }
        if self.open_until.is_some() {
            self.change(None, Some((0, 0)));
            admitted.changed = Some(CircuitState::HalfOpen);
        }
        if let Some((running, _)) = &mut self.probes {
            *running += 1;
        }
        admitted.generation = Some(self.generation);
        Some(admitted)
    }

    fn settle(&mut self, call: Admitted, health: Health, now: Instant) -> Settled {
        let Some(generation) = call.generation else {
            return Settled::Uncounted;
        };
        if generation != self.generation {
            return Settled::Stale;
        }
        let took = now.saturating_duration_since(call.at);
        let failed = health == Failure;
        let slow = self
            .config
            .slow_call_after
            .is_some_and(|after| took >= after);
        if let Some((running, _)) = &mut self.probes {
            *running -= 1;
        }
        if health == Neutral {
            return Settled::Neutral;
        }
        if let Some((_, succeeded)) = &mut self.probes {
            if failed || slow {
                return self.trip(now);
            }
            *succeeded += 1;
            if *succeeded < self.config.probes {
                return Settled::Counted;
            }
            self.trips = 0;
            self.change(None, None);
            return Settled::Changed(CircuitState::Closed);
        }
        let at = self.results.last().map_or(now, |last| last.at.max(now));
        self.results.push(Kept { at, failed, slow });
        let tally = self.tally(now);
        let opens = match self.config.window {
            CircuitWindow::Consecutive(limit) => tally.failures >= u64::from(limit),
            _ => {
                let share = |part: u64| part as f64 * 100.0 / tally.results as f64;
                tally.results >= u64::from(self.config.min_throughput)
                    && (failed && share(tally.failures) >= f64::from(self.config.failure_rate)
                        || slow && share(tally.slow) >= f64::from(self.config.slow_call_rate))
            }
        };
        if opens {
            self.trip(now)
        } else {
            Settled::Counted
        }
    }

    fn trip(&mut self, now: Instant) -> Settled {
        let open_for = self.config.open_for * 2_u32.pow(self.trips.min(20));
        self.trips += 1;
        self.change(Some(now + open_for.min(self.config.max_open_for)), None);
        Settled::Changed(CircuitState::Open)
    }

    fn tally(&self, now: Instant) -> Tally {
        let count = |kept: &[&Kept]| Tally {
            results: kept.len() as u64,
            failures: kept.iter().filter(|kept| kept.failed).count() as u64,
            slow: kept.iter().filter(|kept| kept.slow).count() as u64,
        };
        let latest = self.results.iter().rev();
        match self.config.window {
            CircuitWindow::Count(size) => {
                count(&latest.take(usize::from(size)).collect::<Vec<_>>())
            }
            CircuitWindow::Consecutive(_) => {
                count(&latest.take_while(|kept| kept.failed).collect::<Vec<_>>())
            }
            CircuitWindow::Time(length) => {
                let (Some(first), Some(last)) = (self.results.first(), self.results.last()) else {
                    return Tally::default();
                };
                let step = (length / BUCKETS).as_nanos();
                let bucket = |at: Instant| (at - first.at).as_nanos() / step;
                let newest = bucket(now.max(last.at));
                let fresh = |kept: &&Kept| bucket(kept.at) + u128::from(BUCKETS) > newest;
                count(&latest.filter(fresh).collect::<Vec<_>>())
            }
        }
    }

    fn state(&self, now: Instant) -> CircuitState {
        match (self.open_until, self.probes) {
            _ if self.mode == CircuitMode::ForcedOpen => CircuitState::Open,
            (Some(until), _) if now < until => CircuitState::Open,
            (Some(_), _) | (_, Some(_)) => CircuitState::HalfOpen,
            (None, None) => CircuitState::Closed,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The time is read so many milliseconds before the step, as another thread may have done.
    Admit(u64),
    Settle(usize, Health, u64),
    Drop(usize),
    Advance(Duration),
    Mode(CircuitMode),
    /// So many calls, one after the other.
    Burst(u32, Health),
    /// At the metrics; not after every step, as that makes waiting results count.
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let health = || prop_oneof![4 => Just(Failure), 4 => Just(Success), 1 => Just(Neutral)];
    let lag = || prop_oneof![4 => Just(0), 1 => 0..5_000_u64];
    let mode = prop_oneof![
        4 => Just(CircuitMode::Automatic),
        2 => Just(CircuitMode::MetricsOnly),
        1 => Just(CircuitMode::ForcedOpen),
        1 => Just(CircuitMode::Disabled),
    ];
    let advance = prop_oneof![
        20 => (0..800_u64).prop_map(Duration::from_millis),
        4 => (0..8_u64).prop_map(Duration::from_secs),
        1 => (0..400_u64).prop_map(|days| SECOND * 86_400 * u32::try_from(days).unwrap()),
    ];
    let step = prop_oneof![
        50 => lag().prop_map(Step::Admit),
        50 => (0..6_usize, health(), lag()).prop_map(|(which, health, lag)| Step::Settle(which, health, lag)),
        8 => (0..6_usize).prop_map(Step::Drop),
        25 => advance.prop_map(Step::Advance),
        2 => mode.prop_map(Step::Mode),
        4 => (1..200_u32, health()).prop_map(|(calls, health)| Step::Burst(calls, health)),
        15 => Just(Step::Look),
    ];
    prop::collection::vec(step, 1..400)
}

fn configs() -> impl Strategy<Value = CircuitBreakerConfig> {
    let slow = prop::option::of((1..1_500_u64, 1..=100_u8));
    let window = prop_oneof![
        (1..70_u16).prop_map(CircuitWindow::Count),
        prop_oneof![100..20_000_u64, 20_000..300_000_u64]
            .prop_map(|millis| CircuitWindow::Time(Duration::from_millis(millis))),
        (1..6_u16).prop_map(CircuitWindow::Consecutive),
    ];
    (window, 1..20_u16, 1..=100_u8, slow, 1..4_u16).prop_map(|(window, min, rate, slow, probes)| {
        let config = super::config().with_failure_rate(rate).with_probes(probes);
        let config = match slow {
            Some((after, percent)) => config.with_slow_calls(Duration::from_millis(after), percent),
            None => config,
        };
        match window {
            CircuitWindow::Count(size) => config.with_window(size, min.min(size)),
            CircuitWindow::Time(length) => config.with_time_window(length, min),
            CircuitWindow::Consecutive(failures) => CircuitBreakerConfig {
                slow_call_after: None,
                ..config.with_consecutive(failures)
            },
        }
    })
}

fn seen(metrics: &CircuitMetrics) -> Tally {
    Tally {
        results: metrics.results,
        failures: metrics.failures,
        slow: metrics.slow,
    }
}

proptest! {
    #[test]
    fn it_behaves_like_the_model(steps in steps(), config in configs()) {
        let (breaker, mut now) = (breaker_of(config.clone()), start());
        let mut model = Model::new(config);
        let mut running: Vec<(Permit, Admitted)> = Vec::new();
        for step in steps {
            match step {
                Step::Advance(by) => now += by,
                Step::Mode(mode) => {
                    breaker.set_mode(mode);
                    model.set_mode(mode);
                }
                Step::Admit(lag) => {
                    let now = now - Duration::from_millis(lag);
                    let peeked = breaker.peek(now);
                    let (real, modeled) = (breaker.admit(now), model.admit(now));
                    prop_assert_eq!(real.is_ok(), modeled.is_some());
                    prop_assert_eq!(peeked.err(), real.as_ref().err().copied());
                    if let Err(denied) = &real {
                        let shut = model.mode == CircuitMode::ForcedOpen;
                        prop_assert_eq!(denied.until, model.open_until.filter(|_| !shut));
                    }
                    let both = real.ok().zip(modeled);
                    if let Some((permit, admitted)) = &both {
                        prop_assert_eq!(permit.changed(), admitted.changed);
                    }
                    running.extend(both);
                }
                Step::Settle(which, health, lag) if which < running.len() => {
                    let now = now - Duration::from_millis(lag);
                    let (permit, admitted) = running.swap_remove(which);
                    let modeled = model.settle(admitted, health, now);
                    prop_assert_eq!(permit.settle(health, now), modeled);
                }
                Step::Drop(which) if which < running.len() => {
                    let (permit, admitted) = running.swap_remove(which);
                    drop(permit);
                    model.settle(admitted, Neutral, now);
                }
                Step::Settle(..) | Step::Drop(_) => {}
                Step::Burst(calls, health) => for _ in 0..calls {
                    let (real, modeled) = (breaker.admit(now), model.admit(now));
                    prop_assert_eq!(real.is_ok(), modeled.is_some());
                    if let (Ok(permit), Some(admitted)) = (real, modeled) {
                        let modeled = model.settle(admitted, health, now);
                        prop_assert_eq!(permit.settle(health, now), modeled);
                    }
                },
                Step::Look => {
                    let metrics = breaker.metrics(now);
                    prop_assert_eq!(metrics.state, model.state(now));
                    prop_assert_eq!((metrics.mode, metrics.trips), (model.mode, model.trips));
                    prop_assert_eq!(metrics.refused, model.refused);
                    prop_assert_eq!(seen(&metrics), model.tally(now));
                }
            }
            prop_assert_eq!(breaker.state(now), model.state(now));
        }
        prop_assert_eq!(seen(&breaker.metrics(now)), model.tally(now));
    }

    #[test]
    fn a_restored_breaker_stands_where_the_other_stood(steps in steps(), config in configs()) {
        let (breaker, mut now) = (breaker_of(config.clone()), start());
        let mut running: Vec<Permit> = Vec::new();
        for step in steps {
            match step {
                Step::Advance(by) => now += by,
                Step::Admit(_) => running.extend(breaker.admit(now)),
                Step::Settle(which, health, _) if which < running.len() => {
                    running.swap_remove(which).settle(health, now);
                }
                Step::Look => {
                    let snapshot = breaker.snapshot(now);
                    let restored = breaker_of(config.clone());
                    restored.restore(&snapshot, now);
                    prop_assert_eq!(restored.snapshot(now), snapshot);
                    prop_assert_eq!(restored.state(now), breaker.state(now));
                    if snapshot.state == CircuitState::Open {
                        prop_assert_eq!(restored.peek(now), breaker.peek(now));
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_time_window_holds_what_is_younger_than_its_length_less_one_step(
        gaps in prop::collection::vec((0..400_u64, any::<bool>()), 1..300),
    ) {
        let length = SECOND * 3;
        // So many results never come, so that the circuit stays closed.
        let config = super::config().with_time_window(length, u16::MAX);
        let (breaker, mut now) = (breaker_of(config), start());
        let mut all: Vec<(Instant, bool)> = Vec::new();
        for (millis, failed) in gaps {
            now += Duration::from_millis(millis);
            let health = if failed { Failure } else { Success };
            breaker.admit(now).unwrap().settle(health, now);
            all.push((now, failed));
            let younger = |than: Duration| {
                let kept = all.iter().filter(|(at, _)| now - *at < than);
                (kept.clone().count() as u64, kept.filter(|(_, failed)| *failed).count() as u64)
            };
            let (least, most) = (younger(length - length / BUCKETS), younger(length));
            let metrics = breaker.metrics(now);
            prop_assert!((least.0..=most.0).contains(&metrics.results));
            prop_assert!((least.1..=most.1).contains(&metrics.failures));
        }
    }
}
