//! The future of a call: it waits for what [`CallState`] decides.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    admit::Admitted,
    attempt::Lane,
    call::CallState,
    fleet::{Asking, Paying},
    nested,
    operation::Operation,
    retry::{Failed, Plan},
};
use crate::error::{Error, Result};

pin_project! {
    /// Drives one operation to its result. Dropping it cancels the call and frees all it holds.
    ///
    /// The call begins with the first poll: a future that is kept has no deadline and no place.
    pub(crate) struct Drive<O: Operation> {
        operation: O,
        call: Option<CallState>,
        // One for all waits, made when the first is pending: a call that is ready at once pays for
        // none.
        #[pin]
        timer: Option<Sleep>,
        // The attempt that runs. Beside the stage, as futures can be large: one in a stage would be
        // moved with it.
        #[pin]
        attempt: Option<O::Future>,
        // Its twin; rare, so elsewhere.
        hedge: Option<Pin<Box<O::Future>>>,
        stage: Stage<O::Raw>,
    }
}

enum Stage<R> {
    Queued {
        until: Instant,
    },
    Asking(Asking),
    Waiting {
        until: Instant,
    },
    Running {
        hedge_at: Option<Instant>,
    },
    Paying {
        fleet: Paying,
        then: Option<Box<(Plan, Option<R>)>>,
    },
    Refused(Option<Error>),
    Done,
}

impl<O: Operation> Drive<O> {
    pub(crate) fn new(operation: O) -> Self {
        Self {
            operation,
            call: None,
            timer: None,
            attempt: None,
            hedge: None,
            stage: Stage::Done,
        }
    }
}

impl<O: Operation> Future for Drive<O> {
    type Output = Result<O::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let operation = this.operation;
        let call = if let Some(call) = this.call {
            call
        } else {
            let call = this.call.insert(operation.open());
            let admitted = call.enter();
            *this.stage = begin(call, operation, admitted, this.attempt.as_mut());
            call
        };
        loop {
            let admitted = match this.stage {
                Stage::Queued { until } => {
                    if call.poll_turn(cx).is_pending() {
                        ready!(poll_until(this.timer.as_mut(), *until, cx));
                        Admitted::Refused(call.queue_timed_out())
                    } else {
                        call.admit(call.now())
                    }
                }
                Stage::Waiting { until } => {
                    ready!(poll_until(this.timer.as_mut(), *until, cx));
                    call.admit(call.now())
                }
                Stage::Asking(fleet) => {
                    let verdict = ready!(fleet.as_mut().poll(cx));
                    call.asked(verdict, call.now())
                }
                Stage::Running { hedge_at } => {
                    let attempts = Attempts {
                        first: this.attempt.as_mut(),
                        hedge: this.hedge,
                        hedge_at,
                        timer: this.timer.as_mut(),
                    };
                    let (lane, raw) = ready!(attempts.poll(call, operation, cx));
                    let concluded = conclude(this.stage, call, operation, (lane, raw));
                    let Some(result) = concluded else { continue };
                    *this.hedge = None;
                    this.attempt.set(None);
                    return Poll::Ready(result);
                }
                Stage::Paying { fleet, then } => {
                    let paid = ready!(fleet.as_mut().poll(cx));
                    let Some((plan, raw)) = then.take().map(|then| *then) else {
                        return Poll::Pending;
                    };
                    let failed = call.paid(paid, plan, call.now());
                    if let Some(result) = after(this.stage, operation, failed, raw) {
                        return Poll::Ready(result);
                    }
                    continue;
                }
                Stage::Refused(error) => {
                    let Some(error) = error.take() else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(operation.fail(None, error));
                }
                Stage::Done => return Poll::Pending,
            };
            *this.stage = begin(call, operation, admitted, this.attempt.as_mut());
        }
    }
}

/// Goes on with what was admitted: an attempt begins at once, in its place.
fn begin<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    admitted: Admitted,
    mut attempt: Pin<&mut Option<O::Future>>,
) -> Stage<O::Raw> {
    match admitted {
        Admitted::Go(context) => {
            attempt.set(Some(operation.start(context)));
            Stage::Running {
                hedge_at: call.hedge_at(),
            }
        }
        Admitted::Wait(until) => Stage::Waiting { until },
        Admitted::Queue(until) => Stage::Queued { until },
        Admitted::Ask(fleet) => Stage::Asking(fleet),
        Admitted::Refused(error) => Stage::Refused(Some(error)),
    }
}

/// The attempts that run, and when there is something to do for them.
struct Attempts<'a, F> {
    first: Pin<&'a mut Option<F>>,
    hedge: &'a mut Option<Pin<Box<F>>>,
    hedge_at: &'a mut Option<Instant>,
    timer: Pin<&'a mut Option<Sleep>>,
}

impl<F: Future> Attempts<'_, F> {
    /// Resolves with what an attempt gave, or with `None` for one that was cut off.
    fn poll<O>(
        mut self,
        call: &mut CallState,
        operation: &mut O,
        cx: &mut Context<'_>,
    ) -> Poll<(Lane, Option<F::Output>)>
    where
        O: Operation<Future = F>,
    {
        loop {
            if let Some(first) = self.first.as_mut().as_pin_mut()
                && let Poll::Ready(raw) = nested::inside(|| first.poll(cx))
            {
                self.first.set(None);
                return Poll::Ready((Lane::First, Some(raw)));
            }
            if let Some(hedge) = self.hedge
                && let Poll::Ready(raw) = nested::inside(|| hedge.as_mut().poll(cx))
            {
                *self.hedge = None;
                return Poll::Ready((Lane::Hedge, Some(raw)));
            }
            let ends = [Lane::First, Lane::Hedge].map(|lane| call.end_of(lane));
            let Some(due) = ends.into_iter().chain([*self.hedge_at]).flatten().min() else {
                return Poll::Pending;
            };
            ready!(poll_until(self.timer.as_mut(), due, cx));
            if self.hedge_at.is_some_and(|at| at <= due) {
                *self.hedge_at = None;
                if let Some(context) = call.begin_hedge(call.now()) {
                    *self.hedge = Some(Box::pin(operation.start(context)));
                }
                continue;
            }
            if call.end_of(Lane::First) == Some(due) {
                self.first.set(None);
                return Poll::Ready((Lane::First, None));
            }
            *self.hedge = None;
            return Poll::Ready((Lane::Hedge, None));
        }
    }
}

/// Waits until this instant, on the one timer of the call.
fn poll_until(
    mut timer: Pin<&mut Option<Sleep>>,
    until: Instant,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if timer.is_none() {
        timer.set(Some(sleep_until(until)));
    }
    let Some(mut timer) = timer.as_pin_mut() else {
        return Poll::Pending;
    };
    if timer.deadline() != until {
        timer.as_mut().reset(until);
    }
    timer.poll(cx)
}

/// Ends an attempt, which `None` cut off; returns the result of a call that is over.
#[inline]
fn conclude<O: Operation>(
    stage: &mut Stage<O::Raw>,
    call: &mut CallState,
    operation: &mut O,
    (lane, raw): (Lane, Option<O::Raw>),
) -> Option<Result<O::Output>> {
    let verdict = match &raw {
        Some(raw) => operation.judge(&call.describe(), raw),
        None => call.cut_off(call.now()),
    };
    if verdict.kind.is_none()
        && let Some(raw) = raw
    {
        call.succeed(lane, &verdict, call.success_time());
        *stage = Stage::Done;
        return Some(operation.succeed(raw, || call.report()));
    }
    let failed = call.fail(lane, verdict, call.now());
    after(stage, operation, failed, raw)
}

/// Goes on after a failed attempt; returns the result of a call that is over.
fn after<O: Operation>(
    stage: &mut Stage<O::Raw>,
    operation: &mut O,
    failed: Failed,
    raw: Option<O::Raw>,
) -> Option<Result<O::Output>> {
    match failed {
        Failed::OtherRuns => {}
        Failed::RetryAt(until) => *stage = Stage::Waiting { until },
        Failed::Pay(fleet, plan) => {
            let then = Some(Box::new((plan, raw)));
            *stage = Stage::Paying { fleet, then };
        }
        Failed::Finally(error) => {
            *stage = Stage::Done;
            return Some(operation.fail(raw, error));
        }
    }
    None
}
