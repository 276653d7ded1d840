//! The breaker as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::{CircuitBreaker, CircuitBreakerConfig, Permit};
use crate::{
    classify::{Classify, Describe},
    error::{ErrorKind, Result},
    layer::{Attempt, BoxError, CallContext, Parts, Shared, policy_service},
};

type State<C> = Shared<Arc<CircuitBreaker>, C>;

policy_service! {
    /// Refuses the calls of a key while it does not work. See the [module](super).
    CircuitBreakerLayer,
    /// A service with a breaker around it. See the [module](super).
    CircuitBreakerService,
}

impl<C> CircuitBreakerLayer<C> {
    /// Gives every key a breaker; `classify` tells what an outcome says about its health.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(config: CircuitBreakerConfig, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, Parts::default())
    }

    /// As [`new`](Self::new), with this clock, source of jitter and room for keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(config: CircuitBreakerConfig, classify: C, parts: Parts) -> Result<Self> {
        let config = config.validate()?;
        let rng = Arc::clone(&parts.rng);
        let create =
            move |_| Arc::new(CircuitBreaker::from_valid(config.clone(), Arc::clone(&rng)));
        let shared = Shared::new(classify, parts, create)?;
        Ok(Self { shared })
    }

    /// Returns the breaker of a key, which a new key gets now.
    #[must_use]
    pub fn circuit_breaker(&self, key: &str) -> Arc<CircuitBreaker> {
        self.shared.with(key, |breaker, _| Arc::clone(breaker))
    }
}

pin_project! {
    /// A call under way. Dropping it is neutral for the breaker and frees its probe.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
    {
        call: CallContext<Arc<CircuitBreaker>, C>,
        stage: Stage,
        #[pin]
        attempt: Attempt<S, Req>,
    }
}

enum Stage {
    /// Looked at first, so that an open circuit does not wait for the inner service.
    New,
    /// Nothing is held while the inner service gets ready.
    Preparing,
    Running(Permit),
    Done,
}

impl<S: Service<Req>, C, Req> ResponseFuture<S, C, Req> {
    fn new(inner: S, shared: &Arc<State<C>>, request: Req) -> Self
    where
        C: Describe<Req>,
    {
        Self {
            call: CallContext::new(shared, &request),
            stage: Stage::New,
            attempt: Attempt::new(inner, Some(request)),
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error>,
{
    type Output = Result<S::Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let now = this.call.now();
            let breaker = this.call.policy();
            let (admitted, outcome) = match this.stage {
                Stage::New => (breaker.peek(now).map(|()| Stage::Preparing), None),
                Stage::Preparing => {
                    let ready = ready!(this.attempt.as_mut().poll_prepare(cx));
                    // A service that fails to get ready is a failure that the breaker sees.
                    (breaker.admit(now).map(Stage::Running), ready.err())
                }
                Stage::Running(_) => {
                    let outcome = ready!(this.attempt.as_mut().poll(cx));
                    return Poll::Ready(settle(this.call, this.stage, outcome));
                }
                Stage::Done => return Poll::Pending,
            };
            match admitted {
                Ok(stage) => *this.stage = stage,
                Err(denied) => {
                    *this.stage = Stage::Done;
                    let error = this.call.refuse(ErrorKind::CircuitOpen, denied.until, now);
                    return Poll::Ready(Err(error));
                }
            }
            if let Some(error) = outcome {
                return Poll::Ready(settle(this.call, this.stage, Err(error)));
            }
        }
    }
}

fn settle<Res, E, C>(
    call: &CallContext<Arc<CircuitBreaker>, C>,
    stage: &mut Stage,
    outcome: Result<Res, E>,
) -> Result<Res>
where
    E: Into<BoxError>,
    C: Classify<Res, E>,
{
    let verdict = call.judge(&outcome);
    if let Stage::Running(permit) = std::mem::replace(stage, Stage::Done) {
        permit.settle(verdict.health, call.now());
    }
    call.conclude(outcome, verdict)
}
