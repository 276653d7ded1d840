//! One policy around a service, for those who compose a stack of their own.
//!
//! [`ResilienceLayer`](crate::resilience::ResilienceLayer) has all policies in the one right order
//! and is what most want. The layers here are its parts:
//! [`TimeoutLayer`](crate::timeout::TimeoutLayer), [`RetryLayer`](crate::retry::RetryLayer),
//! [`CircuitBreakerLayer`](crate::circuit_breaker::CircuitBreakerLayer),
//! [`RateLimitLayer`](crate::rate_limit::RateLimitLayer),
//! [`BulkheadLayer`](crate::bulkhead::BulkheadLayer) and
//! [`FallbackLayer`](crate::fallback::FallbackLayer).
//!
//! What they have in common:
//!
//! - The error is [`Error`](crate::Error), with the error of the inner service as its source. An
//!   inner error that is ours already passes as it is. Responses pass as they are, failed or not.
//! - `poll_ready` is always ready, and a ready service that is not called holds nothing. The future
//!   of a call makes a clone of the inner service ready, and calls that clone. An error of the
//!   inner `poll_ready` is a failed call.
//! - Clones of a service, and services made by clones of one layer, share their state. It is kept
//!   by [`Call::key`](crate::classify::Call::key), in a bounded map.
//! - Dropping the future of a call drops the inner one and frees all that the call holds.
//!
//! # When not to use them
//!
//! Not together with the fused layer: attempts would multiply and calls would queue twice.
//!
//! # Order
//!
//! ```text
//! right:  fallback > total timeout > bulkhead > retry > breaker > rate limit > attempt timeout
//! wrong:  breaker > retry          the breaker sees one failure of three
//! wrong:  total timeout > nothing that bounds an attempt > a service that hangs
//! wrong:  attempt timeout > bulkhead or rate limit > service    the wait eats up the attempt
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use integration_core::{
//!     Error, ErrorKind,
//!     circuit_breaker::CircuitBreakerLayer,
//!     classify::{Call, Classify, Describe, Repeat, Verdict},
//!     retry::RetryLayer,
//!     timeout::TimeoutLayer,
//! };
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! #[derive(Clone)]
//! struct Lookups;
//!
//! impl Describe<u32> for Lookups {
//!     fn describe<'a>(&self, _id: &'a u32) -> Call<'a> {
//!         Call::new("demo.lookup", "demo").with_repeat(Repeat::Harmless)
//!     }
//! }
//!
//! // What the service itself says.
//! impl Classify<String, std::io::Error> for Lookups {
//!     fn classify(&self, _: &Call<'_>, outcome: Result<&String, &std::io::Error>) -> Verdict {
//!         match outcome {
//!             Ok(_) => Verdict::success(),
//!             Err(_) => Verdict::failure(ErrorKind::ConnectionReset),
//!         }
//!     }
//! }
//!
//! // What a layer further in says.
//! impl Classify<String, Error> for Lookups {
//!     fn classify(&self, _: &Call<'_>, outcome: Result<&String, &Error>) -> Verdict {
//!         outcome.map_or_else(Verdict::of, |_| Verdict::success())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> integration_core::Result<()> {
//! let lookup = ServiceBuilder::new()
//!     .layer(RetryLayer::new(Default::default(), Lookups)?)
//!     .layer(CircuitBreakerLayer::new(Default::default(), Lookups)?)
//!     .layer(TimeoutLayer::attempt(Duration::from_secs(2), Lookups)?)
//!     .service_fn(|id: u32| async move {
//!         Ok::<_, std::io::Error>(format!("customer {id}"))
//!     });
//! assert_eq!(lookup.oneshot(7).await?, "customer 7");
//! # Ok(())
//! # }
//! ```
//!
//! A layer above another of these sees our error, so the classifier of a stack judges two types:
//! the error of the innermost service, and [`Error`](crate::Error) through
//! [`Verdict::of`](crate::classify::Verdict::of).

mod attempt;
mod context;
mod gate;
mod service;

#[cfg(test)]
mod tests;

pub(crate) use self::{
    attempt::Attempt,
    context::{CallContext, Shared, ours},
    gate::{Gate, Gated},
    service::policy_service,
};

/// How long a call waits at most where nothing else is said: the default deadline of a call.
pub(crate) const DEFAULT_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// An error of an inner service, as tower's own layers take it.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
