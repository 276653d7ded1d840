//! The end of a connection, and what comes of scopes.

use integration_core::Result;
use tokio::time::timeout;

use super::{
    access::Held,
    connection::Connection,
    errors::{contended, unknown},
    events::ConnectionChange,
    oauth::{MAX_TRIES, OAuth},
    refresh::{LONG_POLL, POLL},
};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    scopes::Scopes,
    store::{Change, Leasing, Record, Swap},
};

impl OAuth {
    /// Ends a connection: its tokens are revoked at the provider, as well as that can be done, and
    /// gone from the store.
    ///
    /// Waits for a refresh under way, whose tokens would outlive the connection. Ending one that
    /// has been ended changes nothing. The connection stays listed until it is
    /// [forgotten](Self::forget).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](integration_core::ErrorKind::NotFound) when there is none, and what
    /// the store reports. A provider that cannot be reached is logged, and no error.
    pub async fn disconnect(&self, key: &ConnectionKey) -> Result<Connection> {
        let change = ConnectionChange::Disconnected;
        self.end(key, ConnectionState::Disconnected, change).await
    }

    /// Notes that the provider took a connection back, as a webhook of it may say.
    ///
    /// # Errors
    ///
    /// As [`disconnect`](Self::disconnect).
    pub async fn revoked(&self, key: &ConnectionKey) -> Result<Connection> {
        self.end(key, ConnectionState::Revoked, ConnectionChange::Revoked)
            .await
    }

    /// Removes every trace of a connection from the store, without asking the provider. Returns
    /// whether there was one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn forget(&self, key: &ConnectionKey) -> Result<bool> {
        let inner = &*self.inner;
        let was_there = inner.bounded(inner.store.delete(key)).await?;
        if let Some(cell) = inner.cells.find(key) {
            cell.forget(inner);
        }
        Ok(was_there)
    }

    /// Returns which of these scopes the tokens of a connection do not have.
    ///
    /// Where the server never said what it granted, none is missing.
    ///
    /// # Errors
    ///
    /// As [`Tokens::get`](super::Tokens::get).
    pub async fn missing_scopes(&self, key: &ConnectionKey, wanted: &Scopes) -> Result<Scopes> {
        let token = self.tokens(key)?.get().await?;
        let granted = token.scopes();
        Ok(granted.map_or_else(Scopes::default, |granted| granted.missing_of(wanted)))
    }

    /// Returns what a new login has to ask for, so that a connection may do these things beside
    /// all that it may do already.
    ///
    /// # Errors
    ///
    /// What the store and the vault report.
    pub async fn scopes_to_ask(&self, key: &ConnectionKey, wanted: &Scopes) -> Result<Scopes> {
        let Some(record) = self.inner.read(key).await? else {
            return Ok(wanted.clone());
        };
        let held = self.inner.opened(&record).await?;
        let granted = held.and_then(|dated| dated.tokens.scopes);
        Ok(granted.map_or_else(|| wanted.clone(), |granted| granted.union(wanted)))
    }

    async fn end(
        &self,
        key: &ConnectionKey,
        state: ConnectionState,
        change: ConnectionChange,
    ) -> Result<Connection> {
        let inner = &*self.inner;
        let cell = inner.cell(key)?;
        for _ in 0..MAX_TRIES {
            let (record, fence) = self.leased(key).await?;
            if record.state == state && record.sealed.is_empty() {
                if let Some(fence) = fence {
                    inner
                        .bounded(inner.store.release(key, fence, false))
                        .await?;
                }
                break;
            }
            if state == ConnectionState::Disconnected {
                self.revoke(&record).await;
            }
            let next = Change {
                state: state.clone(),
                sealed: Vec::new(),
                expires_at: None,
                due_at: None,
            };
            let swap = inner
                .store
                .compare_and_swap(key, record.version, fence, next);
            if let Swap::Done(version) = inner.bounded(swap).await? {
                let held = Held::new(version, state, None)?;
                cell.adopt(inner, &held)?;
                let at = inner.clock.unix();
                inner.events.tell(key, version, at, vec![change]).await;
                return self.get(key).await;
            }
        }
        match self.get(key).await {
            Ok(connection) if connection.state == state => Ok(connection),
            Ok(_) => Err(contended()),
            Err(error) => Err(error),
        }
    }

    /// Gets the right to change a connection. An owner that does not come to an end within its
    /// lease is not waited for.
    async fn leased(&self, key: &ConnectionKey) -> Result<(Record, Option<u64>)> {
        let inner = &*self.inner;
        let ttl = inner.config.lease_ttl;
        let end = inner.clock.now() + ttl;
        loop {
            let lease = inner.store.lease(key, &inner.owner, ttl);
            match inner.bounded(lease).await? {
                Leasing::Missing => return Err(unknown(key)),
                Leasing::Granted { record } => {
                    let fence = record.fence;
                    return Ok((record, Some(fence)));
                }
                Leasing::Held { record, .. } if inner.clock.now() >= end => {
                    return Ok((record, None));
                }
                Leasing::Held { wait, record } => {
                    let limits = POLL..=wait.clamp(POLL, LONG_POLL);
                    inner.changed(key, record.version, limits).await?;
                }
            }
        }
    }

    async fn revoke(&self, record: &Record) {
        let inner = &*self.inner;
        let revoke = async {
            if let Some(dated) = inner.opened(record).await? {
                inner.refresher(&record.key)?.revoke(&dated.tokens).await?;
            }
            Ok(())
        };
        let limit = inner.config.exchange_timeout;
        let revoked: Result<Result<()>, _> = timeout(limit, revoke).await;
        let provider = record.key.provider();
        match revoked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, provider, "tokens could not be revoked at the provider");
            }
            Err(_) => tracing::warn!(provider, "revoking tokens at the provider took too long"),
        }
    }
}
