//! The way of a call through the layer of one policy.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Attempt, BoxError, CallContext};
use crate::{
    admission::Denied,
    classify::Classify,
    error::{Delivery, Error, ErrorKind, Result},
};

/// What a policy does with one call. Dropped, it gives back what it holds.
///
/// In this order: `arrive`, `poll_enter`, the inner service gets ready, `commit`, the inner service
/// is called, `conclude`; `poll_end` whenever the inner service is waited for.
pub(crate) trait Gate: Sized {
    /// What the calls of a key share.
    type Policy;

    /// What a call fails with that is not let in.
    const REFUSED: ErrorKind;

    /// Takes note of a call whose future has not been polled yet.
    fn arrive<C>(call: &CallContext<Self::Policy, C>) -> Self;

    /// Resolves when the call may go on, again and again.
    fn poll_enter<C>(
        self: Pin<&mut Self>,
        _call: &CallContext<Self::Policy, C>,
        _cx: &mut Context<'_>,
    ) -> Poll<Result<(), Denied>> {
        Poll::Ready(Ok(()))
    }

    /// Has the last word when the inner service is ready, or has failed to get so.
    fn commit<C>(self: Pin<&mut Self>, _call: &CallContext<Self::Policy, C>) -> Result<(), Denied> {
        Ok(())
    }

    /// Resolves when the inner service has had its time.
    fn poll_end<C>(
        self: Pin<&mut Self>,
        _call: &CallContext<Self::Policy, C>,
        _cx: &mut Context<'_>,
    ) -> Poll<Error> {
        Poll::Pending
    }

    /// Makes what the inner service gave the result of the call.
    fn conclude<C, Res, E>(
        self: Pin<&mut Self>,
        call: &CallContext<Self::Policy, C>,
        outcome: Result<Res, E>,
    ) -> Result<Res>
    where
        C: Classify<Res, E>,
        E: Into<BoxError>,
    {
        call.pass(outcome)
    }
}

pin_project! {
    /// A call on its way. When it is over, all it held is free though the future is kept.
    pub(crate) struct Gated<G, S, C, Req>
    where
        G: Gate,
        S: Service<Req>,
    {
        call: CallContext<G::Policy, C>,
        #[pin]
        gate: Option<G>,
        #[pin]
        attempt: Option<Attempt<S, Req>>,
    }
}

impl<G: Gate, S: Service<Req>, C, Req> Gated<G, S, C, Req> {
    pub(crate) fn new(call: CallContext<G::Policy, C>, inner: S, request: Req) -> Self {
        Self {
            gate: Some(G::arrive(&call)),
            call,
            attempt: Some(Attempt::new(inner, Some(request))),
        }
    }
}

impl<G, S, C, Req> Future for Gated<G, S, C, Req>
where
    G: Gate,
    S: Service<Req>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error>,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let gate = this.gate.as_mut().as_pin_mut();
        let Some((gate, attempt)) = gate.zip(this.attempt.as_mut().as_pin_mut()) else {
            return Poll::Pending;
        };
        let result = ready!(poll_through(this.call, gate, attempt, cx));
        this.gate.set(None);
        this.attempt.set(None);
        Poll::Ready(result)
    }
}

fn poll_through<G, S, C, Req>(
    call: &CallContext<G::Policy, C>,
    mut gate: Pin<&mut G>,
    mut attempt: Pin<&mut Attempt<S, Req>>,
    cx: &mut Context<'_>,
) -> Poll<Result<S::Response>>
where
    G: Gate,
    S: Service<Req>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error>,
{
    let refuse = |denied: Denied| Err(call.refuse(G::REFUSED, denied.until, call.now()));
    if !attempt.is_called() {
        if let Err(denied) = ready!(gate.as_mut().poll_enter(call, cx)) {
            return Poll::Ready(refuse(denied));
        }
        let Poll::Ready(readiness) = attempt.as_mut().poll_prepare(cx) else {
            let ended = gate.poll_end(call, cx);
            return ended.map(|error| Err(error.with_delivery(Delivery::NotSent)));
        };
        if let Err(denied) = gate.as_mut().commit(call) {
            return Poll::Ready(refuse(denied));
        }
        if let Err(error) = readiness {
            return Poll::Ready(gate.conclude(call, Err(error)));
        }
        attempt.as_mut().call();
    }
    if let Poll::Ready(outcome) = attempt.poll(cx) {
        return Poll::Ready(gate.conclude(call, outcome));
    }
    let ended = gate.poll_end(call, cx);
    ended.map(|error| Err(error.with_delivery(Delivery::MaybeExecuted)))
}
