//! The service.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::future::ResponseFuture;
use crate::{
    classify::{Classify, Describe},
    driver::Shared,
    error::Error,
};

/// A service with all policies around it. See the [module](super).
pub struct Resilience<S, C> {
    inner: S,
    shared: Arc<Shared>,
    classify: Arc<C>,
}

impl<S, C> Resilience<S, C> {
    pub(super) fn new(inner: S, shared: Arc<Shared>, classify: Arc<C>) -> Self {
        Self {
            inner,
            shared,
            classify,
        }
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
        let (inner, classify) = (self.inner.clone(), Arc::clone(&self.classify));
        ResponseFuture::new(Arc::clone(&self.shared), inner, classify, request)
    }
}

impl<S: Clone, C> Clone for Resilience<S, C> {
    fn clone(&self) -> Self {
        let (shared, classify) = (Arc::clone(&self.shared), Arc::clone(&self.classify));
        Self {
            inner: self.inner.clone(),
            shared,
            classify,
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
