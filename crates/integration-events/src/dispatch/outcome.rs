//! The one thing an application writes: what to do with a delivery.

use std::time::Duration;

use async_trait::async_trait;

use crate::store::Lease;

/// Handles the deliveries of a route.
#[async_trait]
pub trait Deliver: Send + Sync + 'static {
    /// Tries once. A panic counts as a failed attempt, and so does running over the route's
    /// attempt timeout, which drops the future.
    async fn deliver(&self, lease: &Lease) -> Outcome;
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Delivered.
    Done {
        /// The HTTP status of the answer.
        status: Option<u16>,
    },
    /// Failed; a later try may help.
    Retry {
        /// What went wrong, without secrets.
        error: String,
        /// The HTTP status of the answer.
        status: Option<u16>,
        /// How long the destination asked to wait; honoured up to
        /// [`DispatcherConfig::max_retry_after`](super::DispatcherConfig::max_retry_after).
        after: Option<Duration>,
    },
    /// Not tried, because the destination is not taking calls (its breaker is open). The attempt
    /// is not burned, and the whole route is left alone for this time.
    Defer {
        /// How long.
        after: Duration,
        /// Why, for the log.
        why: String,
    },
    /// Failed; no later try can help.
    Dead {
        /// What went wrong, without secrets.
        error: String,
        /// The HTTP status of the answer.
        status: Option<u16>,
    },
}
