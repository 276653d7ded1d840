//! The future of a call through the layer.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer::Core;
use crate::{
    classify::{Call, Classify, Describe, Verdict},
    driver::{AttemptContext, BodyReplay, CallOptions, CallState, Drive, Operation, Report},
    error::{Error, ErrorKind, Result},
    layer::Attempt,
};

pin_project! {
    /// A call under way. Dropping it cancels the attempt and frees all that the call holds.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
        S: Clone,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        C: Classify<S::Response, S::Error>,
        C: Describe<Req>,
        Req: Clone,
    {
        #[pin]
        drive: Drive<ServiceCall<S, C, Req>>,
    }
}

impl<S, C, Req> ResponseFuture<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    pub(super) fn new(inner: S, core: Arc<Core<C>>, request: Req) -> Self {
        let operation = ServiceCall {
            core,
            inner,
            request: Some(request),
        };
        Self {
            drive: Drive::new(operation),
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().drive.poll(cx)
    }
}

impl<S, C, Req> fmt::Debug for ResponseFuture<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The driven operation: one call of the inner service an attempt.
struct ServiceCall<S, C, Req> {
    core: Arc<Core<C>>,
    inner: S,
    /// Given away with the last attempt, cloned for all others.
    request: Option<Req>,
}

impl<S, C, Req> Operation for ServiceCall<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    type Raw = Result<S::Response, S::Error>;
    type Output = S::Response;
    type Future = Attempt<S, Req>;

    fn open(&mut self) -> CallState {
        // The request is there until the first attempt.
        let call = self.request.as_ref().map_or_else(
            || Call::new("service", ""),
            |request| self.core.classify.describe(request),
        );
        let options = CallOptions {
            operation: call.operation,
            repeat: call.repeat,
            body: BodyReplay::Possible,
            cost: call.cost,
            is_unhedged: false,
            keeps_place: false,
            priority: call.priority,
        };
        self.core.shared.open(&call.key, options, None)
    }

    fn start(&mut self, attempt: AttemptContext) -> Self::Future {
        let last = attempt.number >= attempt.max;
        let request = if last {
            self.request.take()
        } else {
            self.request.clone()
        };
        Attempt::new(self.inner.clone(), request)
    }

    fn judge(&mut self, call: &Call<'_>, raw: &Self::Raw) -> Verdict {
        self.core.classify.classify(call, raw.as_ref())
    }

    fn succeed(&mut self, raw: Self::Raw, _report: impl FnOnce() -> Report) -> Result<S::Response> {
        // A classifier may call an error of the inner service a success; it stays an error.
        raw.map_err(|e| Error::new(ErrorKind::Other, "service").with_source(e))
    }

    /// Hands a response back as it is, failed or not: only the caller knows what its head and body
    /// are good for.
    fn fail(&mut self, raw: Option<Self::Raw>, error: Error) -> Result<S::Response> {
        match raw {
            Some(Ok(response)) => Ok(response),
            Some(Err(e)) => Err(error.with_source(e)),
            None => Err(error),
        }
    }
}
