//! The state machine of the budget.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::RetryBudgetConfig;
use crate::{
    admission::Denied,
    error::{ErrorKind, Result},
};

/// Tokens of one retry as the configuration counts them.
const FULL_PRICE: u32 = 10;

/// What is saved up of the floor: one second of it.
const FLOOR_SAVED: Duration = Duration::from_secs(1);

/// Thousandths of a token, so that a percentage of a token is a whole number.
const MILLI: i64 = 1000;

/// Decides whether a retry is affordable. See the [module](super).
#[derive(Debug)]
pub struct RetryBudget {
    config: RetryBudgetConfig,
    /// Earned by each call, in thousandths of a token.
    deposit: i64,
    /// The most that is saved up, and the most that is owed, in thousandths of a token.
    capacity: i64,
    /// Time in which the floor earns one retry; `None` without a floor.
    floor: Option<Duration>,
    /// The share of the calls, less what was spent. Below zero after the floor paid. Grows without
    /// the lock, shrinks only under it.
    share: AtomicI64,
    /// The floor has earned since this instant, but for at most [`FLOOR_SAVED`].
    floor_since: Mutex<Instant>,
}

/// What was taken for one retry or hedge, so that exactly that can be given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booking {
    share: i64,
    floor: Duration,
}

/// Why a booking is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refund {
    /// It was not sent: its call was dropped, refused, or over before. Gives all of it back.
    NotSent,
    /// It succeeded. Gives back `success_refund_percent` of it.
    Succeeded,
}

impl RetryBudget {
    /// Creates a budget with one second of the floor in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(config: RetryBudgetConfig, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(&config.validate()?, now))
    }

    /// Creates a budget from a configuration that has been validated.
    pub(crate) fn from_valid(config: &RetryBudgetConfig, now: Instant) -> Self {
        let full = i64::from(FULL_PRICE) * MILLI;
        Self {
            config: config.clone(),
            deposit: i64::from(config.percent) * full / 100,
            capacity: i64::from(config.capacity) * full,
            floor: FLOOR_SAVED.checked_div(config.min_per_second),
            share: AtomicI64::new(0),
            floor_since: Mutex::new(now.checked_sub(FLOOR_SAVED).unwrap_or(now)),
        }
    }

    /// Earns the share of one call. Called once a call, not once an attempt.
    pub fn deposit(&self) {
        self.earn(self.deposit);
    }

    /// Returns what a retry after a failure of this kind costs, in tokens.
    #[must_use]
    pub const fn price(&self, kind: ErrorKind) -> u32 {
        self.config.price(kind)
    }

    /// Returns what a hedge costs, in tokens.
    #[must_use]
    pub const fn hedge_price(&self) -> u32 {
        self.config.hedge_price
    }

    /// Pays for one retry or hedge of this price in tokens; a price of 0 is always paid.
    ///
    /// # Errors
    ///
    /// [`Denied`] when neither the share nor the floor can pay; nothing is paid then. The time is
    /// that of the floor; calls may earn it earlier.
    pub fn withdraw(&self, price: u32, now: Instant) -> Result<Booking, Denied> {
        if price == 0 {
            return Ok(Booking::default());
        }
        // What a full budget could never pay would never be retried.
        let cost = (i64::from(price) * MILLI).min(self.capacity);
        let floor_cost = self
            .floor
            .map(|retry| (retry * price / FULL_PRICE).min(FLOOR_SAVED));
        let mut floor_since = self.floor_since.lock();
        let since = (*floor_since).max(now.checked_sub(FLOOR_SAVED).unwrap_or(now));
        // A deposit that comes in between only adds to what is seen here.
        let share = self.share.load(Ordering::Relaxed);
        let floor_pays = floor_cost.is_some_and(|cost| since + cost <= now);
        if share < cost && !floor_pays {
            return Err(floor_cost.map_or(Denied::unknown(), |cost| Denied::until(since + cost)));
        }
        // Both are charged whichever of them pays, so that the larger counts and not the sum. An
        // instant from before the latest booking takes nothing back.
        let left = (share - cost).max(-self.capacity);
        let paid_until = (since + floor_cost.unwrap_or_default()).min(now).max(since);
        self.share.fetch_sub(share - left, Ordering::Relaxed);
        *floor_since = paid_until;
        Ok(Booking {
            share: share - left,
            floor: paid_until.saturating_duration_since(since),
        })
    }

    /// Gives back what was taken, in part or in whole. At most once a booking.
    pub fn refund(&self, booking: Booking, why: Refund) {
        let percent = match why {
            Refund::NotSent => 100,
            Refund::Succeeded => self.config.success_refund_percent,
        };
        if percent == 0 {
            return;
        }
        let mut floor_since = self.floor_since.lock();
        self.earn(booking.share * i64::from(percent) / 100);
        let earlier = booking.floor * u32::from(percent) / 100;
        *floor_since = floor_since.checked_sub(earlier).unwrap_or(*floor_since);
    }

    /// Adds to the share up to the capacity. A full one, which is the rule, is only read.
    fn earn(&self, amount: i64) {
        let more =
            |share: i64| (share < self.capacity).then(|| (share + amount).min(self.capacity));
        let _full = self
            .share
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}
