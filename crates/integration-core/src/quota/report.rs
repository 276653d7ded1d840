//! What an answer says about quotas.

use std::time::Duration;

use crate::rate_limit::Unit;

/// How a server gives back what was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refill {
    /// All at once, at the reset.
    #[default]
    AtReset,
    /// A little all the time, as a leaking bucket; at the reset all of it is back.
    Steady,
}

/// Which calls an entry holds up when nothing remains of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// Every call, unless a quota of its unit tells which calls cost it.
    #[default]
    EveryCall,
    /// Only calls whose cost names the unit: a quota of one part of an interface.
    ItsUnit,
}

/// One quota of a server, as far as an answer tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaEntry {
    /// What is counted.
    pub unit: Unit,
    /// How much of it goes in a window.
    pub limit: Option<u64>,
    /// How much of it may still go before the reset.
    pub remaining: Option<u64>,
    /// The time until all of it may go again.
    pub reset_in: Option<Duration>,
    /// The length of a window.
    pub window: Option<Duration>,
    /// How it is given back. Default: all at once.
    pub refill: Refill,
    /// Which calls it holds up. Default: all.
    pub reach: Reach,
}

impl QuotaEntry {
    /// Starts an entry that says nothing about `unit`.
    #[must_use]
    pub const fn new(unit: Unit) -> Self {
        Self {
            unit,
            limit: None,
            remaining: None,
            reset_in: None,
            window: None,
            refill: Refill::AtReset,
            reach: Reach::EveryCall,
        }
    }

    /// Sets how much goes in a window.
    #[must_use]
    pub fn with_limit(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Sets how much may still go.
    #[must_use]
    pub fn with_remaining(mut self, remaining: impl Into<Option<u64>>) -> Self {
        self.remaining = remaining.into();
        self
    }

    /// Sets the time until all of it may go again.
    #[must_use]
    pub fn with_reset_in(mut self, reset: impl Into<Option<Duration>>) -> Self {
        self.reset_in = reset.into();
        self
    }

    /// Sets the length of a window.
    #[must_use]
    pub fn with_window(mut self, window: impl Into<Option<Duration>>) -> Self {
        self.window = window.into();
        self
    }

    /// Sets how it is given back.
    #[must_use]
    pub const fn with_refill(mut self, refill: Refill) -> Self {
        self.refill = refill;
        self
    }

    /// Sets which calls it holds up.
    #[must_use]
    pub const fn with_reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Tells whether nothing is known that could change a limit.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.limit.is_none() && self.remaining.is_none()
    }
}

/// What an answer says about quotas: up to [`MAX_ENTRIES`](Self::MAX_ENTRIES) of them, and a
/// penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaReport {
    /// For how long no call may go. Meant only by an answer that refuses: see
    /// [`without_penalty`](Self::without_penalty).
    pub penalty: Option<Duration>,
    entries: [QuotaEntry; Self::MAX_ENTRIES],
    len: usize,
}

impl QuotaReport {
    /// The most entries that are kept; further ones are dropped.
    pub const MAX_ENTRIES: usize = 4;

    /// Starts a report that says nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            penalty: None,
            entries: [QuotaEntry::new(Unit::CALLS); Self::MAX_ENTRIES],
            len: 0,
        }
    }

    /// Adds an entry, unless it is empty or there is no room.
    #[must_use]
    pub fn with_entry(mut self, entry: QuotaEntry) -> Self {
        if !entry.is_empty()
            && let Some(free) = self.entries.get_mut(self.len)
        {
            *free = entry;
            self.len += 1;
        }
        self
    }

    /// Sets for how long no call may go.
    #[must_use]
    pub fn with_penalty(mut self, penalty: impl Into<Option<Duration>>) -> Self {
        self.penalty = penalty.into();
        self
    }

    /// Drops the penalty, for an answer that is no refusal: a `Retry-After` beside 202 or a
    /// redirect is about that one call.
    #[must_use]
    pub const fn without_penalty(mut self) -> Self {
        self.penalty = None;
        self
    }

    /// Returns the entries.
    #[must_use]
    pub fn entries(&self) -> &[QuotaEntry] {
        self.entries.get(..self.len).unwrap_or_default()
    }

    /// Tells whether nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0 && self.penalty.is_none()
    }
}

impl Default for QuotaReport {
    fn default() -> Self {
        Self::new()
    }
}
