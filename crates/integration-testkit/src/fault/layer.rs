//! Faults around any tower service.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use integration_core::{Clock, SystemClock};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use super::plan::{Fault, Plan};

/// Lets a part of the calls of a service go wrong.
///
/// Whether call number `n` goes wrong, and how, depends on the seed and on `n` alone; calls are
/// numbered over all clones in the order in which they are made.
///
/// ```
/// use integration_testkit::{Fault, FaultLayer};
/// use tower::{Layer, service_fn};
///
/// let layer = FaultLayer::new(7, |fault| match fault {
///     Fault::Status(status) => Ok(status),
///     _ => Err(std::io::Error::other("injected")),
/// })
/// .with(0.2, Fault::Status(503))
/// .with(0.1, Fault::Reset);
/// let service = layer.layer(service_fn(|_: u32| async { Ok::<u16, std::io::Error>(200) }));
/// # let _ = service;
/// ```
pub struct FaultLayer<M> {
    plan: Plan,
    make: Arc<M>,
}

impl<M> FaultLayer<M> {
    /// Lets nothing go wrong yet. `make` gives the outcome of a call that is not made.
    #[must_use]
    pub fn new(seed: u64, make: M) -> Self {
        Self {
            plan: Plan::new(seed),
            make: Arc::new(make),
        }
    }

    /// Adds a fault for this part of the calls, 0 to 1. Beyond a sum of 1 a fault gets what is left.
    #[must_use]
    pub fn with(mut self, rate: f64, fault: Fault) -> Self {
        self.plan.add(rate, fault);
        self
    }

    /// Returns what goes wrong with call number `number`, from 0.
    #[must_use]
    pub fn fault(&self, number: u64) -> Option<Fault> {
        self.plan.fault(number)
    }

    /// Returns how many calls were made so far, those that went wrong included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.plan.calls()
    }
}

impl<S, M> Layer<S> for FaultLayer<M> {
    type Service = FaultService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.clone();
        FaultService { inner, layer }
    }
}

impl<M> Clone for FaultLayer<M> {
    fn clone(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            make: Arc::clone(&self.make),
        }
    }
}

impl<M> fmt::Debug for FaultLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultLayer")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// A service a part of whose calls goes wrong.
#[derive(Clone, Debug)]
pub struct FaultService<S, M> {
    inner: S,
    layer: FaultLayer<M>,
}

impl<S, M, Req> Service<Req> for FaultService<S, M>
where
    S: Service<Req>,
    M: Fn(Fault) -> Result<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FaultFuture<S::Future, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let going = match self.layer.plan.next().1 {
            None => Going::Made {
                timer: None,
                response: self.inner.call(request),
            },
            Some(Fault::Latency(time)) => Going::Made {
                timer: Some(sleep_until(SystemClock.now() + time)),
                response: self.inner.call(request),
            },
            Some(Fault::Stall) => Going::Instead { outcome: None },
            Some(fault) => Going::Instead {
                outcome: Some((self.layer.make)(fault)),
            },
        };
        FaultFuture { going }
    }
}

pin_project! {
    /// A call that may go wrong.
    pub struct FaultFuture<F, T> {
        #[pin]
        going: Going<F, T>,
    }
}

pin_project! {
    #[project = GoingProjection]
    enum Going<F, T> {
        // The timer is gone when its time has come.
        Made { #[pin] timer: Option<Sleep>, #[pin] response: F },
        // Without an outcome it never ends.
        Instead { outcome: Option<T> },
    }
}

impl<F: Future<Output = T>, T> Future for FaultFuture<F, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.project().going.project() {
            GoingProjection::Made {
                mut timer,
                response,
            } => {
                if let Some(waiting) = timer.as_mut().as_pin_mut() {
                    ready!(waiting.poll(cx));
                    timer.set(None);
                }
                response.poll(cx)
            }
            GoingProjection::Instead { outcome } => match outcome.take() {
                Some(outcome) => Poll::Ready(outcome),
                None => Poll::Pending,
            },
        }
    }
}

impl<F, T> fmt::Debug for FaultFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultFuture").finish_non_exhaustive()
    }
}
