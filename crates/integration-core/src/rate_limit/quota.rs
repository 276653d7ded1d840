//! How much per time.

use std::time::Duration;

use super::Unit;
use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// So much of a unit per time, and how much of it may go at once.
///
/// ```
/// use integration_core::rate_limit::Quota;
///
/// let calls = Quota::per_second(10).with_burst(3);
/// let tokens = Quota::per_minute(90_000).of("tokens");
/// # let _ = (calls, tokens);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    unit: Unit,
    permits: u32,
    per: Duration,
    burst: u32,
}

impl Quota {
    /// Allows `permits` calls per `per`, and as many at once.
    #[must_use]
    pub const fn new(permits: u32, per: Duration) -> Self {
        Self {
            unit: Unit::CALLS,
            permits,
            per,
            burst: permits,
        }
    }

    /// Allows `permits` calls a second, and as many at once.
    #[must_use]
    pub const fn per_second(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(1))
    }

    /// Allows `permits` calls a minute, and as many at once.
    #[must_use]
    pub const fn per_minute(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(60))
    }

    /// Allows `permits` calls an hour, and as many at once.
    #[must_use]
    pub const fn per_hour(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(60 * 60))
    }

    /// Allows `permits` calls a day, and as many at once.
    #[must_use]
    pub const fn per_day(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(24 * 60 * 60))
    }

    /// Sets how many calls may go at once after a pause, at least 1. Default: `permits`.
    ///
    /// In any window of length `per` at most `permits + burst - 1` calls go. A server that counts
    /// fixed windows strictly wants a small burst. A call that costs more than the burst never goes.
    #[must_use]
    pub const fn with_burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Counts `unit` instead of calls.
    #[must_use]
    pub const fn of(mut self, unit: &str) -> Self {
        self.unit = Unit::new(unit);
        self
    }

    /// Counts `unit` instead of calls.
    #[must_use]
    pub const fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// Returns what is counted.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns how many go per [`per`](Self::per).
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.permits
    }

    /// Returns the time in which [`permits`](Self::permits) go.
    #[must_use]
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// Returns how many may go at once.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.unit.is_empty() {
            return Err(invalid("rate_limit.unit", "must not be empty"));
        }
        if self.permits == 0 {
            return Err(invalid("rate_limit.permits", "must be at least 1"));
        }
        if self.burst == 0 {
            return Err(invalid("rate_limit.burst", "must be at least 1"));
        }
        if self.per.is_zero() || self.per > MAX_DURATION {
            return Err(invalid(
                "rate_limit.per",
                "must be above 0 and at most 30 days",
            ));
        }
        // Twice the longest time, as rounding the interval up may double what a burst takes.
        let renewed = u128::from(self.interval()) * u128::from(self.burst);
        if renewed > 2 * MAX_DURATION.as_nanos() {
            return Err(invalid(
                "rate_limit.burst",
                "must be renewed within 60 days at the rate of the quota",
            ));
        }
        Ok(self)
    }

    /// Returns the nanoseconds between two units at the full rate, rounded up.
    pub(super) fn interval(&self) -> u64 {
        let nanos = self
            .per
            .as_nanos()
            .div_ceil(u128::from(self.permits.max(1)));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}
