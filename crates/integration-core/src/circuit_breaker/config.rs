//! When the circuit opens and closes.

use std::time::Duration;

use super::window::Tally;
use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// Configures a [`CircuitBreaker`](super::CircuitBreaker).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitBreakerConfig {
    /// Which results are looked at. Default: the latest 100.
    pub window: CircuitWindow,
    /// Results needed in the window before the circuit can open, 1 to 65,535, and at most as many
    /// as a count window holds. A consecutive window does not look at it. Default: 20.
    pub min_throughput: u16,
    /// Failures in percent of the results at which the circuit opens, 1 to 100. A consecutive
    /// window does not look at it. Default: 50.
    pub failure_rate: u8,
    /// How long a call may take until it counts as slow, above 0, at most 30 days. Default: none,
    /// which means that no call is slow.
    pub slow_call_after: Option<Duration>,
    /// Slow calls in percent of the results at which the circuit opens, 1 to 100. Default: 80.
    pub slow_call_rate: u8,
    /// How long the circuit stays open the first time; doubles each time. Default: 5 s.
    pub open_for: Duration,
    /// The longest time the circuit stays open, at most 30 days. Default: 60 s.
    pub max_open_for: Duration,
    /// Calls let through to find out whether the service works again, at least 1. Default: 3.
    pub probes: u16,
    /// What the breaker does to begin with. Default: [`CircuitMode::Automatic`].
    pub mode: CircuitMode,
}

/// Which results decide whether the circuit opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitWindow {
    /// The latest so many results, 1 to [`MAX_WINDOW`](CircuitBreakerConfig::MAX_WINDOW).
    Count(u16),
    /// The results of the latest so much time, 100 ms to
    /// [`MAX_TIME_WINDOW`](CircuitBreakerConfig::MAX_TIME_WINDOW).
    ///
    /// It slides in steps of a 32nd: a result is forgotten when it is as old as this, or up to one
    /// step earlier.
    Time(Duration),
    /// So many failures without a success among them open the circuit, 1 to
    /// [`MAX_WINDOW`](CircuitBreakerConfig::MAX_WINDOW). There are no rates.
    Consecutive(u16),
}

/// What a breaker does with the calls and their results; can be changed at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitMode {
    /// Opens and closes by the results.
    #[default]
    Automatic,
    /// Refuses every call, for as long as somebody wants it so.
    ForcedOpen,
    /// Lets every call pass and counts nothing.
    Disabled,
    /// Counts, opens and closes as [`Automatic`](Self::Automatic) and says so, but lets every call
    /// pass: shows what a configuration would do. Results of calls that would have been refused
    /// do not count, as there would be none.
    MetricsOnly,
}

impl CircuitBreakerConfig {
    /// The largest count window: 10,000 results, which take 2,500 bytes a key.
    pub const MAX_WINDOW: u16 = 10_000;

    /// The longest time window: 1 hour. A time window takes 384 bytes a key, whatever its length.
    pub const MAX_TIME_WINDOW: Duration = Duration::from_secs(60 * 60);

    /// The shortest time window: 100 ms.
    pub const MIN_TIME_WINDOW: Duration = Duration::from_millis(100);

    /// Looks at the latest `window` results, of which `min_throughput` must be there before the
    /// circuit can open.
    #[must_use]
    pub const fn with_window(mut self, window: u16, min_throughput: u16) -> Self {
        self.window = CircuitWindow::Count(window);
        self.min_throughput = min_throughput;
        self
    }

    /// Looks at the results of the latest `length` of time, of which `min_throughput` must be there
    /// before the circuit can open.
    #[must_use]
    pub const fn with_time_window(mut self, length: Duration, min_throughput: u16) -> Self {
        self.window = CircuitWindow::Time(length);
        self.min_throughput = min_throughput;
        self
    }

    /// Opens the circuit after so many failures in a row.
    #[must_use]
    pub const fn with_consecutive(mut self, failures: u16) -> Self {
        self.window = CircuitWindow::Consecutive(failures);
        self
    }

    /// Sets the failures in percent at which the circuit opens.
    #[must_use]
    pub const fn with_failure_rate(mut self, percent: u8) -> Self {
        self.failure_rate = percent;
        self
    }

    /// Sets the time from which on a call is slow, and the slow calls in percent at which the
    /// circuit opens.
    #[must_use]
    pub const fn with_slow_calls(mut self, after: Duration, percent: u8) -> Self {
        self.slow_call_after = Some(after);
        self.slow_call_rate = percent;
        self
    }

    /// Sets how long the circuit stays open, the first time and at most.
    #[must_use]
    pub const fn with_open_for(mut self, first: Duration, longest: Duration) -> Self {
        self.open_for = first;
        self.max_open_for = longest;
        self
    }

    /// Sets how many calls are let through to probe the service.
    #[must_use]
    pub const fn with_probes(mut self, probes: u16) -> Self {
        self.probes = probes;
        self
    }

    /// Sets the mode to begin with.
    #[must_use]
    pub const fn with_mode(mut self, mode: CircuitMode) -> Self {
        self.mode = mode;
        self
    }

    /// Checks the fields against their ranges and each other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        self.check_window()?;
        self.check_rates()?;
        if self.open_for.is_zero() || self.open_for > self.max_open_for {
            return Err(invalid(
                "circuit_breaker.open_for",
                "must be above 0 and at most `max_open_for`",
            ));
        }
        if self.max_open_for > MAX_DURATION {
            return Err(invalid(
                "circuit_breaker.max_open_for",
                "must be at most 30 days",
            ));
        }
        if self.probes == 0 {
            return Err(invalid("circuit_breaker.probes", "must be at least 1"));
        }
        Ok(self)
    }

    fn check_window(&self) -> Result<()> {
        const WINDOW: &str = "circuit_breaker.window";
        const MIN_THROUGHPUT: &str = "circuit_breaker.min_throughput";
        let counts = 1..=Self::MAX_WINDOW;
        match self.window {
            CircuitWindow::Count(size) if !counts.contains(&size) => {
                Err(invalid(WINDOW, "must be 1 to 10000 results"))
            }
            CircuitWindow::Consecutive(failures) if !counts.contains(&failures) => {
                Err(invalid(WINDOW, "must be 1 to 10000 failures"))
            }
            CircuitWindow::Time(length)
                if !(Self::MIN_TIME_WINDOW..=Self::MAX_TIME_WINDOW).contains(&length) =>
            {
                Err(invalid(WINDOW, "must be 100 ms to 1 hour"))
            }
            CircuitWindow::Count(size) if !(1..=size).contains(&self.min_throughput) => {
                Err(invalid(MIN_THROUGHPUT, "must be 1 to `window`"))
            }
            CircuitWindow::Time(_) if self.min_throughput == 0 => {
                Err(invalid(MIN_THROUGHPUT, "must be at least 1"))
            }
            _ => Ok(()),
        }
    }

    fn check_rates(&self) -> Result<()> {
        const SLOW_CALL_AFTER: &str = "circuit_breaker.slow_call_after";
        let percent = 1..=100;
        if !percent.contains(&self.failure_rate) {
            return Err(invalid(
                "circuit_breaker.failure_rate",
                "must be 1 to 100 percent",
            ));
        }
        if !percent.contains(&self.slow_call_rate) {
            return Err(invalid(
                "circuit_breaker.slow_call_rate",
                "must be 1 to 100 percent",
            ));
        }
        let Some(after) = self.slow_call_after else {
            return Ok(());
        };
        if after.is_zero() || after > MAX_DURATION {
            return Err(invalid(
                SLOW_CALL_AFTER,
                "must be above 0 and at most 30 days",
            ));
        }
        if let CircuitWindow::Consecutive(_) = self.window {
            return Err(invalid(
                SLOW_CALL_AFTER,
                "needs a window with rates: by count or by time",
            ));
        }
        Ok(())
    }

    /// Tells whether a result opens the circuit, given what the window holds with it.
    ///
    /// Only a bad result does: a failure by the failure rate, a slow one by the slow-call rate.
    pub(super) fn opens(&self, result: CallResult, tally: Tally) -> bool {
        if let CircuitWindow::Consecutive(failures) = self.window {
            return tally.failures >= u64::from(failures);
        }
        let reached = |part: u64, percent: u8| part * 100 >= tally.results * u64::from(percent);
        tally.results >= u64::from(self.min_throughput)
            && (result.failed && reached(tally.failures, self.failure_rate)
                || result.slow && reached(tally.slow, self.slow_call_rate))
    }
}

/// What is counted of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallResult {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

impl CallResult {
    pub(super) fn is_bad(self) -> bool {
        self.failed || self.slow
    }
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            window: CircuitWindow::Count(100),
            min_throughput: 20,
            failure_rate: 50,
            slow_call_after: None,
            slow_call_rate: 80,
            open_for: Duration::from_secs(5),
            max_open_for: Duration::from_secs(60),
            probes: 3,
            mode: CircuitMode::Automatic,
        }
    }
}
