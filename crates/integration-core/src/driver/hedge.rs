//! When a call that takes long is sent a second time.

use tokio::time::Instant;

use super::{
    attempt::Lane,
    call::{BodyReplay, CallState, Queue},
    operation::AttemptContext,
};
use crate::{classify::Repeat, observer::Happening};

impl CallState {
    /// Returns when the attempt that just began is slow enough for a hedge.
    ///
    /// With a fleet there is none: its slot would cost the round trip that a hedge is to save.
    pub(super) fn hedge_at(&self) -> Option<Instant> {
        let latency = self.policies.latency.as_ref()?;
        let started = self.started_at(Lane::First)?;
        let may = self.options.repeat == Repeat::Safe
            && !self.options.is_unhedged
            && self.options.body == BodyReplay::Possible
            && self.attempt < self.limits.max_attempts
            && self.common().fleet.is_none();
        let at = started + latency.delay(started).filter(|_| may)?;
        self.end_of(Lane::First)
            .is_some_and(|end| at < end)
            .then_some(at)
    }

    /// Begins a hedge if every policy lets it go at once. It never waits and never fails a call.
    pub(super) fn begin_hedge(&mut self, now: Instant) -> Option<AttemptContext> {
        let policies = &*self.policies;
        if policies.pause.admit(now).is_err() {
            return None;
        }
        if let Some(breaker) = &policies.breaker {
            breaker.peek(now).ok()?;
        }
        let price = policies.budget.hedge_price();
        let booking = policies.budget.withdraw(price, now).ok()?;
        self.book(booking);
        let begun = self.enter_hedge(now);
        if begun.is_none() {
            self.unbook();
            if let Some(place) = self.attempt_place.take() {
                self.policies.leave(Queue::Attempt, place);
            }
        }
        begun
    }

    fn enter_hedge(&mut self, now: Instant) -> Option<AttemptContext> {
        if let Some(limit) = self.policies.limit.get() {
            limit
                .reserve_for(self.options.cost.as_deref(), now, now)
                .ok()?;
        }
        if let Some(adaptive) = &self.policies.adaptive {
            self.attempt_place = Some(adaptive.bulkhead().enter_now()?);
        }
        let pass = self.enter_breaker(now).ok()?;
        let context = self.begin(Lane::Hedge, pass, now);
        self.emit(Happening::Hedged {
            attempt: context.number,
        });
        Some(context)
    }

    /// Whether the other attempt may still give the answer that this one did not.
    pub(super) fn is_hedged(&self, lane: Lane) -> bool {
        self.is_running(lane.other())
    }
}
