//! How many keys are held, and how long.

use std::time::Duration;

use crate::{config::invalid, error::Result};

/// Configures a [`Keyed`](super::Keyed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedConfig {
    /// Keys held at once, 1 to 1,000,000. Default: 1,024.
    pub capacity: usize,
    /// How long a key is held after its last use. Default: 10 min.
    ///
    /// Longer than the longest pause that matters: a forgotten key has no pause and no open circuit.
    pub idle: Duration,
}

impl KeyedConfig {
    /// Sets how many keys are held at once.
    #[must_use]
    pub const fn with_capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// Sets how long a key is held after its last use.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.capacity == 0 || self.capacity > 1_000_000 {
            return Err(invalid("keys.capacity", "must be 1 to 1000000"));
        }
        if self.idle.is_zero() {
            return Err(invalid("keys.idle", "must be above 0"));
        }
        Ok(self)
    }
}

impl Default for KeyedConfig {
    fn default() -> Self {
        Self {
            capacity: 1_024,
            idle: Duration::from_secs(600),
        }
    }
}
