//! The timeout as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use crate::{
    classify::{Classify, Describe},
    config::{MAX_DURATION, invalid},
    error::{Delivery, Error, ErrorKind, GaveUp, Result},
    layer::{Attempt, BoxError, CallContext, Parts, Shared, policy_service},
};

type State<C> = Shared<Limit, C>;

/// How long a call may take, and what it is called when it takes longer.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    time: Duration,
    kind: ErrorKind,
}

policy_service! {
    /// Ends a call that takes too long. See the [module](super).
    TimeoutLayer,
    /// A service with a timeout around it. See the [module](super).
    TimeoutService,
}

impl<C> TimeoutLayer<C> {
    /// Limits one attempt; a call that takes longer fails with [`ErrorKind::AttemptTimeout`], which
    /// may be retried where that does no harm.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the time is zero or above 30 days.
    pub fn attempt(time: Duration, classify: C) -> Result<Self> {
        let limit = Limit {
            time,
            kind: ErrorKind::AttemptTimeout,
        };
        Self::with_limit(limit, "attempt_timeout", classify)
    }

    /// Limits a whole call; one that takes longer fails with [`ErrorKind::DeadlineExceeded`], which
    /// is final.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the time is zero or above 30 days.
    pub fn total(time: Duration, classify: C) -> Result<Self> {
        let limit = Limit {
            time,
            kind: ErrorKind::DeadlineExceeded,
        };
        Self::with_limit(limit, "deadline", classify)
    }

    fn with_limit(limit: Limit, field: &'static str, classify: C) -> Result<Self> {
        if limit.time.is_zero() || limit.time > MAX_DURATION {
            return Err(invalid(field, "must be above 0 and at most 30 days"));
        }
        let shared = Shared::new(classify, Parts::default(), move |_| limit)?;
        Ok(Self { shared })
    }
}

pin_project! {
    /// A call under way. Dropping it drops the inner one.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
    {
        call: CallContext<Limit, C>,
        // Made when the call is pending for the first time: one that is ready at once pays for none.
        #[pin]
        timer: Option<Sleep>,
        // Empty when the call is over, so that what it held is free though the future is kept.
        #[pin]
        attempt: Option<Attempt<S, Req>>,
    }
}

impl<S: Service<Req>, C, Req> ResponseFuture<S, C, Req> {
    fn new(inner: S, shared: &Arc<State<C>>, request: Req) -> Self
    where
        C: Describe<Req>,
    {
        Self {
            call: CallContext::new(shared, &request),
            timer: None,
            attempt: Some(Attempt::new(inner, Some(request))),
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error>,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(attempt) = this.attempt.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        if let Poll::Ready(outcome) = attempt.poll(cx) {
            this.attempt.set(None);
            return Poll::Ready(this.call.pass(outcome));
        }
        if this.timer.is_none() {
            let end = this.call.started + this.call.policy().time;
            this.timer.set(Some(sleep_until(end)));
        }
        match this.timer.as_pin_mut().map(|timer| timer.poll(cx)) {
            Some(Poll::Ready(())) => {
                let called = this.attempt.as_ref().as_pin_ref();
                let delivery = match called.is_some_and(|attempt| attempt.is_called()) {
                    true => Delivery::MaybeExecuted,
                    false => Delivery::NotSent,
                };
                this.attempt.set(None);
                Poll::Ready(Err(timed_out(this.call).with_delivery(delivery)))
            }
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}

fn timed_out<C>(call: &CallContext<Limit, C>) -> Error {
    let Limit { time, kind } = *call.policy();
    let error = call.fail(kind, call.now());
    if kind == ErrorKind::DeadlineExceeded {
        return error
            .with_message(format!("deadline of {time:?} exceeded"))
            .with_gave_up(GaveUp::DeadlineTooClose);
    }
    error.with_message(format!("attempt timed out after {time:?}"))
}
