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
        #[pin]
        stage: Stage<O::Future, O::Raw>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, R> {
        Queued { until: Instant },
        Admitting,
        Asking { fleet: Asking },
        Waiting { until: Instant },
        Running { #[pin] attempts: Attempts<F> },
        Paying { fleet: Paying, then: Option<Box<(Plan, Option<R>)>> },
        Refused { error: Option<Error> },
        Done,
    }
}

pin_project! {
    /// The attempts that run.
    struct Attempts<F> {
        #[pin]
        first: Option<F>,
        #[pin]
        hedge: Option<F>,
        hedge_at: Option<Instant>,
    }
}

impl<O: Operation> Drive<O> {
    pub(crate) fn new(operation: O) -> Self {
        Self {
            operation,
            call: None,
            timer: None,
            stage: Stage::Admitting,
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
            this.stage.set(stage(call, operation, admitted));
            call
        };
        loop {
            let step = match this.stage.as_mut().project() {
                StageProjection::Queued { until } => {
                    let timer = this.timer.as_mut();
                    Step::Stage(ready!(poll_queue(call, timer, *until, cx)))
                }
                StageProjection::Admitting => {
                    let admitted = call.admit(call.now());
                    Step::Stage(stage(call, operation, admitted))
                }
                StageProjection::Asking { fleet } => {
                    let verdict = ready!(fleet.as_mut().poll(cx));
                    let admitted = call.asked(verdict, call.now());
                    Step::Stage(stage(call, operation, admitted))
                }
                StageProjection::Waiting { until } => {
                    ready!(poll_until(this.timer.as_mut(), *until, cx));
                    Step::Stage(Stage::Admitting)
                }
                StageProjection::Running { attempts } => {
                    let (lane, raw) =
                        ready!(attempts.poll(call, operation, this.timer.as_mut(), cx));
                    let verdict = match &raw {
                        Some(raw) => operation.judge(&call.describe(), raw),
                        None => call.cut_off(call.now()),
                    };
                    // By itself, as a result that goes through a `Step` is moved twice more.
                    if verdict.kind.is_none()
                        && let Some(raw) = raw
                    {
                        call.succeed(lane, &verdict, call.success_time());
                        this.stage.set(Stage::Done);
                        return Poll::Ready(operation.succeed(raw, || call.report()));
                    }
                    let failed = call.fail(lane, verdict, call.now());
                    after(operation, failed, raw)
                }
                StageProjection::Paying { fleet, then } => {
                    let paid = ready!(fleet.as_mut().poll(cx));
                    let Some((plan, raw)) = then.take().map(|then| *then) else {
                        return Poll::Pending;
                    };
                    after(operation, call.paid(paid, plan, call.now()), raw)
                }
                StageProjection::Refused { error } => match error.take() {
                    Some(error) => Step::Done(operation.fail(None, error)),
                    None => return Poll::Pending,
                },
                StageProjection::Done => return Poll::Pending,
            };
            match step {
                Step::Stage(next) => this.stage.set(next),
                Step::Stay => {}
                Step::Done(result) => {
                    this.stage.set(Stage::Done);
                    return Poll::Ready(result);
                }
            }
        }
    }
}

fn stage<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    admitted: Admitted,
) -> Stage<O::Future, O::Raw> {
    match admitted {
        Admitted::Go(context) => Stage::Running {
            attempts: Attempts {
                first: Some(operation.start(context)),
                hedge: None,
                hedge_at: call.hedge_at(),
            },
        },
        Admitted::Wait(until) => Stage::Waiting { until },
        Admitted::Queue(until) => Stage::Queued { until },
        Admitted::Ask(fleet) => Stage::Asking { fleet },
        Admitted::Refused(error) => Stage::Refused { error: Some(error) },
    }
}

impl<F: Future> Attempts<F> {
    /// Resolves with what an attempt gave, or with `None` for one that was cut off.
    fn poll<O>(
        self: Pin<&mut Self>,
        call: &mut CallState,
        operation: &mut O,
        mut timer: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<(Lane, Option<F::Output>)>
    where
        O: Operation<Future = F>,
    {
        let mut this = self.project();
        loop {
            for (lane, mut attempt) in [
                (Lane::First, this.first.as_mut()),
                (Lane::Hedge, this.hedge.as_mut()),
            ] {
                if let Some(running) = attempt.as_mut().as_pin_mut()
                    && let Poll::Ready(raw) = nested::inside(|| running.poll(cx))
                {
                    attempt.set(None);
                    return Poll::Ready((lane, Some(raw)));
                }
            }
            let ends = [Lane::First, Lane::Hedge].map(|lane| call.end_of(lane));
            let Some(due) = ends.into_iter().chain([*this.hedge_at]).flatten().min() else {
                return Poll::Pending;
            };
            ready!(poll_until(timer.as_mut(), due, cx));
            if this.hedge_at.is_some_and(|at| at <= due) {
                *this.hedge_at = None;
                if let Some(context) = call.begin_hedge(call.now()) {
                    this.hedge.set(Some(operation.start(context)));
                }
                continue;
            }
            if call.end_of(Lane::First) == Some(due) {
                this.first.set(None);
                return Poll::Ready((Lane::First, None));
            }
            this.hedge.set(None);
            return Poll::Ready((Lane::Hedge, None));
        }
    }
}

/// Waits for the turn of the call.
fn poll_queue<F, R>(
    call: &mut CallState,
    timer: Pin<&mut Option<Sleep>>,
    until: Instant,
    cx: &mut Context<'_>,
) -> Poll<Stage<F, R>> {
    if call.poll_turn(cx).is_ready() {
        return Poll::Ready(Stage::Admitting);
    }
    ready!(poll_until(timer, until, cx));
    let error = Some(call.queue_timed_out());
    Poll::Ready(Stage::Refused { error })
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

enum Step<T, F, R> {
    Stage(Stage<F, R>),
    /// The other attempt still runs.
    Stay,
    Done(Result<T>),
}

type StepOf<O> = Step<<O as Operation>::Output, <O as Operation>::Future, <O as Operation>::Raw>;

fn after<O: Operation>(operation: &mut O, failed: Failed, raw: Option<O::Raw>) -> StepOf<O> {
    match failed {
        Failed::OtherRuns => Step::Stay,
        Failed::RetryAt(until) => Step::Stage(Stage::Waiting { until }),
        Failed::Pay(fleet, plan) => Step::Stage(Stage::Paying {
            fleet,
            then: Some(Box::new((plan, raw))),
        }),
        Failed::Finally(error) => Step::Done(operation.fail(raw, error)),
    }
}
