//! Whether the store can be asked: a state machine that takes `now` and never waits.

use std::time::Duration;

use tokio::time::Instant;

use crate::{backoff::Backoff, rng::Rng};

/// Why the store is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It took longer than the bound.
    Slow,
    /// It cannot be reached, or cannot work.
    Away,
    /// It refuses us: an address, a password or a right must be corrected.
    Misconfigured,
}

/// Whether the fleet shares its limits just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetHealth {
    /// The store is used.
    Connected,
    /// The store is not used, and local limits apply.
    Degraded {
        /// Since when.
        since: Instant,
        /// Why, as last seen.
        reason: Reason,
    },
}

/// Connected, or degraded and trying again now and then.
#[derive(Debug)]
pub(super) struct Link {
    backoff: Backoff,
    /// How long after a loss others may still be using their own limits.
    settle: Duration,
    /// Raised at every change; what was asked before a change says nothing about the time after.
    generation: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Connected {
        caution: Option<Caution>,
    },
    Degraded {
        since: Instant,
        reason: Reason,
        /// From then on one call asks the store.
        retry_at: Instant,
        failures: u32,
    },
}

/// The local limit applies beside the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caution {
    /// When the local limit began.
    pub(super) since: Instant,
    /// When every other process has found the store as well.
    pub(super) until: Instant,
}

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Store(Ticket),
    /// The local limit, which began at this instant.
    Local(Instant),
}

/// Names the state in which the store was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// What a failure meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It belongs to the time before the last change.
    Stale,
    /// The store was already known to be away.
    Again,
    /// The store was used until now.
    Lost,
}

impl Link {
    pub(super) const fn new(backoff: Backoff, settle: Duration) -> Self {
        Self {
            backoff,
            settle,
            generation: 0,
            state: State::Connected { caution: None },
        }
    }

    /// Decides whom to ask. While degraded, one call in each back-off is sent to the store.
    pub(super) fn route(&mut self, now: Instant, rng: &dyn Rng) -> Route {
        if let State::Degraded {
            since,
            retry_at,
            failures,
            ..
        } = &mut self.state
        {
            if now < *retry_at {
                return Route::Local(*since);
            }
            // Set now and not by the answer: a caller that is dropped never reports one.
            *retry_at = now + pause(&self.backoff, *failures, rng);
        }
        Route::Store(Ticket(self.generation))
    }

    /// The store answered. Returns how long it was away, when this ends its absence.
    pub(super) fn answered(&mut self, ticket: Ticket, now: Instant) -> Option<Duration> {
        if ticket.0 != self.generation {
            return None;
        }
        let State::Degraded { since, .. } = self.state else {
            return None;
        };
        let until = now + self.settle;
        let caution = Some(Caution { since, until });
        self.change(State::Connected { caution });
        Some(now.saturating_duration_since(since))
    }

    /// The store failed, or did not answer in time.
    pub(super) fn failed(
        &mut self,
        ticket: Ticket,
        reason: Reason,
        now: Instant,
        rng: &dyn Rng,
    ) -> Failure {
        if ticket.0 != self.generation {
            return Failure::Stale;
        }
        let (since, failures, failure) = match &self.state {
            State::Connected { .. } => (now, 1, Failure::Lost),
            State::Degraded {
                since, failures, ..
            } => (*since, failures.saturating_add(1), Failure::Again),
        };
        let state = State::Degraded {
            since,
            reason,
            retry_at: now + pause(&self.backoff, failures, rng),
            failures,
        };
        if failure == Failure::Lost {
            self.change(state);
        } else {
            self.state = state;
        }
        failure
    }

    /// The store remembers for `age` only: others may not have found it again.
    pub(super) fn remembers(&mut self, age: Duration, now: Instant) {
        let Some(left) = self.settle.checked_sub(age).filter(|left| !left.is_zero()) else {
            return;
        };
        if let State::Connected { caution } = &mut self.state {
            let since = caution.map_or(now, |caution| caution.since);
            let until = caution.map_or(now, |caution| caution.until).max(now + left);
            *caution = Some(Caution { since, until });
        }
    }

    /// Returns the local limit that applies beside the store's, if it does so now.
    pub(super) fn caution(&mut self, now: Instant) -> Option<Caution> {
        match &mut self.state {
            State::Degraded { .. } => None,
            State::Connected { caution } => {
                *caution = caution.filter(|caution| now < caution.until);
                *caution
            }
        }
    }

    /// Returns since when the store is not used.
    pub(super) const fn lost_since(&self) -> Option<Instant> {
        match self.state {
            State::Degraded { since, .. } => Some(since),
            State::Connected { .. } => None,
        }
    }

    pub(super) fn health(&self) -> FleetHealth {
        match self.state {
            State::Connected { .. } => FleetHealth::Connected,
            State::Degraded { since, reason, .. } => FleetHealth::Degraded { since, reason },
        }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

/// Never nothing, whatever the jitter: otherwise each call would ask a store that is away.
fn pause(backoff: &Backoff, failures: u32, rng: &dyn Rng) -> Duration {
    backoff
        .delay(failures, Duration::ZERO, rng)
        .max(backoff.base() / 2)
}
