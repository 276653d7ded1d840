use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{Adaptive, AdaptiveLimit, AdaptiveLimitConfig, Aimd, Gradient2, Outcome, Permit};
use crate::{
    bulkhead::{Admission, Priority},
    clock::{Clock, SystemClock},
    error::ErrorKind,
};

const MILLI: Duration = Duration::from_millis(1);

fn limit(config: AdaptiveLimitConfig) -> Arc<AdaptiveLimit> {
    Arc::new(AdaptiveLimit::new(config).unwrap())
}

fn aimd(initial: u32) -> AdaptiveLimitConfig {
    let config = AdaptiveLimitConfig::default().with_algorithm(Adaptive::aimd());
    config.with_initial(initial).with_min(2).with_max(100)
}

fn begin(limit: &Arc<AdaptiveLimit>) -> Permit {
    match limit.bulkhead().admit() {
        Ok(Admission::Run(place)) => limit.begin(place, SystemClock.now()),
        other => panic!("{other:?}"),
    }
}

fn samples(limit: &AdaptiveLimit, count: u32, in_flight: u32, outcome: Outcome) -> u32 {
    (0..count).fold(0, |_, _| limit.on_sample(MILLI, in_flight, outcome))
}

#[test]
fn aimd_adds_one_place_a_round_trip() {
    let limit = limit(aimd(20));
    assert_eq!(samples(&limit, 19, 20, Outcome::Success), 20);
    assert_eq!(samples(&limit, 1, 20, Outcome::Success), 21);
    assert_eq!(samples(&limit, 21, 21, Outcome::Success), 22);
}

#[test]
fn those_who_were_turned_away_together_count_once() {
    let limit = limit(aimd(20));
    assert_eq!(limit.on_sample(MILLI, 20, Outcome::Dropped), 18);
    assert_eq!(samples(&limit, 19, 20, Outcome::Dropped), 18);
    assert_eq!(limit.on_sample(MILLI, 18, Outcome::Dropped), 16);
}

#[test]
fn a_slow_attempt_is_turned_away_when_there_is_a_bound() {
    let slow = aimd(20).with_algorithm(Adaptive::Aimd(Aimd::default().with_max_rtt(MILLI)));
    let limit = limit(slow);
    assert_eq!(limit.on_sample(MILLI, 20, Outcome::Success), 20);
    assert_eq!(limit.on_sample(MILLI * 2, 20, Outcome::Success), 18);
}

#[test]
fn neutral_attempts_change_nothing() {
    let limit = limit(aimd(20));
    assert_eq!(samples(&limit, 1_000, 20, Outcome::Neutral), 20);
    for _ in 0..1_000 {
        drop(begin(&limit));
    }
    assert_eq!((limit.limit(), limit.bulkhead().load()), (20, (0, 0)));
}

#[test]
fn the_bounds_hold_whatever_comes() {
    let limit = limit(aimd(20));
    assert_eq!(samples(&limit, 10_000, 100, Outcome::Dropped), 2);
    assert_eq!(samples(&limit, 100_000, 100, Outcome::Success), 100);
}

#[test]
fn a_settled_permit_is_a_sample_and_gives_its_place_back() {
    let limit = limit(aimd(10));
    let permits: Vec<_> = (0..10).map(|_| begin(&limit)).collect();
    assert!(matches!(limit.bulkhead().admit(), Ok(Admission::Wait(_))));
    let now = SystemClock.now() + MILLI;
    let limits: Vec<_> = permits
        .into_iter()
        .map(|permit| permit.settle(Outcome::Success, now))
        .collect();
    assert_eq!(limits.last(), Some(&11));
    assert_eq!(limit.bulkhead().load(), (0, 0));
}

#[test]
fn a_limit_that_grows_lets_the_next_in() {
    let limit = limit(aimd(10));
    let _running: Vec<_> = (0..10).map(|_| begin(&limit)).collect();
    let Ok(Admission::Wait(_ticket)) = limit.bulkhead().admit_with(Priority::Low) else {
        panic!("there was a place");
    };
    samples(&limit, 10, 10, Outcome::Success);
    assert_eq!(limit.bulkhead().load(), (11, 0));
}

#[test]
fn gradient_forgets_quickly_that_the_service_was_slow() {
    let limit = limit(AdaptiveLimitConfig::default());
    let round_trips = |count, rtt, in_flight| {
        (0..count * 20).fold(0, |_, _| limit.on_sample(rtt, in_flight, Outcome::Success))
    };
    round_trips(60, MILLI * 500, 5);
    assert_eq!(round_trips(60, MILLI * 50, 5), 20);
    // Four times what it is by now, though less than half of what it was.
    assert!(round_trips(5, MILLI * 200, 20) < 20);
}

#[test]
fn a_kind_of_failure_tells_whether_the_service_gave_in() {
    let rows = [
        (None, Outcome::Success),
        (Some(ErrorKind::AttemptTimeout), Outcome::Dropped),
        (Some(ErrorKind::Unavailable), Outcome::Dropped),
        (Some(ErrorKind::RateLimited), Outcome::Dropped),
        (Some(ErrorKind::NotFound), Outcome::Neutral),
        (Some(ErrorKind::Internal), Outcome::Neutral),
        (Some(ErrorKind::Cancelled), Outcome::Neutral),
        (Some(ErrorKind::CircuitOpen), Outcome::Neutral),
    ];
    for (kind, outcome) in rows {
        assert_eq!(Outcome::of(kind), outcome, "{kind:?}");
    }
}

#[test]
fn impossible_limits_name_the_field() {
    let ok = AdaptiveLimitConfig::default;
    let by = |algorithm| ok().with_algorithm(algorithm);
    let aimd = |aimd| by(Adaptive::Aimd(aimd));
    let gradient = |gradient| by(Adaptive::Gradient2(gradient));
    let rows = [
        (ok().with_min(0), "min"),
        (ok().with_max(3), "max"),
        (ok().with_max(1_000_001), "max"),
        (ok().with_initial(3), "initial"),
        (ok().with_initial(1_001), "initial"),
        (
            aimd(Aimd::default().with_backoff_percent(100)),
            "backoff_percent",
        ),
        (
            aimd(Aimd::default().with_backoff_percent(9)),
            "backoff_percent",
        ),
        (
            aimd(Aimd::default().with_max_rtt(Duration::ZERO)),
            "max_rtt",
        ),
        (aimd(Aimd::default().with_max_rtt(Duration::MAX)), "max_rtt"),
        (
            gradient(Gradient2::default().with_tolerance_percent(99)),
            "tolerance_percent",
        ),
        (
            gradient(Gradient2::default().with_smoothing_percent(0)),
            "smoothing_percent",
        ),
        (gradient(Gradient2::default().with_headroom(0)), "headroom"),
        (
            gradient(Gradient2::default().with_long_window(9)),
            "long_window",
        ),
        (
            gradient(Gradient2::default().with_probe_every(9)),
            "probe_every",
        ),
    ];
    for (config, field) in rows {
        let error = AdaptiveLimit::new(config).unwrap_err().to_string();
        assert!(error.contains(&format!("`adaptive.{field}`")), "{error}");
    }
}

/// Additive increase, multiplicative decrease, written down as a list of samples.
#[derive(Default)]
struct Model {
    limit: f64,
    successes: Vec<u32>,
    ignored: f64,
}

impl Model {
    fn on_sample(&mut self, in_flight: u32, outcome: Outcome) {
        if self.ignored > 0.0 {
            self.ignored -= 1.0;
            return;
        }
        match outcome {
            Outcome::Success => self.successes.push(in_flight),
            Outcome::Dropped => {
                let under_way = f64::from(in_flight).min(self.limit.floor());
                self.ignored = (under_way - 1.0).max(0.0);
                self.limit = (self.limit * 0.9).max(2.0);
                self.successes.clear();
            }
            Outcome::Neutral => {}
        }
        let samples = u32::try_from(self.successes.len()).unwrap();
        if f64::from(samples) >= self.limit.floor().max(10.0) {
            let most = self.successes.drain(..).max().unwrap();
            if f64::from(most) * 2.0 >= self.limit.floor() {
                self.limit = (self.limit + 1.0).min(100.0);
            }
        }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![8 => Just(Outcome::Success), 1 => Just(Outcome::Dropped), 1 => Just(Outcome::Neutral)]
}

fn algorithm() -> impl Strategy<Value = Adaptive> {
    let gradient = (
        100..=1_000_u16,
        1..=100_u8,
        1..=1_000_u16,
        10..100_u32,
        10..30_u32,
    );
    let gradient = gradient.prop_map(|(tolerance, smoothing, headroom, long, probe)| {
        let gradient = Gradient2::default()
            .with_tolerance_percent(tolerance)
            .with_smoothing_percent(smoothing)
            .with_headroom(headroom);
        Adaptive::Gradient2(gradient.with_long_window(long).with_probe_every(probe))
    });
    let aimd = (10..=99_u8, 1..u64::MAX).prop_map(|(backoff, nanos)| {
        let rtt = Duration::from_nanos(nanos).min(crate::config::MAX_DURATION);
        Adaptive::Aimd(
            Aimd::default()
                .with_backoff_percent(backoff)
                .with_max_rtt(rtt),
        )
    });
    prop_oneof![gradient, aimd]
}

proptest! {
    #[test]
    fn the_limit_stays_within_its_bounds_whatever_is_reported(
        algorithm in algorithm(),
        min in 1..20_u32,
        more in 0..50_u32,
        samples in prop::collection::vec((any::<u64>(), any::<u32>(), 1..60_u32, outcome()), 1..100),
    ) {
        let config = AdaptiveLimitConfig::default()
            .with_algorithm(algorithm)
            .with_min(min)
            .with_initial(min + more / 2)
            .with_max(min + more);
        let limit = limit(config);
        for (nanos, in_flight, times, outcome) in samples {
            // From nothing to longer than anyone waits.
            let rtt = Duration::from_nanos(nanos) * (in_flight % 1_000);
            for _ in 0..times {
                let now = limit.on_sample(rtt, in_flight, outcome);
                prop_assert!((min..=min + more).contains(&now), "{now}");
                prop_assert_eq!(now, limit.limit());
            }
        }
    }

    #[test]
    fn aimd_behaves_like_its_model(
        initial in 2..100_u32,
        samples in prop::collection::vec((0..120_u32, 1..60_u32, outcome()), 1..200),
    ) {
        let limit = limit(aimd(initial));
        let mut model = Model { limit: f64::from(initial), ..Model::default() };
        for (in_flight, times, outcome) in samples {
            for _ in 0..times {
                model.on_sample(in_flight, outcome);
                let now = limit.on_sample(MILLI, in_flight, outcome);
                prop_assert_eq!(f64::from(now), model.limit.floor());
            }
        }
    }
}
