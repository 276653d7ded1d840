//! How many retries are affordable, and what each costs.

use crate::{
    config::invalid,
    error::{Charge, ErrorKind, Result},
};

/// The highest price that a configuration may hold, in tokens.
const MAX_PRICE: u32 = 1_000;

/// Configures a [`RetryBudget`](super::RetryBudget).
///
/// Prices are in tokens: 10 of them are one retry of `percent`, `min_per_second` and `capacity`.
/// A price of 0 is always paid; one above the capacity costs the whole capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryBudgetConfig {
    /// Retries allowed in percent of the calls, 0 to 100. Default: 20.
    pub percent: u8,
    /// Retries allowed a second however few the calls are. Default: 10.
    pub min_per_second: u32,
    /// Retries that can be saved up from calls that needed none, at least 1. Default: 50.
    pub capacity: u32,
    /// Tokens for a retry after the service or the network failed, 0 to 1,000. Default: 10.
    pub failure_price: u32,
    /// Tokens for a retry after an attempt timed out, 0 to 1,000. Default: 20.
    ///
    /// Dearer than a failure: it held a connection for its whole time, and the service may still be
    /// at work on it when the next one comes.
    pub timeout_price: u32,
    /// Tokens for a retry after the service asked to wait, 0 to 1,000. Default: 5.
    ///
    /// Cheaper than a failure: the service is alive, refused without work, and the pause that it
    /// asked for holds the retries back already.
    pub throttle_price: u32,
    /// Tokens for a second copy of a call that is slow, 0 to 1,000. Default: 10.
    pub hedge_price: u32,
    /// What comes back of the price when the retry succeeded, in percent, 0 to 100. Default: 0.
    ///
    /// Above 0, retries that help may exceed `percent`. An overloaded service that still answers
    /// some of the retries is then retried more than it can bear, so it is not the default.
    pub success_refund_percent: u8,
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

    /// Sets the price of a retry after a failure, in tokens.
    #[must_use]
    pub const fn with_failure_price(mut self, tokens: u32) -> Self {
        self.failure_price = tokens;
        self
    }

    /// Sets the price of a retry after a timeout, in tokens.
    #[must_use]
    pub const fn with_timeout_price(mut self, tokens: u32) -> Self {
        self.timeout_price = tokens;
        self
    }

    /// Sets the price of a retry after a throttle, in tokens.
    #[must_use]
    pub const fn with_throttle_price(mut self, tokens: u32) -> Self {
        self.throttle_price = tokens;
        self
    }

    /// Sets the price of a hedge, in tokens.
    #[must_use]
    pub const fn with_hedge_price(mut self, tokens: u32) -> Self {
        self.hedge_price = tokens;
        self
    }

    /// Sets what comes back of the price when the retry succeeded, in percent.
    #[must_use]
    pub const fn with_success_refund_percent(mut self, percent: u8) -> Self {
        self.success_refund_percent = percent;
        self
    }

    /// Returns what a retry after a failure of this kind costs, in tokens.
    #[must_use]
    pub const fn price(&self, kind: ErrorKind) -> u32 {
        match kind.charge() {
            Charge::Free => 0,
            Charge::Throttle => self.throttle_price,
            Charge::Failure => self.failure_price,
            Charge::Timeout => self.timeout_price,
        }
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
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
        if self.success_refund_percent > 100 {
            let field = "retry_budget.success_refund_percent";
            return Err(invalid(field, "must be 0 to 100"));
        }
        let prices = [
            ("retry_budget.failure_price", self.failure_price),
            ("retry_budget.timeout_price", self.timeout_price),
            ("retry_budget.throttle_price", self.throttle_price),
            ("retry_budget.hedge_price", self.hedge_price),
        ];
        match prices.iter().find(|(_, price)| *price > MAX_PRICE) {
            Some((field, _)) => Err(invalid(field, "must be 0 to 1000")),
            None => Ok(self),
        }
    }
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self {
            percent: 20,
            min_per_second: 10,
            capacity: 50,
            failure_price: 10,
            timeout_price: 20,
            throttle_price: 5,
            hedge_price: 10,
            success_refund_percent: 0,
        }
    }
}
