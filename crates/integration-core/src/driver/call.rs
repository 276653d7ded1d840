//! The state of one call: what it asks for, what it holds, how it ends. It never waits.

use std::{borrow::Cow, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    attempt::{Prepaid, Underway},
    operation::Report,
    shared::{Policies, Shared},
};
use crate::{
    bulkhead::{Pass, Priority, Turn},
    classify::{Call, Repeat},
    error::{Attempt, Delivery, Error, ErrorKind, GaveUp},
    observer::Happening,
    rate_limit::Cost,
};

/// What one call asks for. The default is a call without an attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) repeat: Repeat,
    pub(crate) body: BodyReplay,
    pub(crate) max_attempts: u32,
    pub(crate) deadline: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) cost: Cost,
    pub(crate) priority: Priority,
}

/// Whether the body of the request can be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyReplay {
    Possible,
    #[default]
    Impossible,
}

/// One call under way.
pub(crate) struct CallState {
    pub(super) shared: Arc<Shared>,
    pub(super) policies: Arc<Policies>,
    pub(super) options: CallOptions,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// Attempts begun, hedges included; the number of the latest.
    pub(super) attempt: u32,
    /// The attempts that run, by their [`Lane`](super::attempt::Lane).
    pub(super) underway: [Option<Underway>; 2],
    /// What is held for the attempt that is about to begin.
    pub(super) prepaid: Prepaid,
    /// Held from the first attempt to the end; given back, it goes to the next in the queue.
    pub(super) place: Option<Pass>,
    /// The queue that the call waits in.
    pub(super) turn: Option<(Queue, Turn)>,
    /// When the call began to wait for its next attempt.
    pub(super) idle_since: Instant,
    /// The latest [`MAX_ATTEMPTS_KEPT`](crate::error::MAX_ATTEMPTS_KEPT) failed attempts.
    pub(super) history: Vec<Attempt>,
    /// The delay that the backoff gave last; zero before the first.
    pub(super) backed_off: Duration,
    /// The error of the last attempt, while the call waits for the next.
    pub(super) last: Option<Error>,
    /// The most that any attempt so far may have done.
    pub(super) reached: Delivery,
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
    pub(crate) fn new(shared: Arc<Shared>, key: &str, options: CallOptions) -> Self {
        let now = shared.clock.now();
        let policies = shared.policies(key, now);
        if shared.fleet.is_none() {
            policies.budget.deposit();
        }
        shared.note_nested(&policies, &options);
        let deadline = now + options.deadline.min(crate::config::MAX_DURATION);
        Self {
            shared,
            policies,
            options,
            started: now,
            deadline,
            attempt: 0,
            underway: [None, None],
            prepaid: Prepaid::default(),
            place: None,
            turn: None,
            idle_since: now,
            history: Vec::new(),
            backed_off: Duration::ZERO,
            last: None,
            reached: Delivery::NotSent,
            is_over: false,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.shared.clock.now()
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
        let error = self.last.take().map_or_else(
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
            .with_history(std::mem::take(&mut self.history), elapsed)
    }

    /// Ends the call with an answer.
    pub(super) fn finish_well(&mut self, now: Instant) -> Report {
        self.end();
        self.emit(self.ended(None, None, now));
        Report {
            operation: std::mem::take(&mut self.options.operation),
            attempts: self.attempt,
            elapsed: now.saturating_duration_since(self.started),
        }
    }

    pub(super) fn emit(&self, what: Happening) {
        let (operation, key) = (&self.options.operation, &self.policies.key);
        self.shared.emit(operation, key, what);
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
        let policies = &*self.policies;
        for underway in &mut self.underway {
            if let Some(underway) = underway.take() {
                underway.release(policies);
            }
        }
        std::mem::take(&mut self.prepaid).give_back(policies);
        if let Some((queue, turn)) = self.turn.take()
            && let Some(places) = policies.queue(queue)
        {
            places.abandon(turn);
        }
        if let Some(place) = self.place.take()
            && let Some(bulkhead) = &policies.bulkhead
        {
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
        }
    }
}
