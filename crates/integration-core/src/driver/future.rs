//! The future of a call: it waits for what [`CallState`] decides.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    call::{Admitted, CallState, Entry, Failed},
    nested,
    operation::Operation,
};
use crate::{
    bulkhead::Ticket,
    classify::Verdict,
    error::{Error, Result},
};

pin_project! {
    /// Drives one operation to its result. Dropping it cancels the call and frees all it holds.
    ///
    /// The call begins with the first poll: a future that is kept has no deadline and no place.
    pub(crate) struct Drive<O: Operation> {
        operation: O,
        call: Option<CallState>,
        #[pin]
        stage: Stage<O::Future>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F> {
        Queued { ticket: Ticket, #[pin] timer: Sleep },
        Admitting,
        Waiting { #[pin] timer: Sleep },
        // The timer is made when the attempt is pending for the first time: an attempt that is
        // ready at once pays for none.
        Running { #[pin] attempt: F, end: Instant, #[pin] timer: Option<Sleep> },
        Refused { error: Option<Error> },
        Done,
    }
}

impl<O: Operation> Drive<O> {
    pub(crate) fn new(operation: O) -> Self {
        Self {
            operation,
            call: None,
            stage: Stage::Admitting,
        }
    }
}

impl<O: Operation> Future for Drive<O> {
    type Output = Result<O::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let call = if let Some(call) = this.call {
            call
        } else {
            let call = this.call.insert(this.operation.open());
            this.stage.set(enter(call, this.operation));
            call
        };
        loop {
            let next = match this.stage.as_mut().project() {
                StageProjection::Queued { ticket, timer } => {
                    if let Poll::Ready(place) = Pin::new(ticket).poll(cx) {
                        call.take_place(place);
                        Stage::Admitting
                    } else {
                        ready!(timer.poll(cx));
                        Stage::Refused {
                            error: Some(call.queue_timed_out()),
                        }
                    }
                }
                StageProjection::Admitting => {
                    let now = call.now();
                    admit(call, this.operation, now)
                }
                StageProjection::Waiting { timer } => {
                    ready!(timer.poll(cx));
                    Stage::Admitting
                }
                StageProjection::Running {
                    attempt,
                    end,
                    timer,
                } => {
                    let raw = ready!(poll_attempt(attempt, *end, timer, cx));
                    match conclude(call, this.operation, raw) {
                        Step::Again(at) => Stage::Waiting {
                            timer: sleep_until(at),
                        },
                        Step::Done(result) => {
                            this.stage.set(Stage::Done);
                            return Poll::Ready(result);
                        }
                    }
                }
                StageProjection::Refused { error } => {
                    let Some(error) = error.take() else {
                        return Poll::Pending;
                    };
                    this.stage.set(Stage::Done);
                    return Poll::Ready(this.operation.fail(None, error));
                }
                StageProjection::Done => return Poll::Pending,
            };
            this.stage.set(next);
        }
    }
}

/// Asks for a place, and if there is one at once for the first attempt too.
fn enter<O: Operation>(call: &mut CallState, operation: &mut O) -> Stage<O::Future> {
    match call.enter() {
        Entry::Run(now) => admit(call, operation, now),
        Entry::Queue(ticket, until) => Stage::Queued {
            ticket,
            timer: sleep_until(until),
        },
        Entry::Refused(error) => Stage::Refused { error: Some(error) },
    }
}

fn admit<O: Operation>(call: &mut CallState, operation: &mut O, now: Instant) -> Stage<O::Future> {
    match call.admit(now) {
        Admitted::Go { context, end } => Stage::Running {
            attempt: operation.start(context),
            end,
            timer: None,
        },
        Admitted::Wait(until) => Stage::Waiting {
            timer: sleep_until(until),
        },
        Admitted::Refused(error) => Stage::Refused { error: Some(error) },
    }
}

/// Resolves to what the attempt gave, or to `None` at its end.
fn poll_attempt<F: Future>(
    attempt: Pin<&mut F>,
    end: Instant,
    mut timer: Pin<&mut Option<Sleep>>,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    if let Poll::Ready(raw) = nested::inside(|| attempt.poll(cx)) {
        return Poll::Ready(Some(raw));
    }
    if timer.is_none() {
        timer.set(Some(sleep_until(end)));
    }
    match timer.as_pin_mut() {
        Some(timer) => timer.poll(cx).map(|()| None),
        None => Poll::Pending,
    }
}

enum Step<T> {
    Again(Instant),
    Done(Result<T>),
}

fn conclude<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    raw: Option<O::Raw>,
) -> Step<O::Output> {
    let now = call.now();
    let Some(raw) = raw else {
        let verdict = call.cut_off(now);
        return fail(call, operation, verdict, None, now);
    };
    let verdict = operation.judge(&call.describe(), &raw);
    if verdict.kind.is_some() {
        return fail(call, operation, verdict, Some(raw), now);
    }
    let report = call.succeed(&verdict, now);
    Step::Done(operation.succeed(raw, report))
}

fn fail<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    verdict: Verdict,
    raw: Option<O::Raw>,
    now: Instant,
) -> Step<O::Output> {
    match call.fail(verdict, now) {
        Failed::RetryAt(at) => Step::Again(at),
        Failed::Finally(error) => Step::Done(operation.fail(raw, error)),
    }
}
