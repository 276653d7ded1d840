//! One attempt under way.

use std::sync::Arc;

use tokio::time::Instant;

use super::{AdaptiveLimit, Outcome};
use crate::bulkhead::Place;

/// An attempt under way. Dropped unsettled it is neutral; either way its place is handed on.
#[derive(Debug)]
#[must_use = "dropping it is neutral and gives the place away"]
pub struct Permit {
    limit: Arc<AdaptiveLimit>,
    started: Instant,
    in_flight: u32,
    _place: Place,
}

impl AdaptiveLimit {
    /// Begins an attempt that got its place from [`bulkhead`](Self::bulkhead).
    pub fn begin(self: &Arc<Self>, place: Place, now: Instant) -> Permit {
        Permit {
            limit: Arc::clone(self),
            started: now,
            in_flight: self.bulkhead().in_flight(),
            _place: place,
        }
    }
}

impl Permit {
    /// Ends the attempt, and returns how many may run at once from now on.
    pub fn settle(self, outcome: Outcome, now: Instant) -> u32 {
        let rtt = now.saturating_duration_since(self.started);
        self.limit.on_sample(rtt, self.in_flight, outcome)
    }
}
