//! A connection as an application sees it.

use std::time::Duration;

use crate::{
    connection::{ConnectionKey, ConnectionState},
    store::Record,
};

/// A connection, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// Which connection it is.
    pub key: ConnectionKey,
    /// How it is doing.
    pub state: ConnectionState,
    /// One more with each change of its tokens or state.
    pub version: u64,
    /// When its access token expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// When it was made, since the Unix epoch.
    pub created_at: Duration,
    /// When it was last changed, since the Unix epoch.
    pub updated_at: Duration,
}

/// Some connections, and where to go on.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Connections {
    /// In the order of their keys.
    pub items: Vec<Connection>,
    /// What to ask with as `after`, when there are more.
    pub next: Option<ConnectionKey>,
}

impl Connection {
    pub(super) fn of(record: Record, now: Duration) -> Self {
        let is_leased = record.lease.is_some_and(|lease| lease.until > now);
        let state = match record.state {
            ConnectionState::Active if is_leased => ConnectionState::Refreshing,
            state => state,
        };
        Self {
            key: record.key,
            state,
            version: record.version,
            expires_at: record.expires_at,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}
