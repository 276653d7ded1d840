//! Modes, metrics, snapshots.

use std::time::Duration;

use super::{SECOND, breaker, breaker_of, config, open, record, start};
use crate::{
    admission::Denied,
    circuit_breaker::{CircuitMode, CircuitSnapshot, CircuitState, Settled},
    error::Health::{Failure, Success},
};

#[test]
fn forced_open_refuses_every_call_until_the_mode_is_changed() {
    let (breaker, now) = breaker();
    breaker.set_mode(CircuitMode::ForcedOpen);
    for later in [now, now + SECOND * 86_400] {
        assert_eq!(breaker.peek(later).unwrap_err(), Denied::unknown());
        assert_eq!(breaker.admit(later).unwrap_err(), Denied::unknown());
        assert_eq!(breaker.state(later), CircuitState::Open);
    }
    breaker.set_mode(CircuitMode::Automatic);
    assert_eq!(breaker.mode(), CircuitMode::Automatic);
    assert_eq!(record(&breaker, Success, now), Settled::Counted);
    assert_eq!(breaker.metrics(now).refused, 2);
}

#[test]
fn disabled_lets_every_call_pass_and_counts_none() {
    let (breaker, now) = breaker();
    breaker.set_mode(CircuitMode::Disabled);
    for _ in 0..1_000 {
        assert_eq!(record(&breaker, Failure, now), Settled::Uncounted);
    }
    drop(breaker.admit(now).unwrap());
    let metrics = breaker.metrics(now);
    assert_eq!((metrics.results, metrics.refused), (0, 0));
    assert_eq!(metrics.state, CircuitState::Closed);
}

#[test]
fn a_mode_can_be_set_from_the_start() {
    let breaker = breaker_of(config().with_mode(CircuitMode::ForcedOpen));
    assert!(breaker.admit(start()).is_err());
    assert_eq!(breaker.mode(), CircuitMode::ForcedOpen);
    let breaker = breaker_of(config().with_mode(CircuitMode::Disabled));
    assert_eq!(record(&breaker, Failure, start()), Settled::Uncounted);
}

#[test]
fn metrics_only_tells_every_change_and_refuses_nothing() {
    let breaker = breaker_of(config().with_mode(CircuitMode::MetricsOnly));
    let now = start();
    open(&breaker, now);
    assert_eq!(breaker.state(now), CircuitState::Open);
    assert!(breaker.peek(now).is_ok());
    for _ in 0..5 {
        assert_eq!(record(&breaker, Failure, now), Settled::Uncounted);
    }
    assert_eq!(breaker.metrics(now).refused, 5);
    let later = now + SECOND;
    let first = breaker.admit(later).unwrap();
    assert_eq!(first.changed(), Some(CircuitState::HalfOpen));
    let second = breaker.admit(later).unwrap();
    let beyond = breaker.admit(later).unwrap();
    assert_eq!(beyond.settle(Failure, later), Settled::Uncounted);
    first.settle(Success, later);
    assert_eq!(
        second.settle(Success, later),
        Settled::Changed(CircuitState::Closed)
    );
}

#[test]
fn a_change_of_mode_starts_over_and_ignores_the_calls_under_way() {
    let (breaker, now) = breaker();
    for _ in 0..3 {
        record(&breaker, Failure, now);
    }
    let earlier = breaker.admit(now).unwrap();
    breaker.set_mode(CircuitMode::Disabled);
    let between = breaker.admit(now).unwrap();
    breaker.set_mode(CircuitMode::Automatic);
    assert_eq!(earlier.settle(Failure, now), Settled::Stale);
    assert_eq!(between.settle(Failure, now), Settled::Uncounted);
    assert_eq!(breaker.metrics(now).results, 0);
    assert_eq!(breaker.state(now), CircuitState::Closed);
}

#[test]
fn setting_the_mode_that_holds_changes_nothing() {
    let (breaker, now) = breaker();
    open(&breaker, now);
    breaker.set_mode(CircuitMode::Automatic);
    assert_eq!(breaker.state(now), CircuitState::Open);
}

#[test]
fn metrics_tell_counts_and_rates() {
    let (breaker, now) = breaker();
    let empty = breaker.metrics(now);
    assert_eq!((empty.failure_rate, empty.slow_rate), (0.0, 0.0));
    for health in [Failure, Success, Success, Success] {
        record(&breaker, health, now);
    }
    let metrics = breaker.metrics(now);
    assert_eq!((metrics.results, metrics.failures, metrics.slow), (4, 1, 0));
    assert_eq!(metrics.failure_rate, 25.0);
    assert_eq!((metrics.trips, metrics.refused), (0, 0));
}

#[test]
fn an_open_circuit_stays_open_over_a_restart_for_the_rest_of_its_time() {
    let (old, now) = breaker();
    open(&old, now);
    let snapshot = old.snapshot(now + SECOND / 4);
    assert_eq!(snapshot.open_for, SECOND * 3 / 4);
    let new = breaker_of(config());
    let restarted = now + SECOND * 100;
    new.restore(&snapshot, restarted);
    let until = restarted + SECOND * 3 / 4;
    assert_eq!(new.admit(restarted).unwrap_err(), Denied::until(until));
    assert_eq!(
        record(&new, Failure, until),
        Settled::Changed(CircuitState::Open)
    );
    let again = new.admit(until).unwrap_err().until.unwrap() - until;
    assert_eq!(again, 2 * SECOND, "the trips before the restart count");
}

#[test]
fn a_half_open_circuit_probes_anew_after_a_restart() {
    let (old, now) = breaker();
    open(&old, now);
    let later = now + SECOND;
    let hanging = old.admit(later).unwrap();
    let snapshot = old.snapshot(later);
    assert_eq!(snapshot.state, CircuitState::HalfOpen);
    let new = breaker_of(config());
    new.restore(&snapshot, now);
    let probes = [new.admit(now).unwrap(), new.admit(now).unwrap()];
    assert_eq!(probes[0].changed(), Some(CircuitState::HalfOpen));
    assert!(new.admit(now).is_err());
    drop((hanging, probes));
}

#[test]
fn restored_results_count_towards_the_next_opening() {
    let windows = [
        config(),
        config().with_time_window(SECOND * 60, 4),
        config().with_consecutive(4),
    ];
    for config in windows {
        let (old, now) = (breaker_of(config.clone()), start());
        for _ in 0..3 {
            record(&old, Failure, now);
        }
        let new = breaker_of(config);
        let stale = new.admit(now).unwrap();
        new.restore(&old.snapshot(now), now);
        assert_eq!(stale.settle(Failure, now), Settled::Stale);
        assert_eq!(
            record(&new, Failure, now),
            Settled::Changed(CircuitState::Open)
        );
    }
}

#[test]
fn results_that_do_not_fit_keep_their_rates() {
    let mut snapshot = CircuitSnapshot::default();
    (snapshot.results, snapshot.failures, snapshot.slow) = (1_000, 400, 100);
    let (breaker, now) = breaker();
    breaker.restore(&snapshot, now);
    let metrics = breaker.metrics(now);
    assert_eq!(
        (metrics.results, metrics.failures, metrics.slow),
        (10, 4, 1)
    );
    // They are mixed: half of them go with the next five results, and half of the failures.
    for _ in 0..5 {
        record(&breaker, Success, now);
    }
    assert_eq!(breaker.metrics(now).failures, 2);
}

#[test]
fn a_snapshot_that_makes_no_sense_does_no_harm() {
    let mut snapshot = CircuitSnapshot::default();
    (snapshot.results, snapshot.failures, snapshot.slow) = (3, u64::MAX, u64::MAX);
    snapshot.trips = u32::MAX;
    snapshot.open_for = Duration::MAX;
    let windows = [
        config(),
        config().with_time_window(SECOND * 60, 5),
        config().with_consecutive(5),
    ];
    for config in windows {
        let now = start();
        let breaker = breaker_of(config);
        breaker.restore(&snapshot, now);
        assert_eq!(breaker.metrics(now).failures, 3);
        assert_eq!(breaker.metrics(now).trips, 0);
        snapshot.state = CircuitState::Open;
        breaker.restore(&snapshot, now);
        let until = breaker.admit(now).unwrap_err().until;
        assert_eq!(until, Some(now + 4 * SECOND), "not beyond the cap");
        assert_eq!(
            record(&breaker, Failure, now + 4 * SECOND),
            Settled::Changed(CircuitState::Open)
        );
        snapshot.state = CircuitState::Closed;
        snapshot.results = u64::MAX;
        breaker.restore(&snapshot, now);
        snapshot.results = 3;
    }
}

#[test]
fn a_restore_does_not_overrule_the_mode() {
    let (old, now) = breaker();
    open(&old, now);
    let snapshot = old.snapshot(now);
    for mode in [CircuitMode::Disabled, CircuitMode::ForcedOpen] {
        let breaker = breaker_of(config().with_mode(mode));
        let before = breaker.state(now);
        breaker.restore(&snapshot, now);
        assert_eq!(breaker.state(now), before);
        assert_eq!(breaker.snapshot(now), CircuitSnapshot::default());
        assert_eq!(breaker.admit(now).is_ok(), mode == CircuitMode::Disabled);
    }
}
