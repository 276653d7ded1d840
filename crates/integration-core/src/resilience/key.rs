//! The policies of one key, for those who watch and steer them.

use std::{fmt, sync::Arc};

use crate::{
    adaptive::AdaptiveLimit, bulkhead::Bulkhead, circuit_breaker::CircuitBreaker, driver::Policies,
    hedge::LatencyTracker, pause::Pause, rate_limit::RateLimit, retry_budget::RetryBudget,
};

/// What the calls of one key share: to look at, to switch while calls run, to carry over a restart.
///
/// A policy that is not configured is `None`. The key keeps its place as long as this is held. After
/// a change of the configuration ask again: a policy that changed is another one.
///
/// ```
/// use integration_core::{Clock, SystemClock, circuit_breaker::CircuitMode, http::Client};
///
/// # fn main() -> integration_core::Result<()> {
/// let client = Client::standard("https://api.example.com")?.transport(NoTransport).build()?;
/// let policies = client.policies("api.example.com:443");
/// if let Some(breaker) = policies.circuit_breaker() {
///     breaker.set_mode(CircuitMode::ForcedOpen);
///     assert_eq!(breaker.metrics(SystemClock.now()).refused, 0);
/// }
/// # Ok(())
/// # }
/// # struct NoTransport;
/// # impl integration_core::http::Transport for NoTransport {
/// #     async fn send(
/// #         &self,
/// #         _: &integration_core::http::AttemptRequest,
/// #     ) -> Result<integration_core::http::RawResponse, integration_core::http::TransportError> {
/// #         unreachable!()
/// #     }
/// # }
/// ```
#[derive(Clone)]
pub struct KeyPolicies(pub(crate) Arc<Policies>);

impl KeyPolicies {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// Returns the gate that a server's hint closes.
    #[must_use]
    pub fn pause(&self) -> &Pause {
        &self.0.pause
    }

    /// Returns what retries and hedges are paid from. With a fleet, that one counts instead.
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.0.budget
    }

    /// Returns the circuit breaker.
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&CircuitBreaker> {
        self.0.breaker.as_deref()
    }

    /// Returns the rate limit. There is one as soon as a quota was set or a server told its own.
    #[must_use]
    pub fn rate_limit(&self) -> Option<&RateLimit> {
        self.0.limit.get()
    }

    /// Returns what bounds the calls at once.
    #[must_use]
    pub fn bulkhead(&self) -> Option<&Bulkhead> {
        self.0.bulkhead.as_deref()
    }

    /// Returns what bounds the attempts at once.
    #[must_use]
    pub fn adaptive_limit(&self) -> Option<&AdaptiveLimit> {
        self.0.adaptive.as_deref()
    }

    /// Returns the measure that hedges go by.
    #[must_use]
    pub fn latency(&self) -> Option<&LatencyTracker> {
        self.0.latency.as_deref()
    }
}

impl fmt::Debug for KeyPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPolicies")
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}
