//! The bulkhead as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use super::{Admission, Bulkhead, BulkheadConfig, Place, Ticket};
use crate::{
    admission::Denied,
    error::{ErrorKind, Result},
    keyed::KeyedConfig,
    layer::{CallContext, DEFAULT_WAIT, Gate, Shared, policy_service},
    resilience::Parts,
};

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
    /// A call under way. Dropping it leaves the queue, or hands its place to the next.
    ResponseFuture<Stay>,
}

impl<C> BulkheadLayer<C> {
    /// Gives every key a bulkhead; `classify` names the key, and types the inner errors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(config: BulkheadConfig, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, KeyedConfig::default(), Parts::default())
    }

    /// As [`new`](Self::new), with this room for keys and, of the parts, this clock.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(
        config: BulkheadConfig,
        classify: C,
        keys: KeyedConfig,
        parts: Parts,
    ) -> Result<Self> {
        let config = config.validate()?;
        let max_wait = config
            .max_wait
            .unwrap_or(DEFAULT_WAIT)
            .min(crate::config::MAX_DURATION);
        let create = move |_| Bounded {
            bulkhead: Arc::new(Bulkhead::from_valid(&config)),
            max_wait,
        };
        let shared = Shared::new(classify, keys, parts, create)?;
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
    #[project = StayProjection]
    pub(crate) enum Stay {
        // The queue is joined in the order of calls, not of first polls.
        Queued { ticket: Ticket, #[pin] timer: Sleep },
        Running { place: Place },
        Refused,
    }
}

impl Gate for Stay {
    type Policy = Bounded;

    const REFUSED: ErrorKind = ErrorKind::BulkheadFull;

    fn arrive<C>(call: &CallContext<Bounded, C>) -> Self {
        match call.policy().bulkhead.admit() {
            Ok(Admission::Run(place)) => Self::Running { place },
            Ok(Admission::Wait(ticket)) => Self::Queued {
                ticket,
                timer: sleep_until(call.started + call.policy().max_wait),
            },
            Err(_) => Self::Refused,
        }
    }

    fn poll_enter<C>(
        mut self: Pin<&mut Self>,
        _call: &CallContext<Bounded, C>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Denied>> {
        match self.as_mut().project() {
            StayProjection::Queued { ticket, timer } => {
                let Poll::Ready(place) = Pin::new(ticket).poll(cx) else {
                    return timer.poll(cx).map(|()| Err(Denied::unknown()));
                };
                self.set(Self::Running { place });
                Poll::Ready(Ok(()))
            }
            StayProjection::Running { .. } => Poll::Ready(Ok(())),
            StayProjection::Refused => Poll::Ready(Err(Denied::unknown())),
        }
    }
}
