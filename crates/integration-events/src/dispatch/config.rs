//! How much at once, how long, and how often.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Backoff, Jitter};

use super::Deliver;

/// Where deliveries go, and how patient to be.
#[derive(Clone)]
pub struct Route {
    /// The name that deliveries carry.
    pub name: Arc<str>,
    /// What handles them.
    pub handler: Arc<dyn Deliver>,
    /// The delay after each failure before jitter, which only ever adds to it, up to a fifth.
    /// Default: 5 s, 10 s, 20 s and so on up to 12 h.
    pub backoff: Backoff,
    /// Attempts at once, at least 1. Default: 16.
    pub max_in_flight: usize,
    /// How long one attempt may take. Default: 30 s.
    pub attempt_timeout: Duration,
}

impl Route {
    /// Creates a route with the defaults.
    pub fn new(name: impl Into<Arc<str>>, handler: Arc<dyn Deliver>) -> Self {
        let (base, cap) = (Duration::from_secs(5), Duration::from_secs(12 * 3600));
        Self {
            name: name.into(),
            handler,
            backoff: Backoff::exponential(base, cap).with_jitter(Jitter::None),
            max_in_flight: 16,
            attempt_timeout: Duration::from_secs(30),
        }
    }

    /// Replaces the schedule.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how many attempts run at once.
    #[must_use]
    pub fn with_max_in_flight(mut self, max_in_flight: usize) -> Self {
        self.max_in_flight = max_in_flight.max(1);
        self
    }

    /// Sets how long one attempt may take.
    #[must_use]
    pub fn with_attempt_timeout(mut self, attempt_timeout: Duration) -> Self {
        self.attempt_timeout = attempt_timeout;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("name", &self.name)
            .field("backoff", &self.backoff)
            .field("max_in_flight", &self.max_in_flight)
            .field("attempt_timeout", &self.attempt_timeout)
            .finish_non_exhaustive()
    }
}

/// How a dispatcher works, over all its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DispatcherConfig {
    /// Attempts at once over all routes. Default: 256.
    pub max_in_flight: usize,
    /// How long a lease is; it is extended after each third of that. Default: 30 s.
    pub lease: Duration,
    /// The longest time between two looks at the store. Default and longest: 1 s.
    pub poll: Duration,
    /// How long a shutdown waits for what runs. Default: 10 s.
    pub drain: Duration,
    /// The longest wait that a destination may ask for. Default: 1 h.
    pub max_retry_after: Duration,
}

impl Default for DispatcherConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 256,
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(3600),
        }
    }
}
