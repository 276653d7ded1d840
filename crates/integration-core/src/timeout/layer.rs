//! The timeout as a tower layer.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use crate::{
    config::{MAX_DURATION, invalid},
    error::{Error, ErrorKind, GaveUp, Result},
    keyed::KeyedConfig,
    layer::{CallContext, Gate, Shared, policy_service},
    resilience::Parts,
};

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
    /// A call under way. Dropping it drops the inner one.
    ResponseFuture<End>,
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
        let shared = Shared::new(
            classify,
            KeyedConfig::default(),
            Parts::default(),
            move |_| limit,
        )?;
        Ok(Self { shared })
    }
}

pin_project! {
    pub(crate) struct End {
        // Made when the call is pending for the first time: one that is ready at once pays for none.
        #[pin]
        timer: Option<Sleep>,
    }
}

impl Gate for End {
    type Policy = Limit;

    // Nobody is: every call may begin.
    const REFUSED: ErrorKind = ErrorKind::DeadlineExceeded;

    fn arrive<C>(_call: &CallContext<Limit, C>) -> Self {
        Self { timer: None }
    }

    fn poll_end<C>(
        self: Pin<&mut Self>,
        call: &CallContext<Limit, C>,
        cx: &mut Context<'_>,
    ) -> Poll<Error> {
        let mut timer = self.project().timer;
        if timer.is_none() {
            let end = call.started + call.policy().time;
            timer.set(Some(sleep_until(end)));
        }
        match timer.as_pin_mut() {
            Some(timer) => timer.poll(cx).map(|()| timed_out(call)),
            None => Poll::Pending,
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
