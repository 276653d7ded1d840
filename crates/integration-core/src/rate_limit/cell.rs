//! The arithmetic of one quota, in nanoseconds since the origin of the limit.

use super::{Quota, Unit};

/// The longest debt: two months. It keeps sums far from overflow, whatever a call turns out to cost.
const MAX_DEBT: u64 = 60 * 24 * 60 * 60 * 1_000_000_000;

/// A quota as two times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    /// The time in which one unit is renewed.
    pub(super) interval: u64,
    /// How far ahead of the even spacing one unit may be: the burst less one.
    pub(super) tolerance: u64,
}

impl Rate {
    pub(super) fn of(quota: &Quota) -> Self {
        let interval = quota.interval();
        let more = u64::from(quota.burst().saturating_sub(1));
        Self {
            interval,
            tolerance: interval.saturating_mul(more),
        }
    }

    /// The time in which an empty burst is renewed.
    #[inline]
    pub(super) const fn capacity(self) -> u64 {
        self.interval.saturating_add(self.tolerance)
    }

    /// Returns where `due` stands if the burst is used up at the end of a penalty; 0 is none.
    #[inline]
    pub(super) fn drained(self, due: u64, not_before: u64) -> u64 {
        if not_before == 0 {
            due
        } else {
            due.max(not_before.saturating_add(self.tolerance))
        }
    }

    /// Returns when `amount`, at least 1, may go; `None` when it is more than a burst.
    #[inline]
    pub(super) fn ready(self, due: u64, not_before: u64, amount: u32) -> Option<u64> {
        let span = self.interval.saturating_mul(u64::from(amount));
        if span > self.capacity() {
            return None;
        }
        let due = self.drained(due, not_before);
        Some(due.saturating_add(span).saturating_sub(self.capacity()))
    }

    /// Returns `due` after `amount` went at `go`.
    #[inline]
    pub(super) fn charge(self, due: u64, not_before: u64, go: u64, amount: u32) -> u64 {
        let span = self.interval.saturating_mul(u64::from(amount));
        self.drained(due, not_before).max(go).saturating_add(span)
    }
}

/// One quota with what was taken from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) configured: Quota,
    /// What is counted here: the configured quota, or what the server made of it.
    pub(super) quota: Quota,
    pub(super) rate: Rate,
    /// When the next unit would be due if all were evenly spaced.
    pub(super) due: u64,
    /// The server's wish for this unit alone: nothing of it before; 0 is none.
    pub(super) not_before: u64,
    /// The latest slot that was given, and the time that its amount takes to be renewed.
    latest: (u64, u64),
}

impl Cell {
    pub(super) fn new(quota: Quota, now: u64) -> Self {
        Self {
            configured: quota,
            quota,
            rate: Rate::of(&quota),
            due: now,
            not_before: 0,
            latest: (0, 0),
        }
    }

    pub(super) const fn unit(&self) -> Unit {
        self.quota.unit()
    }

    pub(super) fn ready(&self, amount: u32, not_before: u64) -> Option<u64> {
        let not_before = not_before.max(self.not_before);
        self.rate.ready(self.due, not_before, amount)
    }

    pub(super) fn charge(&mut self, amount: u32, go: u64, not_before: u64) {
        let not_before = not_before.max(self.not_before);
        let span = self.rate.interval.saturating_mul(u64::from(amount));
        self.due = self.rate.charge(self.due, not_before, go, amount);
        self.latest = (go, span);
    }

    /// Takes the state over from the atomics; `booked` is the latest slot that a caller waits for.
    pub(super) fn take_over(&mut self, due: u64, booked: u64) {
        self.due = due;
        self.latest = (booked, self.rate.interval);
    }

    /// Takes more without asking, for what turned out to be more than was reserved.
    pub(super) fn owe(&mut self, amount: u32, now: u64) {
        let span = self.rate.interval.saturating_mul(u64::from(amount));
        let due = self.due.max(now).saturating_add(span);
        self.due = due.min(now.saturating_add(MAX_DEBT)).max(self.due);
    }

    /// Takes less, for what turned out to be less than was reserved.
    ///
    /// A bucket is never left emptier than empty, nor than the latest caller needs who still waits
    /// for the slot it booked: what it passes on cannot be used before that slot.
    pub(super) fn give_back(&mut self, amount: u32, now: u64) {
        let span = self.rate.interval.saturating_mul(u64::from(amount));
        let (go, taken) = self.latest;
        let floor = if go > now {
            go.saturating_add(taken)
        } else {
            now
        };
        self.due = given_back(self.due, span, floor);
    }

    /// Replaces the quota. What was taken stays taken at the new spacing, as far as the new burst
    /// can hold it; slots that were booked stay booked, and what is owed is owed.
    pub(super) fn change(&mut self, quota: Quota, now: u64, not_before: u64) {
        let (old, new) = (self.rate, Rate::of(&quota));
        let respaced = |time: u64| {
            let units = u128::from(time) * u128::from(new.interval);
            let units = units.div_ceil(u128::from(old.interval.max(1)));
            u64::try_from(units).unwrap_or(u64::MAX)
        };
        // A wish that is over has drained the bucket; one to come will drain it on its own.
        let over = not_before.max(self.not_before);
        let over = if over <= now { over } else { 0 };
        let from = now.max(self.latest.0);
        let level = old.drained(self.due, over).saturating_sub(from);
        let owed = level.saturating_sub(old.capacity());
        let gone = respaced(level - owed).min(new.capacity());
        let debt = respaced(owed).min(MAX_DEBT);
        self.due = from.saturating_add(gone).saturating_add(debt);
        self.latest.1 = respaced(self.latest.1);
        self.quota = quota;
        self.rate = new;
    }
}

/// Returns `due` after `span` was given back, not below `floor` unless it was there already.
#[inline]
pub(super) fn given_back(due: u64, span: u64, floor: u64) -> u64 {
    due.saturating_sub(span).max(floor).min(due)
}

/// A pace that the server asked for, until its window ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) unit: Unit,
    pub(super) interval: u64,
    pub(super) due: u64,
    /// When the server's window ends, and the pace with it.
    pub(super) until: u64,
}

impl Pace {
    /// Takes `amount`. More than one at a time is let through and paid for afterwards.
    pub(super) fn charge(&mut self, amount: u32, go: u64) {
        let span = self.interval.saturating_mul(u64::from(amount));
        self.due = self.due.max(go).saturating_add(span);
    }
}
