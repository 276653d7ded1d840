//! The thresholds.

use std::time::Duration;

use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// Configures a [`HealthRegistry`](super::HealthRegistry).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthConfig {
    /// Services held at most, 1 to 100,000. Default: 1,024. Further ones are not watched.
    pub capacity: usize,
    /// How long a service must be better before it is told, at most 30 days. Default: 10 s.
    pub recover_after: Duration,
    /// The time over which attempts are counted, above 0 and at most 30 days. Default: 30 s.
    pub window: Duration,
    /// Failed attempts of a window from which on it counts, at least 1. Default: 5.
    pub min_failures: u32,
    /// Failed attempts of a window, in percent of all, from which on it counts, 1 to 100.
    /// Default: 50.
    pub failure_percent: u8,
    /// Failed checks in a row after which a service is down, at least 1. Default: 2.
    pub failures_to_down: u32,
    /// The time for one check, above 0 and at most 30 days. Default: 5 s.
    pub check_deadline: Duration,
    /// Checks that run at once, 1 to 1,024. Default: 8.
    pub max_checks: usize,
}

impl HealthConfig {
    /// Sets how many services are held at most.
    #[must_use]
    pub const fn with_capacity(mut self, services: usize) -> Self {
        self.capacity = services;
        self
    }

    /// Sets how long a service must be better before it is told.
    #[must_use]
    pub const fn with_recover_after(mut self, time: Duration) -> Self {
        self.recover_after = time;
        self
    }

    /// Sets when failed attempts count: how many, and what part of all, in which time.
    #[must_use]
    pub const fn with_failures(mut self, min: u32, percent: u8, window: Duration) -> Self {
        self.min_failures = min;
        self.failure_percent = percent;
        self.window = window;
        self
    }

    /// Sets after how many failed checks in a row a service is down.
    #[must_use]
    pub const fn with_failures_to_down(mut self, checks: u32) -> Self {
        self.failures_to_down = checks;
        self
    }

    /// Sets the time for one check and how many run at once.
    #[must_use]
    pub const fn with_checks(mut self, deadline: Duration, max_at_once: usize) -> Self {
        self.check_deadline = deadline;
        self.max_checks = max_at_once;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.capacity == 0 || self.capacity > 100_000 {
            return Err(invalid("health.capacity", "must be 1 to 100000"));
        }
        if self.recover_after > MAX_DURATION {
            return Err(invalid("health.recover_after", "must be at most 30 days"));
        }
        if self.window.is_zero() || self.window > MAX_DURATION {
            let rule = "must be above 0 and at most 30 days";
            return Err(invalid("health.window", rule));
        }
        if self.min_failures == 0 {
            return Err(invalid("health.min_failures", "must be at least 1"));
        }
        if self.failure_percent == 0 || self.failure_percent > 100 {
            return Err(invalid("health.failure_percent", "must be 1 to 100"));
        }
        if self.failures_to_down == 0 {
            return Err(invalid("health.failures_to_down", "must be at least 1"));
        }
        if self.check_deadline.is_zero() || self.check_deadline > MAX_DURATION {
            let rule = "must be above 0 and at most 30 days";
            return Err(invalid("health.check_deadline", rule));
        }
        if self.max_checks == 0 || self.max_checks > 1_024 {
            return Err(invalid("health.max_checks", "must be 1 to 1024"));
        }
        Ok(self)
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            capacity: 1_024,
            recover_after: Duration::from_secs(10),
            window: Duration::from_secs(30),
            min_failures: 5,
            failure_percent: 50,
            failures_to_down: 2,
            check_deadline: Duration::from_secs(5),
            max_checks: 8,
        }
    }
}
