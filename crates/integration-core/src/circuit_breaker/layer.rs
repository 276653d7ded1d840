//! The breaker as a tower layer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{CircuitBreaker, CircuitBreakerConfig, Permit};
use crate::{
    admission::Denied,
    classify::Classify,
    error::{ErrorKind, Result},
    keyed::KeyedConfig,
    layer::{BoxError, CallContext, Gate, Shared, policy_service},
    resilience::Parts,
};

policy_service! {
    /// Refuses the calls of a key while it does not work. See the [module](super).
    CircuitBreakerLayer,
    /// A service with a breaker around it. See the [module](super).
    CircuitBreakerService,
    /// A call under way. Dropping it is neutral for the breaker and frees its probe.
    ResponseFuture<Passage>,
}

impl<C> CircuitBreakerLayer<C> {
    /// Gives every key a breaker; `classify` tells what an outcome says about its health.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn new(config: CircuitBreakerConfig, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, KeyedConfig::default(), Parts::default())
    }

    /// As [`new`](Self::new), with this room for keys and, of the parts, clock and chance.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the field and the rule.
    pub fn with_parts(
        config: CircuitBreakerConfig,
        classify: C,
        keys: KeyedConfig,
        parts: Parts,
    ) -> Result<Self> {
        let config = config.validate()?;
        let rng = Arc::clone(&parts.rng);
        let create =
            move |_| Arc::new(CircuitBreaker::from_valid(config.clone(), Arc::clone(&rng)));
        let shared = Shared::new(classify, keys, parts, create)?;
        Ok(Self { shared })
    }

    /// Returns the breaker of a key, which a new key gets now.
    #[must_use]
    pub fn circuit_breaker(&self, key: &str) -> Arc<CircuitBreaker> {
        self.shared.with(key, |breaker, _| Arc::clone(breaker))
    }
}

pub(crate) enum Passage {
    /// Looked at first, so that an open circuit does not wait for the inner service.
    New,
    /// Nothing is held while the inner service gets ready.
    Preparing,
    Running(Permit),
    Settled,
}

impl Gate for Passage {
    type Policy = Arc<CircuitBreaker>;

    const REFUSED: ErrorKind = ErrorKind::CircuitOpen;

    fn arrive<C>(_call: &CallContext<Self::Policy, C>) -> Self {
        Self::New
    }

    fn poll_enter<C>(
        mut self: Pin<&mut Self>,
        call: &CallContext<Self::Policy, C>,
        _cx: &mut Context<'_>,
    ) -> Poll<Result<(), Denied>> {
        if matches!(*self, Self::New) {
            call.policy().peek(call.now())?;
            *self = Self::Preparing;
        }
        Poll::Ready(Ok(()))
    }

    /// A service that fails to get ready is a failure that the breaker sees.
    fn commit<C>(
        mut self: Pin<&mut Self>,
        call: &CallContext<Self::Policy, C>,
    ) -> Result<(), Denied> {
        *self = Self::Running(call.policy().admit(call.now())?);
        Ok(())
    }

    fn conclude<C, Res, E>(
        mut self: Pin<&mut Self>,
        call: &CallContext<Self::Policy, C>,
        outcome: Result<Res, E>,
    ) -> Result<Res>
    where
        C: Classify<Res, E>,
        E: Into<BoxError>,
    {
        let verdict = call.judge(&outcome);
        if let Self::Running(permit) = std::mem::replace(&mut *self, Self::Settled) {
            permit.settle(verdict.health, call.now());
        }
        call.conclude(outcome, verdict)
    }
}
