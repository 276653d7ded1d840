//! The state machine of the limit.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    Cost, Quota, RateLimitConfig,
    cell::Rate,
    cells::{Cells, Refused},
};
use crate::{admission::Denied, error::Result};

/// Stands in `due` while the truth is under the lock. 584 years: no call is due then.
const UNDER_LOCK: u64 = u64::MAX;

/// Spaces calls so that they stay within all their quotas. See the [module](super).
///
/// One quota of calls lives in atomics; anything else is behind a lock.
#[derive(Debug)]
pub struct RateLimit {
    origin: Instant,
    /// When the next call would be due if all were evenly spaced, by [`nanos`](Self::nanos).
    ///
    /// Whoever changes the rate stores [`UNDER_LOCK`] first, so that no call takes a slot by half
    /// of a new rate. A call that finds the same `due` after the change as before it counts at the
    /// old rate, as if it had come first.
    due: AtomicU64,
    /// The rate of the one quota; an interval of 0 is no quota at all.
    interval: AtomicU64,
    tolerance: AtomicU64,
    /// The server's wish, if it ever had one: no call before this. 0 is none.
    not_before: AtomicU64,
    /// The latest slot that a caller waits for, or nearly got.
    booked: AtomicU64,
    cells: Mutex<Cells>,
}

impl RateLimit {
    /// Creates a limit whose whole burst is free.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: impl Into<RateLimitConfig>, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(config.into().validate()?, now))
    }

    /// Creates a limit from a configuration that has been validated.
    pub(crate) fn from_valid(config: impl Into<RateLimitConfig>, now: Instant) -> Self {
        let cells = Cells::new(&config.into(), 0);
        let limit = Self {
            origin: now,
            due: AtomicU64::new(UNDER_LOCK),
            interval: AtomicU64::new(0),
            tolerance: AtomicU64::new(0),
            not_before: AtomicU64::new(0),
            booked: AtomicU64::new(0),
            cells: Mutex::new(cells),
        };
        limit.publish(&limit.cells.lock());
        limit
    }

    /// Takes a slot for one call that goes now.
    ///
    /// # Errors
    ///
    /// [`Denied`] until the instant at which the next slot is free; nothing is taken then.
    #[inline]
    pub fn admit(&self, now: Instant) -> Result<(), Denied> {
        if self.take_now(self.nanos(now)) {
            return Ok(());
        }
        self.wait_for(&Cost::ONE, now, now).map(|_| ())
    }

    /// Takes the next slot in which every quota has room for `cost`, and returns when the call may
    /// go: `now`, or later up to `latest`. A `latest` before `now` counts as `now`.
    ///
    /// # Errors
    ///
    /// [`Denied`] when the next slot is after `latest`; nothing is taken then, from any quota.
    /// Without a time when the cost is above the burst of a quota and can never go.
    #[inline]
    pub fn reserve(&self, cost: Cost, now: Instant, latest: Instant) -> Result<Instant, Denied> {
        self.reserve_for(Some(&cost), now, latest)
    }

    /// As [`reserve`](Self::reserve); without a cost it is one call, and no cost is moved for it.
    #[inline]
    pub(crate) fn reserve_for(
        &self,
        cost: Option<&Cost>,
        now: Instant,
        latest: Instant,
    ) -> Result<Instant, Denied> {
        let is_simple = cost.is_none_or(|cost| cost.of_calls() == 1 && !cost.is_overflown());
        if is_simple && self.take_now(self.nanos(now)) {
            return Ok(now);
        }
        self.wait_for(cost.unwrap_or(&Cost::ONE), now, latest)
    }

    /// Takes one call of the one quota if it may go now: the common case, and only that.
    #[inline]
    fn take_now(&self, now: u64) -> bool {
        let mut due = self.due.load(Ordering::Acquire);
        loop {
            // Acquired: a rate newer than `due` makes the exchange below fail.
            let interval = self.interval.load(Ordering::Acquire);
            let tolerance = self.tolerance.load(Ordering::Acquire);
            let not_before = self.not_before.load(Ordering::Acquire);
            let held = not_before != 0 && now < not_before.saturating_add(tolerance);
            // Under the lock no call is due; without a quota nothing is to be taken.
            if due.saturating_sub(tolerance) > now || held || interval == 0 {
                return false;
            }
            let next = due.max(now) + interval;
            let taken =
                self.due
                    .compare_exchange_weak(due, next, Ordering::AcqRel, Ordering::Acquire);
            match taken {
                Ok(_) => return true,
                Err(changed) => due = changed,
            }
        }
    }

    /// Every other case: a call that waits, is refused, costs more or has several quotas.
    #[cold]
    fn wait_for(&self, cost: &Cost, now: Instant, latest: Instant) -> Result<Instant, Denied> {
        let (at, latest) = (self.nanos(now), self.nanos(latest));
        let outcome = if cost.is_overflown() {
            Err(None)
        } else {
            self.reserve_one(cost.of_calls(), at, latest)
                .unwrap_or_else(|| self.reserve_all(cost, at, latest))
        };
        match outcome {
            // Not the origin when `now` lies before it.
            Ok(go) if go == at => Ok(now),
            Ok(go) => Ok(self.instant(go)),
            Err(Some(until)) => Err(Denied::until(self.instant(until))),
            Err(None) => Err(Denied::unknown()),
        }
    }

    fn reserve_one(&self, calls: u32, now: u64, latest: u64) -> Option<Result<u64, Refused>> {
        let mut due = self.due.load(Ordering::Acquire);
        loop {
            if due == UNDER_LOCK {
                return None;
            }
            // Acquired: a rate newer than `due` makes the exchange below fail.
            let rate = Rate {
                interval: self.interval.load(Ordering::Acquire),
                tolerance: self.tolerance.load(Ordering::Acquire),
            };
            let not_before = self.not_before.load(Ordering::Acquire);
            let free = rate.interval == 0 || calls == 0;
            let ready = if free {
                Some(not_before)
            } else {
                rate.ready(due, not_before, calls)
            };
            let go = match ready.map(|ready| ready.max(now)) {
                Some(go) if go == now || go <= latest => go,
                refused => {
                    let found = self.due.load(Ordering::Acquire);
                    if found == due {
                        return Some(Err(refused));
                    }
                    due = found;
                    continue;
                }
            };
            if free {
                return Some(Ok(go));
            }
            if go > now {
                // Before the slot is taken, so that whoever sees it taken sees it booked.
                self.booked.fetch_max(go, Ordering::AcqRel);
            }
            let next = rate.charge(due, not_before, go, calls);
            match self
                .due
                .compare_exchange_weak(due, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(Ok(go)),
                Err(changed) => due = changed,
            }
        }
    }

    fn reserve_all(&self, cost: &Cost, now: u64, latest: u64) -> Result<u64, Refused> {
        let mut cells = self.cells.lock();
        if !cells.paces.is_empty() {
            cells.expire(now);
            self.publish(&cells);
        }
        // The quota was being replaced when the caller looked, and is one again.
        if let Some(outcome) = self.reserve_one(cost.of_calls(), now, latest) {
            return outcome;
        }
        let not_before = self.not_before.load(Ordering::Acquire);
        let booked = self.booked.load(Ordering::Acquire);
        let go = cells.reserve(cost, [not_before, booked], now, latest)?;
        if go > now {
            self.booked.fetch_max(go, Ordering::AcqRel);
        }
        Ok(go)
    }

    /// Gives back what was reserved for a call that did not go.
    ///
    /// A burst never holds more than it can. A slot before those that other callers have booked
    /// already is lost: they are not moved up. What comes back late has in part been renewed by
    /// time as well, so that up to this much may go once beyond the quota: settle soon.
    pub fn give_back(&self, cost: Cost, now: Instant) {
        self.settle_cost(cost, Cost::calls(0), now);
    }

    /// Makes up for the difference between what was reserved for a call and what it used, such as
    /// tokens that are counted after the answer.
    ///
    /// More than was reserved is owed and holds up the next callers; less is given back as by
    /// [`give_back`](Self::give_back).
    pub fn settle_cost(&self, estimated: Cost, actual: Cost, now: Instant) {
        let now = self.nanos(now);
        // The difference may be of units alone that have no quota.
        if estimated.of_calls() == actual.of_calls()
            && self.due.load(Ordering::Acquire) != UNDER_LOCK
        {
            return;
        }
        self.change(|cells, _| cells.settle(&estimated, &actual, now));
    }

    /// Lets no call go before `until`, and after that no burst. Never shortens an earlier wish.
    pub fn penalize_until(&self, until: Instant) {
        self.not_before
            .fetch_max(self.nanos(until), Ordering::AcqRel);
    }

    /// Replaces all quotas by one. What was taken stays taken, at the new spacing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the quota is not valid; the old ones
    /// then stay.
    pub fn set_quota(&self, quota: Quota, now: Instant) -> Result<()> {
        let config = RateLimitConfig::from(quota).with_learn(self.cells.lock().learn);
        self.set_quotas(config, now)
    }

    /// Replaces all quotas. What was taken of a unit stays taken at the new spacing, as far as the
    /// new burst can hold it; slots that callers wait for stay theirs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid; the
    /// old quotas then stay.
    pub fn set_quotas(&self, config: impl Into<RateLimitConfig>, now: Instant) -> Result<()> {
        self.reconfigure(&config.into().validate()?, now);
        Ok(())
    }

    /// Replaces all quotas by some that have been validated.
    pub(crate) fn reconfigure(&self, config: &RateLimitConfig, now: Instant) {
        let now = self.nanos(now);
        self.change(|cells, not_before| {
            cells.change(config, not_before, now);
        });
    }

    /// Returns the quotas that hold now: as configured, or as the server has changed them.
    #[must_use]
    pub fn quotas(&self) -> RateLimitConfig {
        let cells = self.cells.lock();
        let none = RateLimitConfig::new().with_learn(cells.learn);
        cells.in_force().fold(none, RateLimitConfig::with_quota)
    }

    /// Changes the state under the lock, with the atomics taken in before and given out after.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Cells, u64) -> T) -> T {
        let mut cells = self.cells.lock();
        let found = self.due.swap(UNDER_LOCK, Ordering::AcqRel);
        if found != UNDER_LOCK
            && let Some(cell) = cells.quotas.first_mut()
        {
            cell.take_over(found, self.booked.load(Ordering::Acquire));
        }
        let result = change(&mut cells, self.not_before.load(Ordering::Acquire));
        self.publish(&cells);
        result
    }

    /// Puts what fits into the atomics.
    fn publish(&self, cells: &Cells) {
        if let Some((rate, due)) = cells.single() {
            self.interval.store(rate.interval, Ordering::Release);
            self.tolerance.store(rate.tolerance, Ordering::Release);
            self.due.store(due.min(UNDER_LOCK - 1), Ordering::Release);
        }
    }

    /// Returns the nanoseconds after the origin, which itself is 1, as 0 stands for never.
    ///
    /// 2^64 of them are 584 years of uptime.
    #[inline]
    pub(super) fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin);
        since
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(since.subsec_nanos()) + 1)
    }

    fn instant(&self, nanos: u64) -> Instant {
        self.origin + Duration::from_nanos(nanos.saturating_sub(1))
    }
}
