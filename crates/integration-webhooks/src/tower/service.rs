//! The service.

use std::{
    error::Error as StdError,
    mem,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use integration_core::clock::SharedClock;
use tower_service::Service;

use crate::{source::Source, tower::future::ResponseFuture};

/// Verifies requests before the inner service sees them.
#[derive(Debug, Clone)]
pub struct Verify<S> {
    inner: S,
    source: Source,
    clock: SharedClock,
}

impl<S> Verify<S> {
    pub(super) fn new(inner: S, source: Source, clock: SharedClock) -> Self {
        Self {
            inner,
            source,
            clock,
        }
    }
}

impl<S, B, R> Service<Request<B>> for Verify<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone,
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<B, S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The future takes the instance that is ready and leaves one that has yet to become so.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(ready, self.source.clone(), self.clock.clone(), request)
    }
}
