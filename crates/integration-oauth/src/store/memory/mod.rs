//! Connections and logins of one process, gone when it ends.

mod connections;
mod flows;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};

use integration_core::{SharedClock, SystemClock};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::Record;
use crate::{connection::ConnectionKey, limits::MAX_FLOWS};

/// Keeps connections and pending logins in memory: for tests, and for programs whose users log in
/// anew with each start.
///
/// ```
/// use integration_oauth::{connection::ConnectionKey, store::{MemoryStore, TokenStore}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> integration_oauth::Result<()> {
/// let store = MemoryStore::new();
/// assert!(store.get(&ConnectionKey::new("acme", "github", "42")?).await?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    clock: SharedClock,
    max_flows: usize,
    connections: Mutex<BTreeMap<ConnectionKey, Record>>,
    flows: Mutex<HashMap<[u8; 32], Flow>>,
    /// Counts writes, for those who wait for one.
    writes: watch::Sender<u64>,
}

struct Flow {
    sealed: Vec<u8>,
    expires_at: Duration,
}

impl MemoryStore {
    /// Creates an empty store on the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clock: SystemClock::shared(),
            max_flows: MAX_FLOWS,
            connections: Mutex::default(),
            flows: Mutex::default(),
            writes: watch::Sender::default(),
        }
    }

    /// Sets the clock by which leases and logins end.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how many logins may be under way, at least 1; default [`MAX_FLOWS`]. One more puts out
    /// the one that would end first.
    #[must_use]
    pub fn with_max_flows(mut self, max_flows: usize) -> Self {
        self.max_flows = max_flows.max(1);
        self
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    /// Shows how much there is, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("connections", &self.connections.lock().len())
            .field("flows", &self.flows.lock().len())
            .finish_non_exhaustive()
    }
}
