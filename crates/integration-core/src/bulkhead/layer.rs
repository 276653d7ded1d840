//! The bulkhead as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::{Admission, Bulkhead, BulkheadConfig, Place, Ticket};
use crate::{
    classify::{Classify, Describe},
    error::{ErrorKind, Result},
    layer::{Attempt, BoxError, CallContext, DEFAULT_WAIT, Parts, Shared, policy_service},
};

type State<C> = Shared<Bounded, C>;

/// The bulkhead of a key.
pub(crate) struct Bounded {
    bulkhead: Arc<Bulkhead>,
    max_wait: Duration,
}

policy_service! {
    /// Bounds the calls of a key that run at once. See the [module](super).
    ///
    /// Without a `max_wait` a call waits 30 s for a place.
    BulkheadLayer,
    /// A service with a bulkhead around it. See the [module](super).
    BulkheadService,
}

impl<C> BulkheadLayer<C> {
    /// Gives every key a bulkhead; `classify` names the key, and types the inner errors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(config: BulkheadConfig, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, Parts::default())
    }

    /// As [`new`](Self::new), with this clock and room for keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(config: BulkheadConfig, classify: C, parts: Parts) -> Result<Self> {
        let config = config.validate()?;
        let max_wait = config
            .max_wait
            .unwrap_or(DEFAULT_WAIT)
            .min(crate::config::MAX_DURATION);
        let create = move |_| Bounded {
            bulkhead: Arc::new(Bulkhead::from_valid(&config)),
            max_wait,
        };
        let shared = Shared::new(classify, parts, create)?;
        Ok(Self { shared })
    }

    /// Returns the bulkhead of a key, which a new key gets now.
    #[must_use]
    pub fn bulkhead(&self, key: &str) -> Arc<Bulkhead> {
        self.shared
            .with(key, |bounded, _| Arc::clone(&bounded.bulkhead))
    }
}

pin_project! {
    /// A call under way. Dropping it leaves the queue, or hands its place to the next.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
    {
        call: CallContext<Bounded, C>,
        #[pin]
        stage: Stage,
        #[pin]
        attempt: Attempt<S, Req>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage {
        // The queue is joined in the order of calls, not of first polls.
        Queued { ticket: Ticket, #[pin] timer: Sleep },
        Running { place: Place },
        Refused,
        Done,
    }
}

impl<S: Service<Req>, C, Req> ResponseFuture<S, C, Req> {
    fn new(inner: S, shared: &Arc<State<C>>, request: Req) -> Self
    where
        C: Describe<Req>,
    {
        let call = CallContext::new(shared, &request);
        let stage = match call.policy().bulkhead.admit() {
            Ok(Admission::Run(place)) => Stage::Running { place },
            Ok(Admission::Wait(ticket)) => Stage::Queued {
                ticket,
                timer: sleep_until(call.started + call.policy().max_wait),
            },
            Err(_) => Stage::Refused,
        };
        Self {
            call,
            stage,
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
            let next = match this.stage.as_mut().project() {
                StageProjection::Queued { ticket, timer } => {
                    if let Poll::Ready(place) = Pin::new(ticket).poll(cx) {
                        Stage::Running { place }
                    } else {
                        ready!(timer.poll(cx));
                        Stage::Refused
                    }
                }
                StageProjection::Running { .. } => {
                    let outcome = ready!(this.attempt.poll(cx));
                    // The place goes now: a caller may keep the future of a call that is over.
                    this.stage.set(Stage::Done);
                    return Poll::Ready(this.call.pass(outcome));
                }
                StageProjection::Refused => {
                    this.stage.set(Stage::Done);
                    let now = this.call.now();
                    return Poll::Ready(Err(this.call.refuse(ErrorKind::BulkheadFull, None, now)));
                }
                StageProjection::Done => return Poll::Pending,
            };
            this.stage.set(next);
        }
    }
}
