//! Where connections and pending logins are kept.
//!
//! A store sees sealed bytes only: what it holds is worthless without the key ring. It keeps the
//! protocol of a refresh: a lease with a fencing number, an intent that is written before a refresh
//! token is spent, and a swap that fails when somebody else was faster.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "keyring"))]
mod columns;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod rules;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use integration_core::Result;

#[cfg(feature = "keyring")]
pub use self::keyring::{KeyHome, KeyringConfig, KeyringStore};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresConfig, PostgresStore};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteConfig, SqliteStore};
pub use self::{
    memory::MemoryStore,
    record::{Change, Filter, Lease, Leasing, Page, Record, Swap},
};
use crate::connection::ConnectionKey;

/// Keeps connections.
///
/// Every method is atomic and on disk when it returns. An error means that nothing is known of its
/// effect. Leases end by the clock of the store, so that processes need not agree on the time.
#[async_trait]
pub trait TokenStore: Debug + Send + Sync + 'static {
    /// Reads a connection.
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>>;

    /// Writes the first version of a connection; [`Swap::Stale`] when there is one.
    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap>;

    /// Writes the next version if `version` is still the last, and, given a `fence`, if no lease was
    /// granted after it. The intent and parked tokens go with the tokens they speak of; with a fence
    /// the lease ends too.
    async fn compare_and_swap(
        &self,
        key: &ConnectionKey,
        version: u64,
        fence: Option<u64>,
        next: Change,
    ) -> Result<Swap>;

    /// Grants the right to refresh to `owner` for `ttl`, if nobody has it: the fence grows by one,
    /// and the intent is written. The record tells of an intent that was there before, which stays.
    ///
    /// That the grant was written is the proof that the store takes writes.
    async fn lease(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Result<Leasing>;

    /// Makes a lease last `ttl` from now; `false` when it is no longer ours.
    async fn renew(&self, key: &ConnectionKey, fence: u64, ttl: Duration) -> Result<bool>;

    /// Ends a lease without a new version. `keeps_intent` leaves the intent, for an exchange of
    /// which nobody knows whether it happened. `false` when the lease is no longer ours.
    async fn release(&self, key: &ConnectionKey, fence: u64, keeps_intent: bool) -> Result<bool>;

    /// Leaves newer tokens for the owner of a later lease, when our own fence is stale. Those of the
    /// latest fence stay; without a connection nothing is left.
    async fn park(&self, key: &ConnectionKey, fence: u64, sealed: Vec<u8>) -> Result<()>;

    /// Replaces sealed bytes, parked ones too, by the same content under another key; `false` when
    /// they have changed.
    async fn reseal(&self, key: &ConnectionKey, old: &[u8], new: Vec<u8>) -> Result<bool>;

    /// Lists connections in the order of their keys.
    async fn list(&self, filter: &Filter) -> Result<Page>;

    /// Removes a connection; `false` when there is none.
    async fn delete(&self, key: &ConnectionKey) -> Result<bool>;

    /// Waits while a connection is leased and still at `version`, at most for `limit`. It may return
    /// early, and does at once when nobody has the lease.
    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()>;
}

/// Keeps logins that are under way, sealed.
#[async_trait]
pub trait FlowStore: Debug + Send + Sync + 'static {
    /// Keeps a login until `expires_at`, since the Unix epoch. `id` is the hash of its state. A full
    /// store puts out the login that would end first: a flood then costs others nothing as long as
    /// they finish before as many again have begun.
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, expires_at: Duration) -> Result<()>;

    /// Takes a login out: of many that ask at once, one gets it. One past its time is not there.
    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>>;
}
