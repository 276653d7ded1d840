//! The state of one call: what may happen next. It takes `now` and never waits.

use std::{borrow::Cow, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    operation::{AttemptContext, Report},
    shared::{Policies, Shared},
};
use crate::{
    bulkhead::{Admission, Place, Ticket},
    circuit_breaker::{Permit, Settled},
    classify::{Call, Repeat, Verdict},
    error::{Attempt, Delivery, Error, ErrorKind, GaveUp, MAX_ATTEMPTS_KEPT},
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
    started: Instant,
    pub(super) deadline: Instant,
    /// Number of the attempt that runs or ran last; 0 before the first.
    pub(super) attempt: u32,
    attempt_started: Instant,
    /// When the call began to wait for its next attempt.
    idle_since: Instant,
    /// The latest [`MAX_ATTEMPTS_KEPT`] failed attempts.
    history: Vec<Attempt>,
    /// The delay that the backoff gave last; zero before the first.
    pub(super) backed_off: Duration,
    /// The error of the last attempt, while the call waits for the next.
    last: Option<Error>,
    /// The most that any attempt so far may have done.
    reached: Delivery,
    slot: Slot,
    /// Dropped unsettled it is neutral and frees its probe.
    permit: Option<Permit>,
    /// Held from the first attempt to the end; dropped, it goes to the next in the queue.
    place: Option<Place>,
    phase: Phase,
}

/// Whether the rate limit has given a slot that is not used yet.
enum Slot {
    None,
    Taken,
}

enum Phase {
    Running,
    Ended,
}

/// How a call enters.
pub(super) enum Entry {
    /// At once; the instant is that of the beginning.
    Run(Instant),
    Queue(Ticket, Instant),
    Refused(Error),
}

/// Whether the next attempt may begin.
pub(super) enum Admitted {
    /// It begins now and must end at `end`.
    Go {
        context: AttemptContext,
        end: Instant,
    },
    /// Ask again at this instant.
    Wait(Instant),
    Refused(Error),
}

/// What follows from a failed attempt.
pub(super) enum Failed {
    RetryAt(Instant),
    Finally(Error),
}

impl CallState {
    pub(crate) fn new(shared: Arc<Shared>, key: &str, options: CallOptions) -> Self {
        let now = shared.clock.now();
        let policies = shared.policies(key, now);
        policies.budget.deposit();
        shared.note_nested(&policies, &options);
        let deadline = now + options.deadline.min(crate::config::MAX_DURATION);
        Self {
            shared,
            policies,
            options,
            started: now,
            deadline,
            attempt: 0,
            attempt_started: now,
            idle_since: now,
            history: Vec::new(),
            backed_off: Duration::ZERO,
            last: None,
            reached: Delivery::NotSent,
            slot: Slot::None,
            permit: None,
            place: None,
            phase: Phase::Running,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    /// Asks the bulkhead for a place.
    pub(super) fn enter(&mut self) -> Entry {
        let Some(bulkhead) = &self.policies.bulkhead else {
            return Entry::Run(self.started);
        };
        match bulkhead.admit() {
            Ok(Admission::Run(place)) => {
                self.place = Some(place);
                Entry::Run(self.started)
            }
            Ok(Admission::Wait(ticket)) => {
                let wait = self
                    .shared
                    .config
                    .bulkhead
                    .as_ref()
                    .and_then(|config| config.max_wait);
                let until =
                    wait.map_or(self.deadline, |wait| self.deadline.min(self.started + wait));
                Entry::Queue(ticket, until)
            }
            Err(_) => {
                let now = self.started;
                Entry::Refused(self.refuse(ErrorKind::BulkheadFull, None, GaveUp::Refused, now))
            }
        }
    }

    pub(super) fn take_place(&mut self, place: Place) {
        self.place = Some(place);
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

    /// Asks pause gate, breaker and rate limit, in the order of the module.
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
            return self.refuse_open(denied.until, now);
        }
        if let Some(go) = self.reserve(now)
            && go > now
        {
            return self.wait_or_refuse(ErrorKind::LimitedLocally, go, now);
        }
        if let Some(breaker) = &self.policies.breaker {
            match breaker.admit(now) {
                Ok(permit) => self.take_permit(permit),
                Err(denied) => return self.refuse_open(denied.until, now),
            }
        }
        self.begin(now)
    }

    /// Takes a slot of the rate limit, once an attempt; returns when it is, or would be, due.
    fn reserve(&mut self, now: Instant) -> Option<Instant> {
        let limit = self.policies.limit.get()?;
        if let Slot::Taken = self.slot {
            return None;
        }
        match limit.reserve(Cost::ONE, now, self.deadline) {
            Ok(go) => {
                self.slot = Slot::Taken;
                Some(go)
            }
            Err(denied) => Some(denied.until.unwrap_or(self.deadline)),
        }
    }

    fn take_permit(&mut self, permit: Permit) {
        if let Some(to) = permit.changed() {
            self.emit(Happening::CircuitChanged { to });
        }
        self.permit = Some(permit);
    }

    fn begin(&mut self, now: Instant) -> Admitted {
        self.slot = Slot::None;
        self.attempt += 1;
        self.attempt_started = now;
        self.emit(Happening::AttemptStarted {
            attempt: self.attempt,
        });
        let timeout = self
            .options
            .attempt_timeout
            .min(crate::config::MAX_DURATION);
        let end = self.deadline.min(now + timeout);
        let context = AttemptContext {
            number: self.attempt,
            max: self.options.max_attempts,
            timeout: end.saturating_duration_since(now),
        };
        Admitted::Go { context, end }
    }

    /// Waits where waiting helps: a pause or a slot that comes before the deadline.
    fn wait_or_refuse(&mut self, kind: ErrorKind, until: Instant, now: Instant) -> Admitted {
        let delay = until.saturating_duration_since(now);
        let reason = if until >= self.deadline {
            GaveUp::DeadlineTooClose
        } else if kind == ErrorKind::Paused && delay > self.shared.config.hint_cap {
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
        let backoff = &self.shared.config.backoff;
        let later = until + backoff.delay(1, Duration::ZERO, &*self.shared.rng);
        if later < self.deadline { later } else { until }
    }

    /// An open circuit is not waited for: to fail at once is its purpose.
    fn refuse_open(&mut self, until: Option<Instant>, now: Instant) -> Admitted {
        Admitted::Refused(self.refuse(ErrorKind::CircuitOpen, until, GaveUp::Refused, now))
    }

    /// Ends the call without a further attempt. What went wrong before is what is reported.
    fn refuse(
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

    /// Settles an attempt that succeeded, and with it the call.
    pub(super) fn succeed(&mut self, verdict: &Verdict, now: Instant) -> Report {
        self.settle(verdict, now);
        self.end();
        self.emit(self.ended(None, None, now));
        Report {
            operation: std::mem::take(&mut self.options.operation),
            attempts: self.attempt,
            elapsed: now.saturating_duration_since(self.started),
        }
    }

    /// Settles an attempt that failed, and decides what follows.
    pub(super) fn fail(&mut self, verdict: Verdict, now: Instant) -> Failed {
        self.settle(&verdict, now);
        self.remember(&verdict, now);
        self.obey(&verdict, now);
        let next = self.next_attempt(&verdict, now);
        let error = verdict
            .into_error(self.options.operation.clone())
            .at_least(self.reached);
        self.reached = error.delivery();
        match next {
            Ok(at) => {
                let delay = at.saturating_duration_since(now);
                self.emit(Happening::RetryScheduled {
                    attempt: self.attempt,
                    delay,
                });
                self.last = Some(error);
                Failed::RetryAt(at)
            }
            Err(reason) => Failed::Finally(self.finish(error, reason, now)),
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

    /// Describes the call to a classifier.
    pub(super) fn describe(&self) -> Call<'_> {
        Call::new(self.options.operation.clone(), &*self.policies.key)
            .with_repeat(self.options.repeat)
    }

    fn settle(&mut self, verdict: &Verdict, now: Instant) {
        let elapsed = now.saturating_duration_since(self.attempt_started);
        if let Some(permit) = self.permit.take()
            && let Settled::Changed(to) = permit.settle(verdict.health, now)
        {
            self.emit(Happening::CircuitChanged { to });
        }
        let kind = verdict.kind;
        self.emit(Happening::AttemptEnded {
            attempt: self.attempt,
            kind,
            elapsed,
        });
    }

    /// Lets every caller of the key wait when the server asks for it.
    fn obey(&self, verdict: &Verdict, now: Instant) {
        let Some(wait) = verdict.hint.filter(|wait| !wait.is_zero()) else {
            return;
        };
        self.policies.pause.pause(wait, now);
        if let Some(limit) = self.policies.limit.get() {
            limit.penalize_until(now + wait.min(crate::pause::MAX_PAUSE));
        }
        self.emit(Happening::Paused { wait });
    }

    fn remember(&mut self, verdict: &Verdict, now: Instant) {
        if self.history.len() == MAX_ATTEMPTS_KEPT {
            self.history.remove(0);
        }
        self.history.push(Attempt {
            number: self.attempt,
            kind: verdict.kind.unwrap_or(ErrorKind::Other),
            status: verdict.status(),
            elapsed: now.saturating_duration_since(self.attempt_started),
            waited: self
                .attempt_started
                .saturating_duration_since(self.idle_since),
            hint: verdict.hint,
        });
        self.idle_since = now;
    }

    fn finish(&mut self, error: Error, reason: GaveUp, now: Instant) -> Error {
        self.end();
        let elapsed = now.saturating_duration_since(self.started);
        self.emit(self.ended(Some(error.kind()), Some(reason), now));
        error
            .with_gave_up(reason)
            .at_least(self.reached)
            .with_history(std::mem::take(&mut self.history), elapsed)
    }

    /// Hands the place on now: a caller may keep the future of a call that is over.
    fn end(&mut self) {
        self.phase = Phase::Ended;
        self.place = None;
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

    fn emit(&self, what: Happening) {
        let (operation, key) = (&self.options.operation, &self.policies.key);
        self.shared.emit(operation, key, what);
    }
}

impl Drop for CallState {
    /// Runs before the fields go: permit (neutral) and place (handed on).
    fn drop(&mut self) {
        if let Phase::Running = self.phase {
            self.emit(Happening::CallDropped {
                attempts: self.attempt,
            });
        }
    }
}
