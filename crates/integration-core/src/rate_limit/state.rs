//! The state machine of the limit.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Quota;
use crate::{admission::Denied, error::Result};

/// Spaces calls so that they stay within a quota. See the [module](super).
#[derive(Debug)]
pub struct RateLimit(Mutex<State>);

#[derive(Debug)]
struct State {
    interval: Duration,
    tolerance: Duration,
    /// When the next call would be due if all calls were evenly spaced.
    due: Instant,
    /// The server's wish, if it ever had one: no call before this instant.
    not_before: Option<Instant>,
}

impl RateLimit {
    /// Creates a limit whose whole burst is free.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the quota is not valid.
    pub fn new(quota: Quota, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(quota.validate()?, now))
    }

    /// Creates a limit from a quota that has been validated.
    pub(crate) fn from_valid(quota: Quota, now: Instant) -> Self {
        Self(Mutex::new(State {
            interval: quota.interval(),
            tolerance: quota.tolerance(),
            due: now,
            not_before: None,
        }))
    }

    /// Takes a slot for a call that goes now.
    ///
    /// # Errors
    ///
    /// [`Denied`] until the instant at which the next slot is free; nothing is taken then.
    pub fn admit(&self, now: Instant) -> Result<(), Denied> {
        self.reserve(now, now).map(|_| ())
    }

    /// Takes the next slot, and returns when the call may go: `now`, or later up to `latest`.
    ///
    /// # Errors
    ///
    /// [`Denied`] when the next slot is after `latest`; nothing is taken then.
    pub fn reserve(&self, now: Instant, latest: Instant) -> Result<Instant, Denied> {
        let mut state = self.0.lock();
        let due = state
            .drained()
            .map_or(state.due, |drained| state.due.max(drained));
        let go = now.max(due.checked_sub(state.tolerance).unwrap_or(now));
        if go > latest {
            return Err(Denied::until(go));
        }
        state.due = due.max(go) + state.interval;
        Ok(go)
    }

    /// Lets no call go before `until`, and after that no burst. Never shortens an earlier wish.
    pub fn penalize_until(&self, until: Instant) {
        let mut state = self.0.lock();
        state.not_before = state.not_before.max(Some(until));
    }

    /// Replaces the quota. Slots already taken stay taken, at the new spacing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the quota is not valid; the old one
    /// then stays.
    pub fn set_quota(&self, quota: Quota, now: Instant) -> Result<()> {
        let quota = quota.validate()?;
        let mut state = self.0.lock();
        let ahead = state.due.saturating_duration_since(now);
        let taken = ahead.as_secs_f64() / state.interval.as_secs_f64();
        let ahead = Duration::try_from_secs_f64(taken * quota.interval().as_secs_f64());
        state.due = now + ahead.unwrap_or_default().min(crate::config::MAX_DURATION);
        state.interval = quota.interval();
        state.tolerance = quota.tolerance();
        Ok(())
    }
}

impl State {
    /// Returns where `due` stands if the burst is used up at the end of the server's wish.
    fn drained(&self) -> Option<Instant> {
        self.not_before.map(|until| until + self.tolerance)
    }
}
