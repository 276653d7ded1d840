use std::path::{Path, PathBuf};

use integration_core::{SharedClock, SystemClock};

use crate::limits::MAX_FLOWS;

/// Which file, and how it is used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The file. Its folder must be there.
    pub path: PathBuf,
    /// By which leases and logins end. Default: the system's clock.
    pub clock: SharedClock,
    /// Logins that may be under way, at least 1. Default: [`MAX_FLOWS`].
    pub max_flows: usize,
}

impl SqliteConfig {
    /// Names the file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            clock: SystemClock::shared(),
            max_flows: MAX_FLOWS,
        }
    }

    /// Sets the clock by which leases and logins end.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how many logins may be under way, at least 1. One more puts out the one that would end
    /// first.
    #[must_use]
    pub fn with_max_flows(mut self, max_flows: usize) -> Self {
        self.max_flows = max_flows.max(1);
        self
    }
}

impl From<&str> for SqliteConfig {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<&Path> for SqliteConfig {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for SqliteConfig {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}
