//! Whether there is a next attempt, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::call::{BodyReplay, CallState};
use crate::{
    classify::{Repeat, Verdict},
    error::{ErrorKind, GaveUp, Retriability},
};

impl CallState {
    /// Returns when the next attempt begins. The cheapest reason not to make one comes first, and
    /// the budget last, as it books.
    pub(super) fn next_attempt(
        &mut self,
        verdict: &Verdict,
        now: Instant,
    ) -> Result<Instant, GaveUp> {
        let hint = hint(verdict);
        self.may_repeat(verdict)?;
        if self.attempt >= self.options.max_attempts {
            return Err(GaveUp::AttemptsUsed);
        }
        if self.options.body == BodyReplay::Impossible {
            return Err(GaveUp::BodyNotReplayable);
        }
        if hint.is_some_and(|hint| hint > self.shared.config.hint_cap) {
            return Err(GaveUp::HintTooLong);
        }
        let at = self
            .due(verdict.kind, hint, now)
            .ok_or(GaveUp::DeadlineTooClose)?;
        self.check_breaker(at, now)?;
        let budget = &self.policies.budget;
        let price = verdict.kind.map_or(0, |kind| budget.price(kind));
        budget
            .withdraw(price, now)
            .map_err(|_| GaveUp::BudgetEmpty)?;
        Ok(at)
    }

    /// Refuses what is final, and what may have been executed and does harm the second time.
    fn may_repeat(&self, verdict: &Verdict) -> Result<(), GaveUp> {
        match (verdict.retriability, self.options.repeat) {
            (Retriability::Always | Retriability::After(_), _)
            | (Retriability::IfIdempotent, Repeat::Harmless) => Ok(()),
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
        let config = &self.shared.config;
        let rng = &*self.shared.rng;
        let earliest = now + hint.unwrap_or_default();
        let jitter = match (hint, kind) {
            (Some(_), _) => config.backoff.delay(1, Duration::ZERO, rng),
            (None, Some(ErrorKind::RateLimited)) => {
                let backoff = &config.rate_limited_backoff;
                backoff.delay(self.attempt, self.backed_off, rng)
            }
            (None, _) => config.backoff.delay(self.attempt, self.backed_off, rng),
        };
        self.backed_off = jitter;
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
