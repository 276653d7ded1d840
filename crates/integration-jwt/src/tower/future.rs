//! The future of a checked call.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    bearer::{Refused, bearer},
    claims::Claims,
    rejection::Refusal,
    validator::Validator,
};

/// In a box: the future of a check has no name, and beside a signature an allocation is nothing.
type Checking = Pin<Box<dyn Future<Output = Result<Claims, Refusal>> + Send>>;

pin_project! {
    /// Checks the token, calls the inner service.
    ///
    /// Dropped while checking, it has called nothing; dropped later, it drops the inner call.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        // The request is taken when the check is done.
        Checking { check: Checking, request: Option<Request<B>>, inner: S },
        Calling { #[pin] call: S::Future },
        Refused { refused: Refused },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn new(inner: S, validator: Validator, request: Request<B>) -> Self {
        let state = match bearer(request.headers()).map(str::to_owned) {
            Err(refused) => State::Refused { refused },
            Ok(token) => State::Checking {
                check: Box::pin(async move { validator.check(&token).await }),
                request: Some(request),
                inner,
            },
        };
        Self { state }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Calling { call } => return call.poll(cx),
                StateProjection::Refused { refused } => return Poll::Ready(Ok(refused.answer())),
                StateProjection::Checking {
                    check,
                    request,
                    inner,
                } => {
                    let checked = ready!(check.as_mut().poll(cx));
                    match (checked, request.take()) {
                        (Ok(claims), Some(mut request)) => {
                            request.extensions_mut().insert(claims);
                            State::Calling {
                                call: inner.call(request),
                            }
                        }
                        (Err(refusal), _) => State::Refused {
                            refused: Refused::Token(refusal),
                        },
                        (Ok(_), None) => State::Refused {
                            refused: Refused::NoToken,
                        },
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
