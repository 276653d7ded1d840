//! The state machine of the pause.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use crate::admission::Denied;

/// The longest pause, whatever a server asks for: one day, in which every quota known is renewed.
///
/// Without it one broken header would close a service until the restart of the process.
pub const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Remembers until when a server wants no calls. See the [module](super).
#[derive(Debug)]
pub struct Pause {
    origin: Instant,
    /// Nanoseconds after `origin`; 0 for no pause. One atomic, as every attempt reads it.
    until: AtomicU64,
}

impl Pause {
    /// Creates a gate that is open; no pause can end before `now`.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            origin: now,
            until: AtomicU64::new(0),
        }
    }

    /// Tells whether a call may go now.
    ///
    /// # Errors
    ///
    /// [`Denied`] until the end of the pause.
    pub fn admit(&self, now: Instant) -> Result<(), Denied> {
        let nanos = self.until.load(Ordering::Acquire);
        if nanos == 0 {
            return Ok(());
        }
        let until = self.origin + Duration::from_nanos(nanos);
        if now < until {
            Err(Denied::until(until))
        } else {
            Ok(())
        }
    }

    /// Pauses for `wait` from `now`, at most [`MAX_PAUSE`]. Never shortens a longer pause.
    pub fn pause(&self, wait: Duration, now: Instant) {
        let until = now.saturating_duration_since(self.origin) + wait.min(MAX_PAUSE);
        // 2^64 nanoseconds are 584 years of uptime.
        let until = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        self.until.fetch_max(until, Ordering::AcqRel);
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.until.store(0, Ordering::Release);
    }
}
