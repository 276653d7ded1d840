//! What only a call needs that did not succeed at once.

use std::time::Duration;

use tokio::time::Instant;

use super::{attempt::Lane, call::CallState};
use crate::{
    error::{Attempt, Error, MAX_ATTEMPTS_KEPT},
    retry_budget::{Booking, Refund},
};

/// Kept apart and made late, so that a call without trouble is small and quick.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// When the call began to wait for its next attempt, if there was one before.
    idle_since: Option<Instant>,
    /// The latest [`MAX_ATTEMPTS_KEPT`] failed attempts.
    history: Vec<Attempt>,
    /// The delay that the backoff gave last; zero before the first.
    pub(super) backed_off: Duration,
    /// The error of the last attempt, while the call waits for the next.
    pub(super) last: Option<Error>,
    /// What the budget was paid for the attempt that is about to begin, and for those that run.
    next_booking: Option<Booking>,
    bookings: [Option<Booking>; 2],
}

impl CallState {
    pub(super) fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    /// Returns when the call began to wait for the attempt that runs.
    pub(super) fn idle_since(&self) -> Instant {
        let trouble = self.trouble.as_ref();
        trouble
            .and_then(|trouble| trouble.idle_since)
            .unwrap_or(self.started)
    }

    pub(super) fn take_last(&mut self) -> Option<Error> {
        self.trouble.as_mut()?.last.take()
    }

    pub(super) fn take_history(&mut self) -> Vec<Attempt> {
        let trouble = self.trouble.as_mut();
        trouble.map_or_else(Vec::new, |trouble| std::mem::take(&mut trouble.history))
    }

    /// Keeps what was paid for the attempt that is about to begin.
    pub(super) fn book(&mut self, booking: Booking) {
        self.trouble().next_booking = Some(booking);
    }

    /// Gives back what was paid for an attempt that does not begin.
    pub(super) fn unbook(&mut self) {
        if let Some(trouble) = &mut self.trouble
            && let Some(booking) = trouble.next_booking.take()
        {
            self.policies.budget.refund(booking, Refund::NotSent);
        }
    }
}

impl Trouble {
    pub(super) fn begin(&mut self, lane: Lane) {
        self.bookings[lane as usize] = self.next_booking.take();
    }

    /// Returns what was paid for an attempt that has ended.
    pub(super) fn end(&mut self, lane: Lane) -> Option<Booking> {
        self.bookings[lane as usize].take()
    }

    pub(super) fn remember(&mut self, attempt: Attempt, now: Instant) {
        if self.history.len() == MAX_ATTEMPTS_KEPT {
            self.history.remove(0);
        }
        self.history.push(attempt);
        self.idle_since = Some(now);
    }
}
