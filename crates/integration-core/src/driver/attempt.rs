//! One attempt: what it holds while it runs, and what its end changes.

use tokio::time::Instant;

use super::{
    call::CallState,
    operation::{AttemptContext, Report},
    shared::Policies,
};
use crate::{
    adaptive::Outcome,
    bulkhead, circuit_breaker,
    circuit_breaker::Settled,
    classify::Verdict,
    error::{Attempt, ErrorKind, MAX_ATTEMPTS_KEPT},
    observer::Happening,
    retry_budget::{Booking, Refund},
};

/// Which of the attempts of a call that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    First,
    Hedge,
}

impl Lane {
    pub(super) const BOTH: [Self; 2] = [Self::First, Self::Hedge];

    pub(super) const fn other(self) -> Self {
        match self {
            Self::First => Self::Hedge,
            Self::Hedge => Self::First,
        }
    }
}

/// What is held for an attempt that is about to begin.
#[derive(Debug, Default)]
pub(super) struct Prepaid {
    /// Whether the rate limit has given a slot.
    pub(super) has_slot: bool,
    /// A place of the adaptive limit.
    pub(super) place: Option<bulkhead::Pass>,
    /// What the budget was paid, if it is a retry or a hedge.
    pub(super) booking: Option<Booking>,
}

impl Prepaid {
    /// Gives back what no attempt will use. A slot is lost: the limit errs on the server's side.
    pub(super) fn give_back(self, policies: &Policies) {
        if let (Some(place), Some(adaptive)) = (self.place, &policies.adaptive) {
            adaptive.bulkhead().leave(place);
        }
        if let Some(booking) = self.booking {
            policies.budget.refund(booking, Refund::NotSent);
        }
    }
}

/// One attempt that runs.
#[derive(Debug)]
pub(super) struct Underway {
    number: u32,
    started: Instant,
    /// When it is cut off.
    end: Instant,
    pass: Option<circuit_breaker::Pass>,
    place: Option<bulkhead::Pass>,
    /// How many attempts of the adaptive limit ran when it began.
    in_flight: u32,
    booking: Option<Booking>,
}

impl Underway {
    /// Ends it without a result.
    pub(super) fn release(self, policies: &Policies) {
        if let (Some(pass), Some(breaker)) = (self.pass, &policies.breaker) {
            breaker.release(pass);
        }
        if let (Some(place), Some(adaptive)) = (self.place, &policies.adaptive) {
            adaptive.bulkhead().leave(place);
        }
    }
}

impl CallState {
    /// Begins an attempt with what was prepaid.
    pub(super) fn begin(
        &mut self,
        lane: Lane,
        pass: Option<circuit_breaker::Pass>,
        now: Instant,
    ) -> AttemptContext {
        let prepaid = std::mem::take(&mut self.prepaid);
        self.attempt += 1;
        let number = self.attempt;
        let timeout = self.options.attempt_timeout;
        let end = self
            .deadline
            .min(now + timeout.min(crate::config::MAX_DURATION));
        let adaptive = self.policies.adaptive.as_ref();
        self.underway[lane as usize] = Some(Underway {
            number,
            started: now,
            end,
            pass,
            place: prepaid.place,
            in_flight: adaptive.map_or(0, |adaptive| adaptive.bulkhead().in_flight()),
            booking: prepaid.booking,
        });
        self.emit(Happening::AttemptStarted { attempt: number });
        AttemptContext {
            number,
            max: self.options.max_attempts,
            timeout: end.saturating_duration_since(now),
        }
    }

    pub(super) fn is_running(&self, lane: Lane) -> bool {
        self.underway[lane as usize].is_some()
    }

    /// When the attempt is cut off.
    pub(super) fn end_of(&self, lane: Lane) -> Option<Instant> {
        self.underway[lane as usize]
            .as_ref()
            .map(|running| running.end)
    }

    pub(super) fn started_at(&self, lane: Lane) -> Option<Instant> {
        self.underway[lane as usize]
            .as_ref()
            .map(|running| running.started)
    }

    /// Settles an attempt that succeeded, and with it the call.
    pub(super) fn succeed(&mut self, lane: Lane, verdict: &Verdict, now: Instant) -> Report {
        self.settle(lane, verdict, now);
        self.measure_loser(lane.other(), now);
        self.finish_well(now)
    }

    /// Tells everyone who counts how the attempt ended.
    pub(super) fn settle(&mut self, lane: Lane, verdict: &Verdict, now: Instant) {
        let Some(running) = self.underway[lane as usize].take() else {
            return;
        };
        let elapsed = now.saturating_duration_since(running.started);
        let policies = &*self.policies;
        if let (Some(pass), Some(breaker)) = (running.pass, &policies.breaker)
            && let Settled::Changed(to) = breaker.settle_pass(pass, verdict.health, elapsed, now)
        {
            self.emit(Happening::CircuitChanged { to });
        }
        if let (Some(place), Some(adaptive)) = (running.place, &policies.adaptive) {
            adaptive.bulkhead().leave(place);
            adaptive.on_sample(elapsed, running.in_flight, Outcome::of(verdict.kind));
        }
        if let Some(latency) = &policies.latency
            && verdict.was_answered()
        {
            latency.record(elapsed);
        }
        if let Some(booking) = running.booking
            && verdict.kind.is_none()
        {
            policies.budget.refund(booking, Refund::Succeeded);
        }
        if let Some(quota) = verdict.quota() {
            self.policies.learning_limit(now).observe(quota, now);
        }
        self.emit(Happening::AttemptEnded {
            attempt: running.number,
            kind: verdict.kind,
            elapsed,
        });
        if verdict.kind.is_some() {
            self.remember(&running, verdict, now);
        }
    }

    /// An attempt that lost to its twin counts with the time it had run: without it the slow ones
    /// would be missing from the measure.
    fn measure_loser(&self, lane: Lane, now: Instant) {
        if let Some(started) = self.started_at(lane)
            && let Some(latency) = &self.policies.latency
        {
            latency.record(now.saturating_duration_since(started));
        }
    }

    /// Judges an attempt that was cut off at its end: by its own timeout, or by the deadline.
    pub(super) fn cut_off(&self, now: Instant) -> Verdict {
        if now >= self.deadline {
            let total = self.options.deadline;
            return Verdict::failure(ErrorKind::DeadlineExceeded)
                .with_message(format!("deadline of {total:?} exceeded"));
        }
        let limit = self.options.attempt_timeout;
        Verdict::failure(ErrorKind::AttemptTimeout)
            .with_message(format!("attempt timed out after {limit:?}"))
    }

    fn remember(&mut self, ended: &Underway, verdict: &Verdict, now: Instant) {
        if self.history.len() == MAX_ATTEMPTS_KEPT {
            self.history.remove(0);
        }
        self.history.push(Attempt {
            number: ended.number,
            kind: verdict.kind.unwrap_or(ErrorKind::Other),
            status: verdict.status(),
            elapsed: now.saturating_duration_since(ended.started),
            waited: ended.started.saturating_duration_since(self.idle_since),
            hint: verdict.hint,
        });
        self.idle_since = now;
    }
}
