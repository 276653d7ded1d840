//! Tries a call again where that can help, does no harm and is affordable.
//!
//! A [`RetryLayer`] is the retry loop of [`resilience`](crate::resilience) alone, on the same
//! driver: kinds decide whether a retry can help, [`Describe`](crate::classify::Describe) whether
//! it does harm, a [`RetryBudget`](crate::retry_budget::RetryBudget) for each key whether it is
//! affordable. A hint of the server is waited for if it fits the cap and the deadline, and holds
//! back the other calls of the key.
//!
//! # When not to use it
//!
//! Not around a service that retries by itself: attempts multiply. Not without an attempt timeout
//! inside: one attempt that hangs takes the whole deadline.
//!
//! # Order
//!
//! Outside breaker, rate limit and attempt timeout, each of which is to see every attempt, and
//! inside the bulkhead. The deadline of the layer bounds all attempts and the waits between them;
//! it is known to the loop, which does not sleep towards a retry that would come too late. A
//! [total timeout](crate::timeout::TimeoutLayer::total) around it can only cut it off.

use std::fmt;

use tower_layer::Layer;

use crate::{
    error::Result,
    resilience::{Config, Parts, Resilience, ResilienceLayer},
};

/// Tries calls again. See the [module](self).
#[derive(Clone)]
pub struct RetryLayer<C> {
    policies: ResilienceLayer<C>,
}

impl<C> RetryLayer<C> {
    /// Retries as `config` allows; `classify` tells what can help and what does harm.
    ///
    /// Of the configuration it takes `max_attempts`, `deadline`, `backoff`,
    /// `rate_limited_backoff`, `hint_cap`, `retry_budget` and `keys`. An attempt may take the whole
    /// deadline, and all other policies are off: they have layers of their own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn new(config: Config, classify: C) -> Result<Self> {
        Self::with_parts(config, classify, Parts::default())
    }

    /// As [`new`](Self::new), with these parts instead of the system's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn with_parts(config: Config, classify: C, parts: Parts) -> Result<Self> {
        let deadline = config.deadline;
        let config = config
            .with_timeouts(deadline, deadline)
            .with_circuit_breaker(None)
            .with_rate_limit(None)
            .with_bulkhead(None)
            .with_adaptive(None)
            .with_hedge(None);
        let policies = ResilienceLayer::with_parts(config, classify, parts)?;
        Ok(Self { policies })
    }
}

impl<S, C> Layer<S> for RetryLayer<C> {
    type Service = Resilience<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        self.policies.layer(inner)
    }
}

impl<C> fmt::Debug for RetryLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").finish_non_exhaustive()
    }
}
