//! How many retries are affordable.

use crate::{config::invalid, error::Result};

/// Configures a [`RetryBudget`](super::RetryBudget).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryBudgetConfig {
    /// Retries allowed in percent of the calls, 0 to 100. Default: 20.
    pub percent: u8,
    /// Retries allowed a second however few the calls are. Default: 10.
    pub min_per_second: u32,
    /// Retries that can be saved up from calls that needed none, at least 1. Default: 50.
    pub capacity: u32,
}

impl RetryBudgetConfig {
    /// Sets the retries allowed in percent of the calls.
    #[must_use]
    pub const fn with_percent(mut self, percent: u8) -> Self {
        self.percent = percent;
        self
    }

    /// Sets the retries allowed a second however few the calls are.
    #[must_use]
    pub const fn with_min_per_second(mut self, retries: u32) -> Self {
        self.min_per_second = retries;
        self
    }

    /// Sets the retries that can be saved up.
    #[must_use]
    pub const fn with_capacity(mut self, retries: u32) -> Self {
        self.capacity = retries;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.percent > 100 {
            return Err(invalid("retry_budget.percent", "must be 0 to 100"));
        }
        if self.percent == 0 && self.min_per_second == 0 {
            let rule = "must be above 0 when `min_per_second` is 0; for no retries set `max_attempts` to 1";
            return Err(invalid("retry_budget.percent", rule));
        }
        if self.capacity == 0 {
            return Err(invalid("retry_budget.capacity", "must be at least 1"));
        }
        Ok(self)
    }
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self {
            percent: 20,
            min_per_second: 10,
            capacity: 50,
        }
    }
}
