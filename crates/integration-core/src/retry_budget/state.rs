//! The state machine of the budget.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::RetryBudgetConfig;
use crate::{admission::Denied, error::Result};

/// Tokens of a retry at full price; see [`ErrorKind::price`](crate::ErrorKind::price).
const FULL_PRICE: u32 = 10;

/// What is saved up of the floor: one second of it.
const FLOOR_SAVED: Duration = Duration::from_secs(1);

/// Thousandths of a token, so that a percentage of a token is a whole number.
const MILLI: i64 = 1000;

/// Decides whether a retry is affordable. See the [module](super).
#[derive(Debug)]
pub struct RetryBudget {
    /// Earned by each call, in thousandths of a token.
    deposit: i64,
    /// The most that is saved up, and the most that is owed, in thousandths of a token.
    capacity: i64,
    /// Time in which the floor earns a retry at full price; `None` without a floor.
    floor: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The share of the calls, less what was spent. Below zero after the floor paid.
    share: i64,
    /// The floor has earned since this instant, but for at most [`FLOOR_SAVED`].
    floor_since: Instant,
}

impl RetryBudget {
    /// Creates a budget with one second of the floor in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: RetryBudgetConfig, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(&config.validate()?, now))
    }

    /// Creates a budget from a configuration that has been validated.
    pub(crate) fn from_valid(config: &RetryBudgetConfig, now: Instant) -> Self {
        Self {
            deposit: i64::from(config.percent) * i64::from(FULL_PRICE) * MILLI / 100,
            capacity: i64::from(config.capacity) * i64::from(FULL_PRICE) * MILLI,
            floor: FLOOR_SAVED.checked_div(config.min_per_second),
            state: Mutex::new(State {
                share: 0,
                floor_since: now.checked_sub(FLOOR_SAVED).unwrap_or(now),
            }),
        }
    }

    /// Earns the share of one call. Called once a call, not once an attempt.
    pub fn deposit(&self) {
        let mut state = self.state.lock();
        state.share = (state.share + self.deposit).min(self.capacity);
    }

    /// Pays for one retry of this price in tokens; a price of 0 is always paid.
    ///
    /// # Errors
    ///
    /// [`Denied`] when neither the share nor the floor can pay; nothing is paid then. The time is
    /// that of the floor; calls may earn it earlier.
    pub fn withdraw(&self, price: u32, now: Instant) -> Result<(), Denied> {
        if price == 0 {
            return Ok(());
        }
        let mut state = self.state.lock();
        let cost = i64::from(price) * MILLI;
        let floor_cost = self.floor.map(|retry| retry * price / FULL_PRICE);
        let since = state
            .floor_since
            .max(now.checked_sub(FLOOR_SAVED).unwrap_or(now));
        let floor_pays = floor_cost.is_some_and(|cost| since + cost <= now);
        if state.share < cost && !floor_pays {
            return Err(floor_cost.map_or(Denied::unknown(), |cost| Denied::until(since + cost)));
        }
        // Both are charged whichever of them pays, so that the larger counts and not the sum.
        state.share = (state.share - cost).max(-self.capacity);
        state.floor_since = floor_cost.map_or(since, |cost| (since + cost).min(now));
        Ok(())
    }
}
