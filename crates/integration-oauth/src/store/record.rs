//! What a store keeps of a connection.

use std::{fmt, time::Duration};

use crate::connection::{ConnectionKey, ConnectionState};

/// A connection as it is stored.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Which connection it is.
    pub key: ConnectionKey,
    /// 1 for the first, one more with each write of tokens or state.
    pub version: u64,
    /// How it is doing.
    pub state: ConnectionState,
    /// Its tokens, sealed for this version; empty when there are none any more.
    pub sealed: Vec<u8>,
    /// When its access token expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// When the background refreshes it, since the Unix epoch.
    pub due_at: Option<Duration>,
    /// The number of the last lease that was granted.
    pub fence: u64,
    /// Who refreshes it now.
    pub lease: Option<Lease>,
    /// When somebody set out to spend its refresh token and has not said since how it ended.
    pub intent_at: Option<Duration>,
    /// Newer tokens that a late owner left behind, and the fence they are sealed for.
    pub parked: Option<(u64, Vec<u8>)>,
    /// When it was first written, since the Unix epoch.
    pub created_at: Duration,
    /// When it was last written, since the Unix epoch.
    pub updated_at: Duration,
}

/// The right to refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// Who has it.
    pub owner: String,
    /// When it ends, since the Unix epoch, by the clock of the store.
    pub until: Duration,
}

/// The next version of a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// How it is doing then.
    pub state: ConnectionState,
    /// Its tokens, sealed for that version.
    pub sealed: Vec<u8>,
    /// When its access token expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// When the background refreshes it, since the Unix epoch.
    pub due_at: Option<Duration>,
}

/// Whether a write took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// It did, and this is the version now.
    Done(u64),
    /// Somebody else was faster; nothing was written.
    Stale,
}

/// Whether the right to refresh was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Leasing {
    /// It was; `record` is from just before, but for its fence, which is ours.
    Granted {
        /// The connection, with an intent of an owner before us where there was one.
        record: Record,
    },
    /// Somebody has it, for at most `wait`.
    Held {
        /// How long its lease still lasts.
        wait: Duration,
        /// The connection.
        record: Record,
    },
    /// There is no such connection.
    Missing,
}

/// Which connections to list. All parts must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// At this provider.
    pub provider: Option<String>,
    /// Due before this time, since the Unix epoch, and active.
    pub due_before: Option<Duration>,
    /// Behind this one.
    pub after: Option<ConnectionKey>,
    /// So many at most; 0 means 100, and more than 1,000 are never listed at once.
    pub limit: usize,
}

/// Some connections, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order of their keys.
    pub records: Vec<Record>,
    /// What to ask with as `after`, when there are more.
    pub next: Option<ConnectionKey>,
}

impl fmt::Debug for Record {
    /// Shows everything but the sealed bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("state", &self.state)
            .field("expires_at", &self.expires_at)
            .field("due_at", &self.due_at)
            .field("fence", &self.fence)
            .field("lease", &self.lease)
            .field("intent_at", &self.intent_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Change {
    /// Shows everything but the sealed bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("state", &self.state)
            .field("expires_at", &self.expires_at)
            .field("due_at", &self.due_at)
            .finish_non_exhaustive()
    }
}
