//! How fast the demonstration goes: slow enough to be watched, or as fast as it can.

use std::time::Duration;

/// The times of one demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Between two events.
    pub(super) event: Duration,
    /// Between two things to read.
    pub(super) read: Duration,
    /// What the gateway waits after a first failure.
    pub(super) backoff: Duration,
}

impl Pace {
    /// To be watched: about six seconds.
    pub(crate) const WATCHED: Self = Self {
        event: Duration::from_millis(35),
        read: Duration::from_millis(300),
        backoff: Duration::from_millis(220),
    };

    /// For tests: as little waiting as there can be.
    pub(crate) const FAST: Self = Self {
        event: Duration::ZERO,
        read: Duration::ZERO,
        backoff: Duration::from_millis(20),
    };
}
