//! Whether there is a next attempt, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    attempt::Lane,
    call::{BodyReplay, CallState},
    fleet::Paying,
};
use crate::{
    admission::Denied,
    classify::{Repeat, Verdict},
    error::{Error, ErrorKind, GaveUp, Retriability},
    observer::Happening,
};

/// What follows from a failed attempt.
pub(super) enum Failed {
    /// The other attempt still runs.
    OtherRuns,
    RetryAt(Instant),
    /// The fleet is asked first, then [`CallState::paid`] goes on.
    Pay(Paying, Plan),
    Finally(Error),
}

/// What follows when the fleet was asked.
pub(super) struct Plan {
    next: Result<Instant, GaveUp>,
    error: Error,
}

impl CallState {
    /// Settles an attempt that failed, and decides what follows.
    pub(super) fn fail(&mut self, lane: Lane, verdict: Verdict, now: Instant) -> Failed {
        self.settle(lane, &verdict, now);
        let hint = self.obey(&verdict, now);
        let is_final = self.may_repeat(&verdict).is_err();
        if self.is_hedged(lane) && !is_final {
            let error = self.error_of(verdict);
            self.trouble().last = Some(error);
            return Failed::OtherRuns;
        }
        let next = self.next_attempt(&verdict, now);
        let price = verdict
            .kind
            .map_or(0, |kind| self.policies.budget.price(kind));
        let error = self.error_of(verdict);
        let policies = std::sync::Arc::clone(&self.policies);
        let Some(fleet) = &policies.common.fleet else {
            let next = next.and_then(|at| self.withdraw(price, now).map(|()| at));
            return self.decide(Plan { next, error }, now);
        };
        let price = next.is_ok().then_some(price);
        if hint.is_none() && price.is_none() {
            return self.decide(Plan { next, error }, now);
        }
        Failed::Pay(self.pay(fleet, hint, price), Plan { next, error })
    }

    /// Goes on when the fleet was asked to pay.
    pub(super) fn paid(&mut self, paid: Result<(), Denied>, plan: Plan, now: Instant) -> Failed {
        let next = plan.next.and_then(|at| match paid {
            Ok(()) => Ok(at),
            Err(_) => Err(GaveUp::BudgetEmpty),
        });
        let error = plan.error;
        self.decide(Plan { next, error }, now)
    }

    fn decide(&mut self, plan: Plan, now: Instant) -> Failed {
        match plan.next {
            Ok(at) => {
                let delay = at.saturating_duration_since(now);
                self.emit(Happening::RetryScheduled {
                    attempt: self.attempt,
                    delay,
                });
                self.trouble().last = Some(plan.error);
                Failed::RetryAt(at)
            }
            Err(reason) => Failed::Finally(self.finish(plan.error, reason, now)),
        }
    }

    fn error_of(&mut self, verdict: Verdict) -> Error {
        let error = verdict
            .into_error(self.options.operation.clone())
            .at_least(self.reached);
        self.reached = error.delivery();
        error
    }

    /// Lets every caller of the key wait when the server asks for it.
    fn obey(&self, verdict: &Verdict, now: Instant) -> Option<Duration> {
        let wait = verdict.hint.filter(|wait| !wait.is_zero())?;
        self.policies.pause.pause(wait, now);
        if let Some(limit) = self.policies.limit.get() {
            limit.penalize_until(now + wait.min(crate::pause::MAX_PAUSE));
        }
        self.emit(Happening::Paused { wait });
        Some(wait)
    }

    /// Returns when the next attempt begins, if the budget can pay for it. The cheapest reason not
    /// to make one comes first.
    fn next_attempt(&mut self, verdict: &Verdict, now: Instant) -> Result<Instant, GaveUp> {
        let hint = hint(verdict);
        self.may_repeat(verdict)?;
        if self.attempt >= self.limits.max_attempts {
            return Err(GaveUp::AttemptsUsed);
        }
        if self.options.body == BodyReplay::Impossible {
            return Err(GaveUp::BodyNotReplayable);
        }
        if hint.is_some_and(|hint| hint > self.common().config.hint_cap) {
            return Err(GaveUp::HintTooLong);
        }
        let at = self
            .due(verdict.kind, hint, now)
            .ok_or(GaveUp::DeadlineTooClose)?;
        self.check_breaker(at, now)?;
        Ok(at)
    }

    fn withdraw(&mut self, price: u32, now: Instant) -> Result<(), GaveUp> {
        let booking = self.policies.budget.withdraw(price, now);
        self.book(booking.map_err(|_| GaveUp::BudgetEmpty)?);
        Ok(())
    }

    /// Refuses what is final, and what may have been executed and does harm the second time.
    fn may_repeat(&self, verdict: &Verdict) -> Result<(), GaveUp> {
        match (verdict.retriability, self.options.repeat) {
            (Retriability::Always | Retriability::After(_), _)
            | (Retriability::IfIdempotent, Repeat::Harmless | Repeat::Safe) => Ok(()),
            (Retriability::Never, _) | (Retriability::IfIdempotent, Repeat::Harmful) => {
                Err(GaveUp::NotRetryable)
            }
        }
    }

    /// Returns the instant of the next attempt, if that is before the deadline.
    ///
    /// After a hint the jitter only adds: never early. It is left out when it does not fit.
    fn due(
        &mut self,
        kind: Option<ErrorKind>,
        hint: Option<Duration>,
        now: Instant,
    ) -> Option<Instant> {
        let before = self.trouble().backed_off;
        let common = &self.policies.common;
        let (config, rng) = (&common.config, &*common.rng);
        let earliest = now + hint.unwrap_or_default();
        let jitter = match (hint, kind) {
            (Some(_), _) => config.backoff.delay(1, Duration::ZERO, rng),
            (None, Some(ErrorKind::RateLimited)) => {
                let backoff = &config.rate_limited_backoff;
                backoff.delay(self.attempt, before, rng)
            }
            (None, _) => config.backoff.delay(self.attempt, before, rng),
        };
        self.trouble().backed_off = jitter;
        if earliest + jitter < self.deadline {
            return Some(earliest + jitter);
        }
        (hint.is_some() && earliest < self.deadline).then_some(earliest)
    }

    /// Does not sleep towards a circuit that will still be open.
    fn check_breaker(&self, at: Instant, now: Instant) -> Result<(), GaveUp> {
        let Some(breaker) = &self.policies.breaker else {
            return Ok(());
        };
        match breaker.peek(now) {
            Err(denied) if denied.until.is_some_and(|until| until > at) => Err(GaveUp::Refused),
            _ => Ok(()),
        }
    }
}

/// What the server asked for, in its header or through a classifier.
fn hint(verdict: &Verdict) -> Option<Duration> {
    match verdict.retriability {
        Retriability::After(wait) => Some(verdict.hint.map_or(wait, |hint| hint.max(wait))),
        _ => verdict.hint,
    }
}
