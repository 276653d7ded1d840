//! The service.

use std::{
    mem,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use crate::{tower::future::ResponseFuture, validator::Validator};

/// Checks the bearer token of requests before the inner service sees them.
#[derive(Clone, Debug)]
pub struct Check<S> {
    inner: S,
    validator: Validator,
}

impl<S> Check<S> {
    pub(super) fn new(inner: S, validator: Validator) -> Self {
        Self { inner, validator }
    }
}

impl<S, B, R> Service<Request<B>> for Check<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The future takes the instance that is ready and leaves one that has yet to become so.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(ready, self.validator.clone(), request)
    }
}
