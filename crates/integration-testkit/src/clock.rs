//! Wall clocks that a test sets.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use integration_core::{Clock, SharedClock, SystemClock};
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

/// A clock whose wall time stands still until the test moves it; the monotonic time is tokio's.
///
/// Clones show the same time, so a client and a mock server can share one.
///
/// ```
/// use std::time::Duration;
/// use integration_core::Clock;
/// use integration_testkit::ManualClock;
///
/// let clock = ManualClock::at(Duration::from_secs(1_800_000_000));
/// let shared = clock.shared(); // for whatever takes a `SharedClock`
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(shared.unix().as_secs(), 1_800_003_600);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    /// Stands at `unix` since the epoch.
    #[must_use]
    pub fn at(unix: Duration) -> Self {
        Self(Arc::new(Mutex::new(unix)))
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        *self.lock() += by;
    }

    /// Sets the time since the epoch, backward too.
    pub fn set(&self, unix: Duration) {
        *self.lock() = unix;
    }

    /// Returns the clock behind the pointer that clients take.
    #[must_use]
    pub fn shared(&self) -> SharedClock {
        Arc::new(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        *self.lock()
    }
}
