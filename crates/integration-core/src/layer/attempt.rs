//! One call of an inner service.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// A fresh clone of the service is made ready, then called.
    #[project = AttemptProjection]
    pub(crate) enum Attempt<S, Req>
    where
        S: Service<Req>,
    {
        Preparing { service: S, request: Option<Req> },
        Called { #[pin] response: S::Future },
    }
}

impl<S: Service<Req>, Req> Attempt<S, Req> {
    /// Without a request it stays pending for ever.
    pub(crate) fn new(service: S, request: Option<Req>) -> Self {
        Self::Preparing { service, request }
    }

    /// Tells whether the inner service got the request.
    pub(crate) fn is_called(&self) -> bool {
        matches!(self, Self::Called { .. })
    }

    /// Makes the service ready without calling it.
    pub(crate) fn poll_prepare(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), S::Error>> {
        match self.project() {
            AttemptProjection::Preparing { service, .. } => service.poll_ready(cx),
            AttemptProjection::Called { .. } => Poll::Ready(Ok(())),
        }
    }

    /// Calls the service, which must be ready.
    pub(crate) fn call(mut self: Pin<&mut Self>) {
        if let AttemptProjection::Preparing { service, request } = self.as_mut().project()
            && let Some(request) = request.take()
        {
            let response = service.call(request);
            self.set(Self::Called { response });
        }
    }
}

impl<S: Service<Req>, Req> Future for Attempt<S, Req> {
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.is_called() {
            ready!(self.as_mut().poll_prepare(cx))?;
            self.as_mut().call();
        }
        match self.project() {
            AttemptProjection::Called { response } => response.poll(cx),
            AttemptProjection::Preparing { .. } => Poll::Pending,
        }
    }
}
