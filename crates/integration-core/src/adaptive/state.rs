//! The limit: a control over the places of a bulkhead.

use std::{sync::Arc, task::Waker, time::Duration};

use parking_lot::Mutex;

use super::{AdaptiveLimitConfig, control::Control};
use crate::{
    bulkhead::{Bulkhead, BulkheadConfig},
    error::{ErrorKind, Result},
};

/// Finds out how many attempts may run at once. See the [module](super).
#[derive(Debug)]
pub struct AdaptiveLimit {
    bulkhead: Arc<Bulkhead>,
    control: Mutex<Control>,
}

/// What an attempt says about the load that the service bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was answered, so its latency counts.
    Success,
    /// The service gave in: it timed out, was unavailable, or turned the attempt away.
    Dropped,
    /// Nothing: it failed for a reason of its own, was refused on our side, or was cancelled.
    Neutral,
}

impl Outcome {
    /// Judges an attempt by how it failed; `None` for one that succeeded.
    #[must_use]
    pub const fn of(kind: Option<ErrorKind>) -> Self {
        match kind {
            None => Self::Success,
            Some(ErrorKind::AttemptTimeout | ErrorKind::RateLimited | ErrorKind::Unavailable) => {
                Self::Dropped
            }
            Some(_) => Self::Neutral,
        }
    }
}

impl AdaptiveLimit {
    /// Creates a limit that stands at `initial`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(config: AdaptiveLimitConfig) -> Result<Self> {
        Ok(Self::from_valid(&config.validate()?))
    }

    /// Creates a limit from a configuration that has been validated.
    pub(crate) fn from_valid(config: &AdaptiveLimitConfig) -> Self {
        let bulkhead = BulkheadConfig::default()
            .with_max_in_flight(config.initial)
            .with_max_queue(config.max_queue);
        Self {
            bulkhead: Arc::new(Bulkhead::from_valid(&bulkhead)),
            control: Mutex::new(Control::new(config)),
        }
    }

    /// Returns the places that the limit moves: an attempt enters here.
    ///
    /// Its size belongs to the limit, which overrides what anybody else sets.
    #[must_use]
    pub const fn bulkhead(&self) -> &Arc<Bulkhead> {
        &self.bulkhead
    }

    /// Returns how many attempts may run at once now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.bulkhead.max_in_flight()
    }

    /// Learns from one attempt, and returns how many may run at once from now on.
    ///
    /// `rtt` is how long it took, `in_flight` how many were under way when it began, itself
    /// included. Whatever they are, the limit stays within `min` and `max`.
    pub fn on_sample(&self, rtt: Duration, in_flight: u32, outcome: Outcome) -> u32 {
        let (limit, wakers) = {
            let mut control = self.control.lock();
            control.on_sample(rtt, in_flight, outcome);
            let limit = control.limit();
            // Under the lock, so that an older limit never replaces a newer one.
            let wakers = if limit == self.bulkhead.max_in_flight() {
                Vec::new()
            } else {
                self.bulkhead.resize(limit)
            };
            (limit, wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        limit
    }
}
