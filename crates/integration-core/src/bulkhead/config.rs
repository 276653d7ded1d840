//! How many calls run, how many wait, how long, and who goes first.

use std::time::Duration;

use super::word::MAX_PLACES;
use crate::{config::invalid, error::Result};

/// Configures a [`Bulkhead`](super::Bulkhead).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadConfig {
    /// Calls that run at once, 1 to 1,000,000,000. Default: 100.
    pub max_in_flight: u32,
    /// Calls that wait for a place; 0 refuses at once. Default: 1,000.
    pub max_queue: u32,
    /// The longest wait for a place, at most the deadline. Default: the deadline.
    pub max_wait: Option<Duration>,
}

impl BulkheadConfig {
    /// Sets how many calls run at once.
    #[must_use]
    pub const fn with_max_in_flight(mut self, calls: u32) -> Self {
        self.max_in_flight = calls;
        self
    }

    /// Sets how many calls wait for a place.
    #[must_use]
    pub const fn with_max_queue(mut self, calls: u32) -> Self {
        self.max_queue = calls;
        self
    }

    /// Sets the longest wait for a place.
    #[must_use]
    pub const fn with_max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = Some(wait);
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.max_in_flight == 0 || self.max_in_flight > MAX_PLACES {
            let rule = "must be 1 to 1000000000";
            return Err(invalid("bulkhead.max_in_flight", rule));
        }
        Ok(self)
    }
}

impl Default for BulkheadConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 100,
            max_queue: 1_000,
            max_wait: None,
        }
    }
}

/// Who goes first of those who wait. See the [module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// What may wait: a batch, a prefetch.
    Low,
    /// What has no reason to be anything else.
    #[default]
    Normal,
    /// What someone is waiting for.
    High,
}
