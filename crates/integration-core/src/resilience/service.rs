//! The service.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{future::ResponseFuture, layer::Core};
use crate::{
    classify::{Classify, Describe},
    error::Error,
};

/// A service with all policies around it. See the [module](super).
pub struct Resilience<S, C> {
    inner: S,
    core: Arc<Core<C>>,
}

impl<S, C> Resilience<S, C> {
    pub(super) fn new(inner: S, core: Arc<Core<C>>) -> Self {
        Self { inner, core }
    }
}

impl<S, C, Req> Service<Req> for Resilience<S, C>
where
    S: Service<Req> + Clone,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, C, Req>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::new(self.inner.clone(), Arc::clone(&self.core), request)
    }
}

impl<S: Clone, C> Clone for Resilience<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            core: Arc::clone(&self.core),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Resilience<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resilience")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
