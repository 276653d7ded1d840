//! One attempt: what it holds while it runs, and what its end changes.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    call::{CallState, Queue},
    operation::AttemptContext,
    shared::Policies,
};
use crate::{
    adaptive::Outcome,
    bulkhead,
    circuit_breaker::{self, CircuitBreaker, Settled},
    classify::Verdict,
    error::{Attempt, ErrorKind},
    observer::Happening,
    retry_budget::Refund,
};

/// Which of the attempts of a call that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    First,
    Hedge,
}

impl Lane {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::First => Self::Hedge,
            Self::Hedge => Self::First,
        }
    }
}

/// One attempt that runs.
#[derive(Debug)]
pub(super) struct Underway {
    context: AttemptContext,
    pass: Option<circuit_breaker::Pass>,
    place: Option<bulkhead::Pass>,
    /// How many attempts of the adaptive limit ran when it began.
    in_flight: u32,
}

impl Underway {
    /// Ends it without a result. To be called once.
    pub(super) fn release(&self, policies: &Policies) {
        if let (Some(pass), Some(breaker)) = (self.pass, &policies.breaker) {
            breaker.release(pass);
        }
        if let Some(place) = self.place {
            policies.leave(Queue::Attempt, place);
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
        self.has_slot = false;
        self.attempt += 1;
        let context = AttemptContext {
            number: self.attempt,
            max: self.limits.max_attempts,
            started: now,
            timeout: self.limits.attempt_timeout,
            deadline: self.deadline,
        };
        let adaptive = self.policies.adaptive.as_ref();
        let underway = Underway {
            context,
            pass,
            place: self.attempt_place.take(),
            in_flight: adaptive.map_or(0, |adaptive| adaptive.bulkhead().in_flight()),
        };
        if let Some(trouble) = &mut self.trouble {
            trouble.begin(lane);
        }
        match lane {
            Lane::First => self.underway = Some(underway),
            Lane::Hedge => self.hedge = Some(Box::new(underway)),
        }
        self.emit(Happening::AttemptStarted {
            attempt: self.attempt,
        });
        context
    }

    pub(super) fn is_running(&self, lane: Lane) -> bool {
        self.running(lane).is_some()
    }

    /// When the attempt is cut off.
    pub(super) fn end_of(&self, lane: Lane) -> Option<Instant> {
        self.running(lane).map(|running| running.context.end())
    }

    pub(super) fn started_at(&self, lane: Lane) -> Option<Instant> {
        self.running(lane).map(|running| running.context.started)
    }

    fn running(&self, lane: Lane) -> Option<&Underway> {
        match lane {
            Lane::First => self.underway.as_ref(),
            Lane::Hedge => self.hedge.as_deref(),
        }
    }

    /// Reads the clock if anyone wants to know when an attempt succeeded.
    pub(super) fn success_time(&self) -> Instant {
        let policies = &*self.policies;
        let breaker = policies.breaker.as_deref();
        let is_timed = self.is_observed
            || policies.adaptive.is_some()
            || policies.latency.is_some()
            || breaker.is_some_and(CircuitBreaker::times_successes);
        match self.underway.as_ref() {
            Some(running) if !is_timed => running.context.started,
            _ => self.now(),
        }
    }

    /// Settles an attempt that succeeded, and with it the call.
    pub(super) fn succeed(&mut self, lane: Lane, verdict: &Verdict, now: Instant) {
        self.settle(lane, verdict, now);
        self.measure_loser(lane.other(), now);
        self.finish_well(now);
    }

    /// Tells everyone who counts how the attempt ended.
    pub(super) fn settle(&mut self, lane: Lane, verdict: &Verdict, now: Instant) {
        // Read where it is: moved out, it would be copied twice for each call.
        let Some(running) = self.running(lane) else {
            return;
        };
        let AttemptContext {
            number, started, ..
        } = running.context;
        let elapsed = if now == started {
            Duration::ZERO
        } else {
            now.saturating_duration_since(started)
        };
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
        if let Some(quota) = verdict.quota() {
            let now = self.now();
            policies.learning_limit(now).observe(quota, now);
        }
        self.emit(Happening::AttemptEnded {
            attempt: number,
            kind: verdict.kind,
            elapsed,
        });
        match lane {
            Lane::First => self.underway = None,
            Lane::Hedge => self.hedge = None,
        }
        if let Some(trouble) = &mut self.trouble
            && let Some(booking) = trouble.end(lane)
            && verdict.kind.is_none()
        {
            self.policies.budget.refund(booking, Refund::Succeeded);
        }
        if let Some(kind) = verdict.kind {
            let waited = started.saturating_duration_since(self.idle_since());
            let attempt = Attempt {
                number,
                kind,
                status: verdict.status(),
                elapsed,
                waited,
                hint: verdict.hint,
            };
            self.trouble().remember(attempt, now);
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
            let total = self.limits.deadline;
            return Verdict::failure(ErrorKind::DeadlineExceeded)
                .with_message(format!("deadline of {total:?} exceeded"));
        }
        let limit = self.limits.attempt_timeout;
        Verdict::failure(ErrorKind::AttemptTimeout)
            .with_message(format!("attempt timed out after {limit:?}"))
    }
}
