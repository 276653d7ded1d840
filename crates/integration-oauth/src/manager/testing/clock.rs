use std::time::Duration;

use integration_core::{Clock, SystemClock};
use parking_lot::Mutex;
use tokio::time::Instant;

/// A wall clock that runs with tokio's time and can be made to jump, as over the sleep of a laptop.
#[derive(Debug)]
pub(crate) struct SimClock {
    started: Instant,
    unix: Mutex<Duration>,
}

impl SimClock {
    pub(crate) fn new() -> Self {
        Self {
            started: SystemClock.now(),
            unix: Mutex::new(Duration::from_secs(1_800_000_000)),
        }
    }

    pub(crate) fn jump(&self, time: Duration) {
        *self.unix.lock() += time;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        *self.unix.lock() + self.now().saturating_duration_since(self.started)
    }
}
