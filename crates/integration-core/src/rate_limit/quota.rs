//! How many calls per time.

use std::time::Duration;

use crate::{config::invalid, error::Result};

/// A number of calls per time, and how many may go at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    permits: u32,
    per: Duration,
    burst: u32,
}

impl Quota {
    /// Allows `permits` calls per `per`, and as many at once.
    #[must_use]
    pub const fn new(permits: u32, per: Duration) -> Self {
        Self {
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

    /// Sets how many calls may go at once after a pause, at least 1. Default: `permits`.
    ///
    /// In any window of length `per` at most `permits + burst - 1` calls go. A server that counts
    /// fixed windows strictly wants a small burst.
    #[must_use]
    pub const fn with_burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Returns how many calls may go in each [`per`](Self::per).
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.permits
    }

    /// Returns the time in which [`permits`](Self::permits) calls may go.
    #[must_use]
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// Returns how many calls may go at once after a pause.
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
        if self.permits == 0 {
            return Err(invalid("rate_limit.permits", "must be at least 1"));
        }
        if self.burst == 0 {
            return Err(invalid("rate_limit.burst", "must be at least 1"));
        }
        if self.interval().is_zero() || self.per > crate::config::MAX_DURATION {
            return Err(invalid(
                "rate_limit.per",
                "must be above 0 and at most 30 days",
            ));
        }
        Ok(self)
    }

    /// Returns the time between two calls at the full rate, rounded up to a nanosecond.
    pub(super) fn interval(&self) -> Duration {
        let nanos = self
            .per
            .as_nanos()
            .div_ceil(u128::from(self.permits.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns how far ahead of the even spacing a caller may be.
    pub(super) fn tolerance(&self) -> Duration {
        self.interval()
            .saturating_mul(self.burst.saturating_sub(1))
            .min(crate::config::MAX_DURATION)
    }
}
