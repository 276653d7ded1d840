//! Which configurations are refused, and what the refusal says.

use std::time::Duration;

use super::SECOND;
use crate::circuit_breaker::CircuitBreakerConfig;

const DAY: Duration = Duration::from_secs(86_400);

fn ok() -> CircuitBreakerConfig {
    CircuitBreakerConfig::default()
}

fn refused(rows: &[(CircuitBreakerConfig, &str, &str)]) {
    for (config, field, rule) in rows {
        let error = config.clone().validate().unwrap_err().to_string();
        let field = format!("`circuit_breaker.{field}`");
        assert!(error.contains(&field) && error.contains(rule), "{error}");
    }
}

#[test]
fn impossible_windows_name_the_field_and_the_rule() {
    let short = Duration::from_millis(99);
    refused(&[
        (ok().with_window(0, 1), "window", "1 to 10000 results"),
        (ok().with_window(10_001, 1), "window", "1 to 10000 results"),
        (ok().with_window(10, 0), "min_throughput", "1 to `window`"),
        (ok().with_window(10, 11), "min_throughput", "1 to `window`"),
        (
            ok().with_time_window(short, 1),
            "window",
            "100 ms to 1 hour",
        ),
        (ok().with_time_window(DAY, 1), "window", "100 ms to 1 hour"),
        (
            ok().with_time_window(SECOND, 0),
            "min_throughput",
            "at least 1",
        ),
        (ok().with_consecutive(0), "window", "1 to 10000 failures"),
        (
            ok().with_consecutive(10_001),
            "window",
            "1 to 10000 failures",
        ),
    ]);
}

#[test]
fn impossible_rates_name_the_field_and_the_rule() {
    let row = ok().with_slow_calls(SECOND, 50).with_consecutive(5);
    let none = CircuitBreakerConfig {
        slow_call_rate: 0,
        ..ok()
    };
    refused(&[
        (ok().with_failure_rate(0), "failure_rate", "1 to 100"),
        (ok().with_failure_rate(101), "failure_rate", "1 to 100"),
        (none, "slow_call_rate", "1 to 100"),
        (
            ok().with_slow_calls(SECOND, 101),
            "slow_call_rate",
            "1 to 100",
        ),
        (
            ok().with_slow_calls(Duration::ZERO, 50),
            "slow_call_after",
            "above 0",
        ),
        (
            ok().with_slow_calls(31 * DAY, 50),
            "slow_call_after",
            "30 days",
        ),
        (row, "slow_call_after", "by count or by time"),
    ]);
}

#[test]
fn impossible_open_times_and_probes_name_the_field_and_the_rule() {
    refused(&[
        (
            ok().with_open_for(Duration::ZERO, SECOND),
            "open_for",
            "above 0",
        ),
        (
            ok().with_open_for(2 * SECOND, SECOND),
            "open_for",
            "at most `max_open_for`",
        ),
        (
            ok().with_open_for(SECOND, 31 * DAY),
            "max_open_for",
            "30 days",
        ),
        (
            ok().with_open_for(SECOND, Duration::MAX),
            "max_open_for",
            "30 days",
        ),
        (ok().with_probes(0), "probes", "at least 1"),
    ]);
}

#[test]
fn the_limits_themselves_are_allowed() {
    let widest = [
        ok().with_window(1, 1),
        ok().with_window(10_000, 10_000),
        ok().with_time_window(SECOND / 10, 1),
        ok().with_time_window(SECOND * 3_600, u16::MAX),
        ok().with_consecutive(1),
        ok().with_consecutive(10_000),
        ok().with_failure_rate(100),
        ok().with_slow_calls(Duration::from_nanos(1), 100),
        ok().with_slow_calls(30 * DAY, 1),
        ok().with_open_for(30 * DAY, 30 * DAY),
    ];
    for config in widest {
        assert!(config.clone().validate().is_ok(), "{config:?}");
    }
}
