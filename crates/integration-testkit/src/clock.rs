//! A wall clock that a test sets.

use std::time::Duration;

use integration_core::{Clock, SystemClock};
use tokio::time::Instant;

/// A clock whose wall time starts where the test says, and runs with tokio's time, paused or not.
#[derive(Clone, Debug)]
pub struct TestClock {
    started: Instant,
    unix: Duration,
}

impl TestClock {
    /// Starts the wall time at `unix` since the epoch, now.
    #[must_use]
    pub fn at(unix: Duration) -> Self {
        Self {
            started: SystemClock.now(),
            unix,
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        self.unix + self.now().saturating_duration_since(self.started)
    }
}
