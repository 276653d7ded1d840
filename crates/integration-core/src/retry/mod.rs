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

mod config;
mod layer;

pub use self::{
    config::RetryConfig,
    layer::{ResponseFuture, RetryLayer, RetryService},
};
