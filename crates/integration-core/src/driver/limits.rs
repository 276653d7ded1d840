//! What one call asks for instead of what is configured.

use std::time::Duration;

use crate::{config::MAX_DURATION, resilience::Config};

/// Wishes of one call. They are joined with the configuration when the call begins, so that a
/// configuration that was replaced before holds for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Overrides {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    /// Time that is gone already; taken off the deadline.
    pub(crate) passed: Duration,
}

/// What holds for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_attempts: u32,
    pub(super) deadline: Duration,
    pub(super) attempt_timeout: Duration,
}

impl Limits {
    #[inline]
    pub(super) fn new(wishes: Option<&Overrides>, config: &Config) -> Self {
        let configured = Self {
            max_attempts: config.max_attempts,
            deadline: config.deadline,
            attempt_timeout: config.attempt_timeout,
        };
        match wishes {
            None => configured,
            Some(wishes) => configured.with(wishes),
        }
    }

    fn with(self, wishes: &Overrides) -> Self {
        let deadline = wishes.deadline.unwrap_or(self.deadline);
        Self {
            max_attempts: wishes.max_attempts.unwrap_or(self.max_attempts),
            deadline: deadline.saturating_sub(wishes.passed).min(MAX_DURATION),
            attempt_timeout: wishes.attempt_timeout.unwrap_or(self.attempt_timeout),
        }
    }
}
