//! All policies around any [`tower_service::Service`], in the one right order.
//!
//! [`ResilienceLayer`] gives every call a total deadline, a bulkhead, retries with a budget, and
//! for every attempt a pause gate, a circuit breaker, a rate limit and a timeout. What an outcome
//! means is told by a [`Classify`](crate::classify::Classify). The HTTP client of this crate runs
//! on the same driver.
//!
//! ```
//! use integration_core::{
//!     ErrorKind,
//!     classify::{Call, Classify, Describe, Repeat, Verdict},
//!     resilience::ResilienceLayer,
//! };
//! use tower::{Layer, ServiceExt};
//!
//! struct Lookups;
//!
//! impl Describe<u32> for Lookups {
//!     fn describe<'a>(&self, _id: &'a u32) -> Call<'a> {
//!         Call::new("demo.lookup", "demo").with_repeat(Repeat::Harmless)
//!     }
//! }
//!
//! impl Classify<String, std::io::Error> for Lookups {
//!     fn classify(&self, _: &Call<'_>, outcome: Result<&String, &std::io::Error>) -> Verdict {
//!         match outcome {
//!             Ok(_) => Verdict::success(),
//!             Err(_) => Verdict::failure(ErrorKind::ConnectionReset),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> integration_core::Result<()> {
//! let lookup = tower::service_fn(|id: u32| async move { Ok(format!("customer {id}")) });
//! let lookup = ResilienceLayer::standard(Lookups)?.layer(lookup);
//! assert_eq!(lookup.oneshot(7).await?, "customer 7");
//! # Ok(())
//! # }
//! ```
//!
//! # When not to use it
//!
//! Not around a service that retries by itself: attempts would multiply. Not where an answer is a
//! stream that must be read outside the call: the timeouts end with the response of the inner
//! service, so let that service resolve when the body is read.
//!
//! # Order
//!
//! ```text
//! right:  tracing > ResilienceLayer > authentication > transport
//! wrong:  a retry layer > ResilienceLayer        attempts multiply, the deadline starts again
//! wrong:  ResilienceLayer > Buffer > transport   a queue that no deadline sees
//! ```
//!
//! Inside: deadline > bulkhead > retry with budget > each attempt, and a hedge beside it: pause >
//! breaker peek > rate limit > adaptive limit > breaker commit > attempt timeout > the inner service >
//! classify > settle.
//!
//! A hedge is a second copy of an attempt that is slow. It passes every gate, is booked in the retry
//! budget and has an attempt timeout, each on its own. It never waits: where a gate is shut there is
//! no hedge.
//!
//! All clones of a service, and all services made by clones of one layer, share the policies of a
//! key. `poll_ready` is always ready: admission happens in the future of a call, where a deadline
//! bounds it, so a ready service that is not called holds nothing. Every attempt polls a fresh
//! clone of the inner service ready before it calls it. Dropping the future of a call cancels the
//! attempt, gives its place back and is neutral for the breaker.

mod config;
mod future;
mod key;
mod layer;
mod parts;
mod preset;
mod service;

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod reconfigured;
#[cfg(test)]
mod tests;

pub use self::{
    config::{Config, ENV},
    future::ResponseFuture,
    key::KeyPolicies,
    layer::ResilienceLayer,
    parts::Parts,
    preset::Preset,
    service::Resilience,
};
