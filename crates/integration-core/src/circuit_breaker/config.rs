//! When the circuit opens and closes.

use std::time::Duration;

use crate::{config::invalid, error::Result};

/// Configures a [`CircuitBreaker`](super::CircuitBreaker).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitBreakerConfig {
    /// Results looked at, 1 to [`MAX_WINDOW`](Self::MAX_WINDOW). Default: 100.
    pub window: u16,
    /// Results needed before the circuit can open, 1 to `window`. Default: 20.
    pub min_throughput: u16,
    /// Failures in percent of the results at which the circuit opens, 1 to 100. Default: 50.
    pub failure_rate: u8,
    /// How long the circuit stays open the first time; doubles each time. Default: 5 s.
    pub open_for: Duration,
    /// The longest time the circuit stays open. Default: 60 s.
    pub max_open_for: Duration,
    /// Calls let through to find out whether the service works again, at least 1. Default: 3.
    pub probes: u16,
}

impl CircuitBreakerConfig {
    /// The largest window: 10,000 results, which take 1,250 bytes a key.
    pub const MAX_WINDOW: u16 = 10_000;

    /// Sets how many results are looked at, and how many are needed before the circuit can open.
    #[must_use]
    pub const fn with_window(mut self, window: u16, min_throughput: u16) -> Self {
        self.window = window;
        self.min_throughput = min_throughput;
        self
    }

    /// Sets the failures in percent at which the circuit opens.
    #[must_use]
    pub const fn with_failure_rate(mut self, percent: u8) -> Self {
        self.failure_rate = percent;
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

    /// Checks the fields against their ranges and each other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.window == 0 || self.window > Self::MAX_WINDOW {
            return Err(invalid("circuit_breaker.window", "must be 1 to 10000"));
        }
        if self.min_throughput == 0 || self.min_throughput > self.window {
            return Err(invalid(
                "circuit_breaker.min_throughput",
                "must be 1 to `window`",
            ));
        }
        if self.failure_rate == 0 || self.failure_rate > 100 {
            return Err(invalid(
                "circuit_breaker.failure_rate",
                "must be 1 to 100 percent",
            ));
        }
        if self.open_for.is_zero() || self.open_for > self.max_open_for {
            return Err(invalid(
                "circuit_breaker.open_for",
                "must be above 0 and at most `max_open_for`",
            ));
        }
        if self.max_open_for > crate::config::MAX_DURATION {
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
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            window: 100,
            min_throughput: 20,
            failure_rate: 50,
            open_for: Duration::from_secs(5),
            max_open_for: Duration::from_secs(60),
            probes: 3,
        }
    }
}
