//! How a process belongs to a fleet.

use std::time::Duration;

use crate::{
    backoff::{Backoff, Jitter},
    config::invalid,
    error::Result,
    keyed::KeyedConfig,
    retry_budget::RetryBudgetConfig,
};

/// How far ahead a process books on its own. Not much, for nobody else knows of it.
pub(super) const OWN_HORIZON: Duration = Duration::from_millis(250);

/// Configures a [`Fleet`](super::Fleet).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetConfig {
    /// Processes that share the store at most, 1 to 10,000. No default: no number is right for all.
    ///
    /// Read only while the store is away. Count those that run during a roll-out.
    pub members: u32,
    /// How long a call waits for the store at most, 1 ms to 5 s. Default: 50 ms.
    pub timeout: Duration,
    /// How long the store is left alone after a failure. Default: 100 ms, doubling to 2 s, the
    /// second half by chance. `base` at least 10 ms, `cap` at most 1 min.
    pub backoff: Backoff,
    /// The retry budget that the fleet shares. Default: that of one process.
    pub retry_budget: RetryBudgetConfig,
    /// How many keys are held in this process, and how long.
    pub keys: KeyedConfig,
}

impl FleetConfig {
    /// Describes a fleet of so many processes; everything else has its default.
    #[must_use]
    pub fn new(members: u32) -> Self {
        let second = Duration::from_secs(1);
        Self {
            members,
            timeout: Duration::from_millis(50),
            backoff: Backoff::exponential(second / 10, 2 * second).with_jitter(Jitter::Equal),
            retry_budget: RetryBudgetConfig::default(),
            keys: KeyedConfig::default(),
        }
    }

    /// Sets how long a call waits for the store.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long the store is left alone after a failure.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the retry budget that the fleet shares.
    #[must_use]
    pub const fn with_retry_budget(mut self, budget: RetryBudgetConfig) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Sets how many keys are held in this process, and how long.
    #[must_use]
    pub const fn with_keys(mut self, keys: KeyedConfig) -> Self {
        self.keys = keys;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(mut self) -> Result<Self> {
        if self.members == 0 || self.members > 10_000 {
            return Err(invalid("fleet.members", "must be 1 to 10000"));
        }
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(5));
        if self.timeout < least || self.timeout > most {
            return Err(invalid("fleet.timeout", "must be 1 ms to 5 s"));
        }
        let (least, most) = (Duration::from_millis(10), Duration::from_secs(60));
        if self.backoff.base() < least || self.backoff.cap() > most {
            let rule = "must have a base of at least 10 ms and a cap of at most 1 min";
            return Err(invalid("fleet.backoff", rule));
        }
        if self.backoff.cap() < self.backoff.base() {
            return Err(invalid("fleet.backoff", "must have a cap above its base"));
        }
        self.retry_budget = self.retry_budget.validate()?;
        self.keys = self.keys.validate()?;
        Ok(self)
    }

    /// How long after the return of the store another process may still be using its own limits:
    /// it finds the store with the first call after its back-off, and what it booked goes later.
    pub(super) fn settle(&self) -> Duration {
        self.backoff.cap() + self.timeout + OWN_HORIZON
    }

    /// The part of the retry budget that this process has while the store is away.
    pub(super) fn own_budget(&self) -> RetryBudgetConfig {
        let shared = &self.retry_budget;
        shared
            .clone()
            .with_min_per_second(shared.min_per_second / self.members)
            .with_capacity((shared.capacity / self.members).max(1))
    }
}
