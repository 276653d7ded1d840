//! Ends a call that takes too long.
//!
//! A [`TimeoutLayer`] is one of two: [`attempt`](TimeoutLayer::attempt) around what is tried once,
//! or [`total`](TimeoutLayer::total) around all that is done for a call. The time that the inner
//! service needs to get ready counts. What was not called yet at the end was not sent, and the
//! error says so.
//!
//! # When not to use it
//!
//! Not around a service whose answer is a stream that is read later: the time ends with the
//! response. Let the service resolve when the body is read.
//!
//! # Order
//!
//! ```text
//! right:  total timeout > retry > breaker > attempt timeout > service
//! wrong:  total timeout inside the retries     every attempt starts the time again
//! wrong:  attempt timeout around the breaker   the breaker sees a dropped call, which is neutral
//! ```

mod layer;

pub use self::layer::{ResponseFuture, TimeoutLayer, TimeoutService};
