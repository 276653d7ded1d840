//! How often, how long, and at what price.

use std::time::Duration;

use crate::{
    backoff::Backoff, error::Result, keyed::KeyedConfig, resilience::Config,
    retry_budget::RetryBudgetConfig,
};

/// Configures a [`RetryLayer`](super::RetryLayer). The defaults are those of [`Config`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// Attempts of a call, the first included, 1 to 100. Default: 3.
    pub max_attempts: u32,
    /// Time for all attempts and the waits between them, above 0, at most 30 days. Default: 30 s.
    pub deadline: Duration,
    /// Waits after failures. Default: 100 ms doubling to 20 s, full jitter.
    pub backoff: Backoff,
    /// Waits after being rate limited without a hint. Default: 1 s doubling to 20 s, full jitter.
    pub rate_limited_backoff: Backoff,
    /// The longest hint of a server that is waited for, if the deadline leaves room for it too.
    /// Default: 60 s.
    pub hint_cap: Duration,
    /// How many retries are affordable, for each key.
    pub budget: RetryBudgetConfig,
}

impl RetryConfig {
    /// Sets the attempts of a call, the first included.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the time for all attempts and the waits between them.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the waits after failures.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the waits after being rate limited without a hint.
    #[must_use]
    pub const fn with_rate_limited_backoff(mut self, backoff: Backoff) -> Self {
        self.rate_limited_backoff = backoff;
        self
    }

    /// Sets the longest hint that a call waits for.
    #[must_use]
    pub const fn with_hint_cap(mut self, cap: Duration) -> Self {
        self.hint_cap = cap;
        self
    }

    /// Sets how many retries are affordable.
    #[must_use]
    pub const fn with_budget(mut self, budget: RetryBudgetConfig) -> Self {
        self.budget = budget;
        self
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        self.clone().policies(KeyedConfig::default()).validate()?;
        Ok(self)
    }

    /// The retry loop alone, of all policies.
    pub(super) fn policies(self, keys: KeyedConfig) -> Config {
        Config::default()
            .with_timeouts(self.deadline, self.deadline)
            .with_max_attempts(self.max_attempts)
            .with_backoff(self.backoff)
            .with_rate_limited_backoff(self.rate_limited_backoff)
            .with_hint_cap(self.hint_cap)
            .with_retry_budget(self.budget)
            .with_circuit_breaker(None)
            .with_rate_limit(None)
            .with_bulkhead(None)
            .with_keys(keys)
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        let Config {
            max_attempts,
            deadline,
            backoff,
            rate_limited_backoff,
            hint_cap,
            retry_budget: budget,
            ..
        } = Config::default();
        Self {
            max_attempts,
            deadline,
            backoff,
            rate_limited_backoff,
            hint_cap,
            budget,
        }
    }
}
