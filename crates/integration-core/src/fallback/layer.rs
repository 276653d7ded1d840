//! The substitute answer as a tower layer.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::UNAVAILABLE;
use crate::{
    error::{Error, ErrorKind, Result},
    layer::{Attempt, BoxError, ours},
};

/// Answers in the place of a failed call. See the [module](super).
pub struct FallbackLayer<F> {
    shared: Arc<Substitute<F>>,
}

struct Substitute<F> {
    kinds: Box<[ErrorKind]>,
    answer: F,
}

impl<F> FallbackLayer<F> {
    /// Answers with `answer(&error)` when a call fails with one of these kinds.
    ///
    /// An inner error that is not ours counts as [`ErrorKind::Other`].
    pub fn new<Res>(kinds: impl IntoIterator<Item = ErrorKind>, answer: F) -> Self
    where
        F: Fn(&Error) -> Res,
    {
        let kinds = kinds.into_iter().collect();
        let shared = Arc::new(Substitute { kinds, answer });
        Self { shared }
    }

    /// Answers where the service cannot be had just now: it is down, slow, throttling, or a local
    /// policy keeps calls away from it. Mistakes of ours and refusals pass.
    pub fn unavailable<Res>(answer: F) -> Self
    where
        F: Fn(&Error) -> Res,
    {
        Self::new(UNAVAILABLE, answer)
    }
}

impl<S, F> Layer<S> for FallbackLayer<F> {
    type Service = FallbackService<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = Arc::clone(&self.shared);
        FallbackService { inner, shared }
    }
}

impl<F> Clone for FallbackLayer<F> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<F> fmt::Debug for FallbackLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer")
            .field("kinds", &self.shared.kinds)
            .finish_non_exhaustive()
    }
}

/// A service with a substitute answer. See the [module](super).
pub struct FallbackService<S, F> {
    inner: S,
    shared: Arc<Substitute<F>>,
}

impl<S, F, Req> Service<Req> for FallbackService<S, F>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    F: Fn(&Error) -> S::Response,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, F, Req>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture {
            shared: Arc::clone(&self.shared),
            attempt: Attempt::new(self.inner.clone(), Some(request)),
        }
    }
}

impl<S: Clone, F> Clone for FallbackService<S, F> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        let inner = self.inner.clone();
        Self { inner, shared }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for FallbackService<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackService")
            .field("inner", &self.inner)
            .field("kinds", &self.shared.kinds)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A call under way. Dropping it drops the inner one.
    pub struct ResponseFuture<S, F, Req>
    where
        S: Service<Req>,
    {
        shared: Arc<Substitute<F>>,
        #[pin]
        attempt: Attempt<S, Req>,
    }
}

impl<S, F, Req> Future for ResponseFuture<S, F, Req>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    F: Fn(&Error) -> S::Response,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let error = match ready!(this.attempt.poll(cx)) {
            Ok(response) => return Poll::Ready(Ok(response)),
            Err(e) => ours(e, |e| {
                Error::new(ErrorKind::Other, "service").with_source(e)
            }),
        };
        if this.shared.kinds.contains(&error.kind()) {
            return Poll::Ready(Ok((this.shared.answer)(&error)));
        }
        Poll::Ready(Err(error))
    }
}

impl<S, F, Req> fmt::Debug for ResponseFuture<S, F, Req>
where
    S: Service<Req>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
