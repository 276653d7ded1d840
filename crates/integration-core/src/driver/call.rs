//! The state of one call: what it asks for, what it holds, how it ends. It never waits.

use std::{borrow::Cow, sync::Arc};

use tokio::time::Instant;

use super::{
    attempt::Underway,
    limits::{Limits, Overrides},
    operation::Report,
    shared::{Common, Policies},
    trouble::Trouble,
};
use crate::{
    bulkhead::{Pass, Priority, Turn},
    classify::{Call, Repeat},
    error::{Delivery, Error, ErrorKind, GaveUp},
    observer::Happening,
    rate_limit::Cost,
};

/// What one call is.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) repeat: Repeat,
    pub(crate) body: BodyReplay,
    /// One call unless it is given; boxed, as it is large and rare.
    pub(crate) cost: Option<Box<Cost>>,
    pub(crate) priority: Priority,
    /// Whether it must not get a twin, however slow it is.
    pub(crate) is_unhedged: bool,
    /// Whether its place in the bulkhead outlives it, with the body of the answer.
    pub(crate) keeps_place: bool,
}

impl CallOptions {
    /// Returns what each attempt takes of the rate limit.
    pub(super) fn cost(&self) -> Cost {
        self.cost.as_deref().copied().unwrap_or(Cost::ONE)
    }
}

/// Whether the body of the request can be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyReplay {
    Possible,
    #[default]
    Impossible,
}

/// A place in the bulkhead that outlives its call. Dropping it gives it back.
pub(crate) struct Held {
    policies: Arc<Policies>,
    place: Option<Pass>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.policies.leave(Queue::Call, place);
        }
    }
}

/// One call under way.
pub(crate) struct CallState {
    pub(super) policies: Arc<Policies>,
    pub(super) options: CallOptions,
    pub(super) limits: Limits,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// Attempts begun, hedges included; the number of the latest.
    pub(super) attempt: u32,
    pub(super) underway: Option<Underway>,
    /// The twin of the attempt that runs; rare, so elsewhere.
    pub(super) hedge: Option<Box<Underway>>,
    /// Whether the rate limit has given a slot to the attempt that is about to begin.
    pub(super) has_slot: bool,
    /// A place of the adaptive limit for the attempt that is about to begin.
    pub(super) attempt_place: Option<Pass>,
    /// Held from the first attempt to the end; given back, it goes to the next in the queue.
    pub(super) place: Option<Pass>,
    /// The queue that the call waits in.
    pub(super) turn: Option<Box<(Queue, Turn)>>,
    pub(super) trouble: Option<Box<Trouble>>,
    /// The most that any attempt so far may have done.
    pub(super) reached: Delivery,
    pub(super) is_observed: bool,
    is_over: bool,
}

/// Which queue a call waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// That of the bulkhead, once a call.
    Call,
    /// That of the adaptive limit, once an attempt.
    Attempt,
}

impl CallState {
    #[inline]
    pub(super) fn new(
        policies: Arc<Policies>,
        options: CallOptions,
        wishes: Option<&Overrides>,
        now: Instant,
    ) -> Self {
        let limits = Limits::new(wishes, &policies.common.config);
        if policies.common.fleet.is_none() {
            policies.budget.deposit();
        }
        policies.note_nested(&options.operation, limits.max_attempts);
        let is_observed = policies.common.has_observer();
        Self {
            policies,
            options,
            limits,
            started: now,
            deadline: now + limits.deadline,
            attempt: 0,
            underway: None,
            hedge: None,
            has_slot: false,
            attempt_place: None,
            place: None,
            turn: None,
            trouble: None,
            reached: Delivery::NotSent,
            is_observed,
            is_over: false,
        }
    }

    pub(super) fn common(&self) -> &Common {
        &self.policies.common
    }

    pub(super) fn now(&self) -> Instant {
        self.common().clock.now()
    }

    /// Describes the call to a classifier.
    pub(super) fn describe(&self) -> Call<'_> {
        Call::new(self.options.operation.clone(), &*self.policies.key)
            .with_repeat(self.options.repeat)
    }

    /// Ends the call without a further attempt. What went wrong before is what is reported.
    pub(super) fn refuse(
        &mut self,
        kind: ErrorKind,
        until: Option<Instant>,
        reason: GaveUp,
        now: Instant,
    ) -> Error {
        self.emit(Happening::Refused { kind });
        let error = self.take_last().map_or_else(
            || Error::new(kind, self.options.operation.clone()).with_delivery(Delivery::NotSent),
            |last| last.with_context("refused", kind.summary()),
        );
        let error = match until {
            Some(until) if error.retry_after().is_none() => {
                error.with_retry_after(until.saturating_duration_since(now))
            }
            _ => error,
        };
        self.finish(error, reason, now)
    }

    /// Ends the call with an error.
    pub(super) fn finish(&mut self, error: Error, reason: GaveUp, now: Instant) -> Error {
        self.end();
        let elapsed = now.saturating_duration_since(self.started);
        self.emit(self.ended(Some(error.kind()), Some(reason), now));
        error
            .with_gave_up(reason)
            .at_least(self.reached)
            .with_history(self.take_history(), elapsed)
    }

    /// Ends the call with an answer.
    pub(super) fn finish_well(&mut self, now: Instant) {
        let kept = self.place.take_if(|_| self.options.keeps_place);
        self.end();
        self.place = kept;
        if self.is_observed {
            self.emit(self.ended(None, None, now));
        }
    }

    /// Tells how a call went that is over.
    pub(super) fn report(&mut self) -> Report {
        Report {
            operation: std::mem::take(&mut self.options.operation),
            attempts: self.attempt,
            started: self.started,
            deadline: self.deadline,
            held: self.place.take().map(|place| Held {
                policies: Arc::clone(&self.policies),
                place: Some(place),
            }),
        }
    }

    #[inline]
    pub(super) fn emit(&self, what: Happening) {
        if !self.is_observed {
            return;
        }
        let (operation, key) = (&self.options.operation, &self.policies.key);
        self.common().emit(operation, key, what);
    }

    fn ended(&self, kind: Option<ErrorKind>, gave_up: Option<GaveUp>, now: Instant) -> Happening {
        let elapsed = now.saturating_duration_since(self.started);
        Happening::CallEnded {
            attempts: self.attempt,
            kind,
            gave_up,
            elapsed,
        }
    }

    /// Gives all back now: a caller may keep the future of a call that is over.
    fn end(&mut self) {
        self.is_over = true;
        self.give_back();
    }

    fn give_back(&mut self) {
        self.unbook();
        let policies = &*self.policies;
        if let Some(running) = &self.underway {
            running.release(policies);
            self.underway = None;
        }
        if let Some(hedge) = self.hedge.take() {
            hedge.release(policies);
        }
        if let Some(place) = self.attempt_place.take() {
            policies.leave(Queue::Attempt, place);
        }
        if let Some(turn) = self.turn.take()
            && let (queue, turn) = *turn
            && let Some(places) = policies.queue(queue)
        {
            places.abandon(turn);
        }
        if let (Some(place), Some(bulkhead)) = (self.place.take(), &policies.bulkhead) {
            bulkhead.leave(place);
        }
    }
}

impl Drop for CallState {
    fn drop(&mut self) {
        if !self.is_over {
            self.give_back();
            self.emit(Happening::CallDropped {
                attempts: self.attempt,
            });
        } else if self.place.is_some() {
            self.give_back();
        }
    }
}
