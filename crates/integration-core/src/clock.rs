//! Time as a dependency: nothing in these crates reads a clock except through [`Clock`].

use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

/// Tells the time, so that tests can own it.
pub trait Clock: Send + Sync + Debug {
    /// Returns the monotonic time that deadlines, timeouts and windows are measured in.
    ///
    /// It must be tokio's time: the driver sleeps on tokio's timer until instants read here.
    fn now(&self) -> Instant;

    /// Returns the wall time since the Unix epoch, for dates that other machines wrote.
    ///
    /// It may jump; nothing is ever measured with it.
    fn unix(&self) -> Duration;
}

/// A clock shared by everything that belongs to one client.
pub type SharedClock = Arc<dyn Clock>;

/// Reads tokio's clock, which follows paused time in tests, and the system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Returns the system clock behind the shared pointer that every constructor here takes.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    fn unix(&self) -> Duration {
        // A machine whose clock stands before 1970 gets zero: every date is then in the future,
        // and a hint far in the future is refused rather than waited for.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}
