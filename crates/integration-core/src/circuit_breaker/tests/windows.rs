//! What the windows hold, and slow calls.

use std::time::Duration;

use super::{SECOND, breaker_of, config, open, record, start};
use crate::{
    circuit_breaker::{
        CircuitBreakerConfig, CircuitState, CircuitWindow, Settled,
        config::CallResult,
        window::{Horizon, Window},
    },
    error::Health::{Failure, Neutral, Success},
};

const OPENED: Settled = Settled::Changed(CircuitState::Open);

#[test]
fn a_time_window_forgets_what_is_as_old_as_it_is_long() {
    let breaker = breaker_of(config().with_time_window(SECOND * 32, 4));
    let now = start();
    for _ in 0..3 {
        record(&breaker, Failure, now);
    }
    let almost = now + SECOND * 32 - Duration::from_nanos(1);
    assert_eq!(breaker.metrics(almost).failures, 3);
    assert_eq!(breaker.metrics(now + SECOND * 32).failures, 0);
    let later = now + SECOND * 32;
    assert_eq!(record(&breaker, Failure, later), Settled::Counted);
    assert_eq!(breaker.metrics(later).failures, 1);
}

#[test]
fn a_time_window_slides_instead_of_starting_afresh() {
    let breaker = breaker_of(config().with_time_window(SECOND * 32, 100));
    let now = start();
    for second in 0..1_000 {
        record(&breaker, Failure, now + SECOND * second);
        let expected = u64::from(second + 1).min(32);
        assert_eq!(breaker.metrics(now + SECOND * second).results, expected);
    }
}

#[test]
fn a_million_old_successes_do_not_delay_opening_by_time() {
    let breaker = breaker_of(CircuitBreakerConfig::default().with_time_window(SECOND * 10, 20));
    let now = start();
    for i in 0..1_000_000 {
        record(&breaker, Success, now + Duration::from_micros(i));
    }
    let later = now + SECOND * 11;
    for _ in 0..19 {
        assert_eq!(record(&breaker, Failure, later), Settled::Counted);
    }
    assert_eq!(record(&breaker, Failure, later), OPENED);
}

#[test]
fn a_time_that_lies_back_counts_as_the_newest() {
    let breaker = breaker_of(config().with_time_window(SECOND, 4));
    let now = start();
    record(&breaker, Success, now + 10 * SECOND);
    record(&breaker, Failure, now);
    assert_eq!(breaker.metrics(now).results, 2);
    assert_eq!(breaker.metrics(now + 10 * SECOND).results, 2);
}

#[test]
fn a_clock_that_jumps_far_ahead_empties_a_time_window() {
    let breaker = breaker_of(config().with_time_window(SECOND, 4));
    let now = start();
    for _ in 0..3 {
        record(&breaker, Failure, now);
    }
    let far = now + SECOND * 86_400 * 365 * 20;
    assert_eq!(breaker.metrics(far).results, 0);
    assert_eq!(record(&breaker, Failure, far), Settled::Counted);
    assert_eq!(breaker.metrics(far).results, 1);
}

#[test]
fn a_time_window_that_is_emptied_counts_time_anew() {
    let breaker = breaker_of(config().with_time_window(SECOND * 320, 4));
    let now = start();
    open(&breaker, now);
    let later = now + SECOND;
    for _ in 0..3 {
        record(&breaker, Success, later);
    }
    assert_eq!(breaker.metrics(later).results, 1);
    let last = later + SECOND * 320;
    assert_eq!(breaker.metrics(last - Duration::from_nanos(1)).results, 1);
    assert_eq!(breaker.metrics(last).results, 0);
}

#[test]
fn a_good_result_may_wait_until_the_newest_step_of_a_time_window_ends() {
    let (now, good) = (
        start(),
        CallResult {
            failed: false,
            slow: false,
        },
    );
    let config = CircuitWindow::Time(SECOND * 32);
    let (horizon, mut window) = (Horizon::new(config), Window::new(config));
    assert!(!horizon.is_after(now));
    window.push(good, now);
    horizon.follow(&window, now);
    assert!(horizon.is_after(now + SECOND - Duration::from_nanos(1)));
    assert!(!horizon.is_after(now + SECOND));
    horizon.close();
    assert!(!horizon.is_after(now));
    assert!(Horizon::new(CircuitWindow::Count(1)).is_after(now));
}

#[test]
fn a_success_ends_a_run_of_failures_and_a_neutral_result_does_not() {
    let breaker = breaker_of(config().with_consecutive(3));
    let now = start();
    for _ in 0..100 {
        record(&breaker, Failure, now);
        record(&breaker, Failure, now);
        assert_eq!(record(&breaker, Success, now), Settled::Counted);
    }
    record(&breaker, Failure, now);
    record(&breaker, Failure, now);
    assert_eq!(breaker.metrics(now).failures, 2);
    assert_eq!(record(&breaker, Neutral, now), Settled::Neutral);
    assert_eq!(record(&breaker, Failure, now), OPENED);
}

#[test]
fn slow_successes_open_the_circuit_at_their_rate_and_not_below() {
    let breaker = breaker_of(config().with_slow_calls(SECOND, 80));
    let now = start();
    let call = |took: Duration| breaker.admit(now).unwrap().settle(Success, now + took);
    for _ in 0..2 {
        assert_eq!(call(SECOND - Duration::from_nanos(1)), Settled::Counted);
    }
    for _ in 0..7 {
        assert_eq!(call(SECOND), Settled::Counted);
    }
    assert_eq!(breaker.metrics(now).slow_rate, 700.0 / 9.0);
    assert_eq!(call(SECOND), OPENED);
}

#[test]
fn a_slow_failure_counts_as_both() {
    let breaker = breaker_of(config().with_slow_calls(SECOND, 80));
    let now = start();
    breaker.admit(now).unwrap().settle(Failure, now + SECOND);
    let metrics = breaker.metrics(now);
    assert_eq!((metrics.failures, metrics.slow, metrics.results), (1, 1, 1));
    assert_eq!((metrics.failure_rate, metrics.slow_rate), (100.0, 100.0));
}

#[test]
fn no_call_is_slow_unless_it_is_said_when() {
    let breaker = breaker_of(config());
    let now = start();
    for _ in 0..10 {
        let settled = breaker
            .admit(now)
            .unwrap()
            .settle(Success, now + SECOND * 3_600);
        assert_eq!(settled, Settled::Counted);
    }
    assert_eq!(breaker.metrics(now).slow, 0);
}

#[test]
fn a_good_result_never_opens_the_circuit() {
    let breaker = breaker_of(config().with_window(10, 4));
    let now = start();
    for _ in 0..3 {
        record(&breaker, Failure, now);
    }
    assert_eq!(record(&breaker, Success, now), Settled::Counted);
    assert_eq!(breaker.metrics(now).failure_rate, 75.0);
    assert_eq!(record(&breaker, Failure, now), OPENED);
}

#[test]
fn a_slow_probe_opens_the_circuit_again() {
    let breaker = breaker_of(config().with_slow_calls(SECOND, 80));
    let now = start();
    open(&breaker, now);
    let later = now + SECOND;
    let probe = breaker.admit(later).unwrap();
    assert_eq!(probe.settle(Success, later + SECOND), OPENED);
}

#[test]
fn a_probe_that_is_settled_before_it_was_admitted_is_not_slow() {
    let breaker = breaker_of(config().with_slow_calls(SECOND, 80).with_probes(1));
    let now = start();
    open(&breaker, now);
    let later = now + SECOND;
    let settled = breaker.admit(later).unwrap().settle(Success, now);
    assert_eq!(settled, Settled::Changed(CircuitState::Closed));
}
