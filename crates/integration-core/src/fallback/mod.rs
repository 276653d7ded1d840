//! Answers with a substitute when a call has failed for good.
//!
//! A [`FallbackLayer`] turns errors of the kinds it is given into a response, such as the last
//! known exchange rate or an empty list. It sees errors only: a response that is a failure by its
//! status passes as it is.
//!
//! # When not to use it
//!
//! Not for a call that changes something: a substitute answer would claim that it happened. Not for
//! kinds that tell of a mistake of ours (configuration, credentials, a request that is refused): a
//! substitute would hide them.
//!
//! # Order
//!
//! Outermost, so that it sees the final error only. Wrong: inside the retries, which would never
//! see a failure again, nor would the breaker.

mod layer;

pub use self::layer::{FallbackLayer, FallbackService, ResponseFuture};
use crate::error::ErrorKind;

/// How calls fail to a service that cannot be had just now.
pub(crate) const UNAVAILABLE: [ErrorKind; 14] = {
    use ErrorKind as K;
    [
        K::RateLimited,
        K::Unavailable,
        K::Internal,
        K::Connect,
        K::Dns,
        K::TlsHandshake,
        K::ConnectionReset,
        K::Incomplete,
        K::AttemptTimeout,
        K::DeadlineExceeded,
        K::CircuitOpen,
        K::LimitedLocally,
        K::BulkheadFull,
        K::Paused,
    ]
};
