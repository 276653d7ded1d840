//! When a call is hedged.

use std::time::Duration;

use super::histogram::MEASURED;
use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
};

/// Configures hedging and its [`LatencyTracker`](super::LatencyTracker).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeConfig {
    /// A call is hedged when it takes longer than so many of a hundred, 50 to 99. Default: 95.
    pub percentile: u8,
    /// The shortest delay before a hedge, above 0. Default: 10 ms.
    ///
    /// Below it a second copy costs more than it can win.
    pub min_delay: Duration,
    /// The longest delay before a hedge, `min_delay` to 120 s. Default: 5 s.
    pub max_delay: Duration,
    /// Attempts to be measured before there is a delay at all, at least 1. Default: 50.
    pub min_samples: u32,
    /// What is older than one to two such windows is forgotten, 1 s to 30 days. Default: 60 s.
    pub window: Duration,
}

impl HedgeConfig {
    /// Sets how many of a hundred calls are faster than one that is hedged.
    #[must_use]
    pub const fn with_percentile(mut self, percentile: u8) -> Self {
        self.percentile = percentile;
        self
    }

    /// Sets the shortest delay before a hedge.
    #[must_use]
    pub const fn with_min_delay(mut self, delay: Duration) -> Self {
        self.min_delay = delay;
        self
    }

    /// Sets the longest delay before a hedge.
    #[must_use]
    pub const fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets how many attempts are measured before there is a delay at all.
    #[must_use]
    pub const fn with_min_samples(mut self, attempts: u32) -> Self {
        self.min_samples = attempts;
        self
    }

    /// Sets after what time a measure is forgotten.
    #[must_use]
    pub const fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if !(50..=99).contains(&self.percentile) {
            return Err(invalid("hedge.percentile", "must be 50 to 99"));
        }
        if self.min_delay.is_zero() {
            return Err(invalid("hedge.min_delay", "must be above 0"));
        }
        if self.max_delay < self.min_delay || self.max_delay > MEASURED {
            return Err(invalid("hedge.max_delay", "must be `min_delay` to 120 s"));
        }
        if self.min_samples == 0 {
            return Err(invalid("hedge.min_samples", "must be at least 1"));
        }
        if self.window < Duration::from_secs(1) || self.window > MAX_DURATION {
            return Err(invalid("hedge.window", "must be 1 s to 30 days"));
        }
        Ok(self)
    }
}

impl Default for HedgeConfig {
    fn default() -> Self {
        Self {
            percentile: 95,
            min_delay: Duration::from_millis(10),
            max_delay: Duration::from_secs(5),
            min_samples: 50,
            window: Duration::from_secs(60),
        }
    }
}
