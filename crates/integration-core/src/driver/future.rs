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
use crate::{
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
        stage: Stage<O::Future, O::Raw>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, R> {
        Queued { #[pin] timer: Sleep },
        Admitting,
        Asking { fleet: Asking },
        Waiting { #[pin] timer: Sleep },
        Running { #[pin] attempts: Attempts<F> },
        Paying { fleet: Paying, plan: Option<Plan>, raw: Option<R> },
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
        // Made when an attempt is pending for the first time: one that is ready at once pays for none.
        #[pin]
        timer: Option<Sleep>,
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
            let next = match this.stage.as_mut().project() {
                StageProjection::Queued { timer } => {
                    if call.poll_turn(cx).is_ready() {
                        Stage::Admitting
                    } else {
                        ready!(timer.poll(cx));
                        Stage::Refused {
                            error: Some(call.queue_timed_out()),
                        }
                    }
                }
                StageProjection::Admitting => {
                    let admitted = call.admit(call.now());
                    stage(call, operation, admitted)
                }
                StageProjection::Asking { fleet } => {
                    let verdict = ready!(fleet.as_mut().poll(cx));
                    let admitted = call.asked(verdict, call.now());
                    stage(call, operation, admitted)
                }
                StageProjection::Waiting { timer } => {
                    ready!(timer.poll(cx));
                    Stage::Admitting
                }
                StageProjection::Running { attempts } => {
                    let (lane, raw) = ready!(attempts.poll(call, operation, cx));
                    match conclude(call, operation, lane, raw) {
                        Step::Stage(next) => next,
                        Step::Stay => continue,
                        Step::Done(result) => {
                            this.stage.set(Stage::Done);
                            return Poll::Ready(result);
                        }
                    }
                }
                StageProjection::Paying { fleet, plan, raw } => {
                    let paid = ready!(fleet.as_mut().poll(cx));
                    let Some(plan) = plan.take() else {
                        return Poll::Pending;
                    };
                    let failed = call.paid(paid, plan, call.now());
                    match after(operation, failed, raw.take()) {
                        Step::Stage(next) => next,
                        Step::Stay => continue,
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
                    return Poll::Ready(operation.fail(None, error));
                }
                StageProjection::Done => return Poll::Pending,
            };
            this.stage.set(next);
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
                timer: None,
            },
        },
        Admitted::Wait(until) => Stage::Waiting {
            timer: sleep_until(until),
        },
        Admitted::Queue(until) => Stage::Queued {
            timer: sleep_until(until),
        },
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
            let ends = Lane::BOTH.map(|lane| call.end_of(lane));
            let Some(due) = ends.into_iter().chain([*this.hedge_at]).flatten().min() else {
                return Poll::Pending;
            };
            if let Some(mut timer) = this.timer.as_mut().as_pin_mut() {
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
            } else {
                this.timer.set(Some(sleep_until(due)));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut() {
                ready!(timer.poll(cx));
            }
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

enum Step<T, F, R> {
    Stage(Stage<F, R>),
    /// The other attempt still runs.
    Stay,
    Done(Result<T>),
}

type StepOf<O> = Step<<O as Operation>::Output, <O as Operation>::Future, <O as Operation>::Raw>;

fn conclude<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    lane: Lane,
    raw: Option<O::Raw>,
) -> StepOf<O> {
    let now = call.now();
    let Some(raw) = raw else {
        let verdict = call.cut_off(now);
        return fail(call, operation, (lane, verdict, None), now);
    };
    let verdict = operation.judge(&call.describe(), &raw);
    if verdict.kind.is_some() {
        return fail(call, operation, (lane, verdict, Some(raw)), now);
    }
    let report = call.succeed(lane, &verdict, now);
    Step::Done(operation.succeed(raw, report))
}

fn fail<O: Operation>(
    call: &mut CallState,
    operation: &mut O,
    (lane, verdict, raw): (Lane, Verdict, Option<O::Raw>),
    now: Instant,
) -> StepOf<O> {
    let failed = call.fail(lane, verdict, now);
    after(operation, failed, raw)
}

fn after<O: Operation>(operation: &mut O, failed: Failed, raw: Option<O::Raw>) -> StepOf<O> {
    match failed {
        Failed::OtherRuns => Step::Stay,
        Failed::RetryAt(at) => Step::Stage(Stage::Waiting {
            timer: sleep_until(at),
        }),
        Failed::Pay(fleet, plan) => Step::Stage(Stage::Paying {
            fleet,
            plan: Some(plan),
            raw,
        }),
        Failed::Finally(error) => Step::Done(operation.fail(raw, error)),
    }
}
