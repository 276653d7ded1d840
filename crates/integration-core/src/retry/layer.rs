//! The retry loop as a tower layer.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::RetryConfig;
use crate::{
    classify::{Classify, Describe},
    error::{Error, Result},
    layer::{BoxError, Parts},
    resilience::{self, Resilience, ResilienceLayer},
};

/// Tries calls again. See the [module](super).
#[derive(Clone)]
pub struct RetryLayer<C> {
    policies: ResilienceLayer<C>,
}

impl<C> RetryLayer<C> {
    /// Retries as `config` allows; `classify` tells what can help and what does harm.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn new(config: RetryConfig, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, Parts::default())
    }

    /// As [`new`](Self::new), with this clock, source of jitter and room for keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn with_parts(config: RetryConfig, classify: C, parts: Parts) -> Result<Self> {
        let policies = config.policies(parts.keys);
        let parts = resilience::Parts::default()
            .with_clock(parts.clock)
            .with_rng(parts.rng);
        let policies = ResilienceLayer::with_parts(policies, classify, parts)?;
        Ok(Self { policies })
    }
}

impl<S, C> Layer<S> for RetryLayer<C> {
    type Service = RetryService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService {
            driven: self.policies.layer(inner),
        }
    }
}

impl<C> fmt::Debug for RetryLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").finish_non_exhaustive()
    }
}

/// A service whose calls are tried again. See the [module](super).
pub struct RetryService<S, C> {
    driven: Resilience<S, C>,
}

impl<S, C, Req> Service<Req> for RetryService<S, C>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, C, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.driven.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture {
            driven: self.driven.call(request),
        }
    }
}

impl<S: Clone, C> Clone for RetryService<S, C> {
    fn clone(&self) -> Self {
        Self {
            driven: self.driven.clone(),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for RetryService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("driven", &self.driven)
            .finish()
    }
}

pin_project! {
    /// A call under way. Dropping it cancels the attempt, or the wait for the next.
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
        driven: resilience::ResponseFuture<S, C, Req>,
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().driven.poll(cx)
    }
}

impl<S, C, Req> fmt::Debug for ResponseFuture<S, C, Req>
where
    S: Service<Req> + Clone,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error> + Describe<Req>,
    Req: Clone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
