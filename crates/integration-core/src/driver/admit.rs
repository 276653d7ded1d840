//! Whether a call, and then each of its attempts, may begin.

use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::{
    attempt::Lane,
    call::{CallState, Queue},
    fleet::Asking,
    operation::AttemptContext,
};
use crate::{
    bulkhead,
    circuit_breaker::Pass,
    error::{Error, ErrorKind, GaveUp},
    observer::Happening,
};

/// Whether the next step may be made.
pub(super) enum Admitted {
    /// The attempt begins now.
    Go(AttemptContext),
    /// Ask again at this instant.
    Wait(Instant),
    /// Ask again when the turn has come, which must be before this instant.
    Queue(Instant),
    /// Ask the fleet.
    Ask(Asking),
    Refused(Error),
}

impl CallState {
    /// Asks the bulkhead for a place, and then for the first attempt.
    pub(super) fn enter(&mut self) -> Admitted {
        let now = self.started;
        let Some(bulkhead) = &self.policies.bulkhead else {
            return self.admit(now);
        };
        match bulkhead.enter(self.options.priority) {
            Ok(bulkhead::Entry::Run(place)) => {
                self.place = Some(place);
                self.admit(now)
            }
            Ok(bulkhead::Entry::Wait(turn)) => {
                self.turn = Some(Box::new((Queue::Call, turn)));
                let config = self.common().config.bulkhead.as_ref();
                let wait = config.and_then(|config| config.max_wait);
                Admitted::Queue(wait.map_or(self.deadline, |wait| self.deadline.min(now + wait)))
            }
            Err(_) => self.refuse_full(now),
        }
    }

    /// Resolves when the turn has come and its place is taken.
    pub(super) fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some((queue, turn)) = self.turn.as_deref().copied() else {
            return Poll::Ready(());
        };
        let Some(places) = self.policies.queue(queue) else {
            return Poll::Ready(());
        };
        let place = ready!(places.poll_turn(turn, cx));
        self.turn = None;
        match queue {
            Queue::Call => self.place = Some(place),
            Queue::Attempt => self.attempt_place = Some(place),
        }
        Poll::Ready(())
    }

    /// No place became free in time.
    pub(super) fn queue_timed_out(&mut self) -> Error {
        let now = self.now();
        let reason = if now >= self.deadline {
            GaveUp::DeadlineTooClose
        } else {
            GaveUp::Refused
        };
        self.refuse(ErrorKind::BulkheadFull, None, reason, now)
    }

    /// Asks pause gate, breaker, rate limit and adaptive limit, in the order of the module.
    pub(super) fn admit(&mut self, now: Instant) -> Admitted {
        if now >= self.deadline {
            let kind = ErrorKind::DeadlineExceeded;
            return Admitted::Refused(self.refuse(kind, None, GaveUp::DeadlineTooClose, now));
        }
        if let Err(denied) = self.policies.pause.admit(now) {
            let until = denied.until.unwrap_or(self.deadline);
            return self.wait_or_refuse(ErrorKind::Paused, until, now);
        }
        if let Some(breaker) = &self.policies.breaker
            && let Err(denied) = breaker.peek(now)
        {
            breaker.count_refused();
            return self.refuse_open(denied.until, now);
        }
        if !self.has_slot {
            if let Some(fleet) = &self.common().fleet {
                return Admitted::Ask(self.ask(fleet, now));
            }
            if let Some(go) = self.reserve(now)
                && go > now
            {
                return self.wait_or_refuse(ErrorKind::LimitedLocally, go, now);
            }
        }
        if let Some(refused) = self.enter_adaptive(now) {
            return refused;
        }
        match self.enter_breaker(now) {
            Ok(pass) => Admitted::Go(self.begin(Lane::First, pass, now)),
            Err(until) => self.refuse_open(until, now),
        }
    }

    /// Takes a slot of the rate limit; returns when it is, or would be, due.
    fn reserve(&mut self, now: Instant) -> Option<Instant> {
        let limit = self.policies.limit.get()?;
        match limit.reserve_for(self.options.cost.as_deref(), now, self.deadline) {
            Ok(go) => {
                self.has_slot = true;
                Some(go)
            }
            Err(denied) => Some(denied.until.unwrap_or(self.deadline)),
        }
    }

    /// Takes a place of the adaptive limit, or says what to do instead.
    fn enter_adaptive(&mut self, now: Instant) -> Option<Admitted> {
        let adaptive = self.policies.adaptive.as_ref()?;
        if self.attempt_place.is_some() {
            return None;
        }
        match adaptive.bulkhead().enter(self.options.priority) {
            Ok(bulkhead::Entry::Run(place)) => {
                self.attempt_place = Some(place);
                None
            }
            Ok(bulkhead::Entry::Wait(turn)) => {
                self.turn = Some(Box::new((Queue::Attempt, turn)));
                Some(Admitted::Queue(self.deadline))
            }
            Err(_) => Some(self.refuse_full(now)),
        }
    }

    /// Commits to an attempt; the error is until when the circuit is open.
    pub(super) fn enter_breaker(&self, now: Instant) -> Result<Option<Pass>, Option<Instant>> {
        let Some(breaker) = &self.policies.breaker else {
            return Ok(None);
        };
        let pass = breaker.enter(now).map_err(|denied| denied.until)?;
        if let Some(to) = pass.changed {
            self.emit(Happening::CircuitChanged { to });
        }
        Ok(Some(pass))
    }

    /// Waits where waiting helps: a pause or a slot that comes before the deadline.
    pub(super) fn wait_or_refuse(
        &mut self,
        kind: ErrorKind,
        until: Instant,
        now: Instant,
    ) -> Admitted {
        let delay = until.saturating_duration_since(now);
        let reason = if until >= self.deadline {
            GaveUp::DeadlineTooClose
        } else if kind == ErrorKind::Paused && delay > self.common().config.hint_cap {
            GaveUp::HintTooLong
        } else {
            self.emit(Happening::Waiting { delay, kind });
            return Admitted::Wait(self.spread(kind, until));
        };
        Admitted::Refused(self.refuse(kind, Some(until), reason, now))
    }

    /// Lets the callers that a pause held up come back one by one, later but never early. The
    /// slots of the rate limit are spread already.
    fn spread(&self, kind: ErrorKind, until: Instant) -> Instant {
        if kind != ErrorKind::Paused {
            return until;
        }
        let backoff = &self.common().config.backoff;
        let later = until + backoff.delay(1, std::time::Duration::ZERO, &*self.common().rng);
        if later < self.deadline { later } else { until }
    }

    /// An open circuit is not waited for: to fail at once is its purpose.
    fn refuse_open(&mut self, until: Option<Instant>, now: Instant) -> Admitted {
        Admitted::Refused(self.refuse(ErrorKind::CircuitOpen, until, GaveUp::Refused, now))
    }

    fn refuse_full(&mut self, now: Instant) -> Admitted {
        Admitted::Refused(self.refuse(ErrorKind::BulkheadFull, None, GaveUp::Refused, now))
    }
}
