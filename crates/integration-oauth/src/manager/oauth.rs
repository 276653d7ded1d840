//! The handle of an application.

use std::sync::Arc;

use integration_core::{Error, ErrorKind, Result, SecretString};

use super::{
    access::Held,
    builder::OAuthBuilder,
    codec::Dated,
    connection::{Connection, Connections},
    errors::contended,
    events::ConnectionChange,
    inner::Inner,
    tokens::Tokens,
};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    login::{Desk, Remote},
    store::{Filter, FlowStore, Record, Swap},
    tokens::TokenSet,
};

/// How often a write begins again because others were faster.
pub(super) const MAX_TRIES: u32 = 8;

/// Keeps the tokens of all connections alive.
///
/// A clone is cheap and shares everything. See the [module](super).
#[derive(Clone, Debug)]
pub struct OAuth {
    pub(super) inner: Arc<Inner>,
}

impl OAuth {
    /// Begins to put one together.
    pub fn builder() -> OAuthBuilder {
        OAuthBuilder::default()
    }

    pub(super) fn of(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Keeps the tokens of a login.
    ///
    /// A connection that is there already goes on with them, whatever state it was in. Where the
    /// server gave no refresh token to a user who has connected before, the one at hand is kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a provider that is not known here, and what the store and the
    /// vault report; the tokens are not kept then.
    pub async fn connect(&self, key: ConnectionKey, tokens: TokenSet) -> Result<Connection> {
        let inner = &*self.inner;
        inner.refresher(&key)?;
        for _ in 0..MAX_TRIES {
            let now = inner.clock.unix();
            let before = inner.read(&key).await?;
            let mut dated = Dated {
                tokens: tokens.clone(),
                obtained_at: now,
                base: before.as_ref().map_or(0, |record| record.version),
            };
            let changes = match &before {
                None => vec![ConnectionChange::Created],
                Some(record) => self.continues(record, &mut dated).await?,
            };
            let version = dated.base + 1;
            let state = ConnectionState::Active;
            // A token that fits no header is refused before anything is written.
            Held::new(version, state.clone(), Some(dated.clone()))?;
            let change = inner.sealed(&key, version, state, &dated).await?;
            let swap = match before {
                None => inner.bounded(inner.store.put_new(&key, change)).await?,
                Some(record) => {
                    let swap = inner
                        .store
                        .compare_and_swap(&key, record.version, None, change);
                    inner.bounded(swap).await?
                }
            };
            if let Swap::Done(version) = swap {
                let held = Held::new(version, ConnectionState::Active, Some(dated))?;
                inner.cell(&key)?.adopt(inner, &held)?;
                inner.events.tell(&key, version, now, changes).await;
                return self.get(&key).await;
            }
        }
        Err(contended())
    }

    /// Returns the tokens of a connection. Nothing is read before somebody asks for one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a provider that is not known here.
    pub fn tokens(&self, key: &ConnectionKey) -> Result<Tokens> {
        let cell = self.inner.cell(key)?;
        Ok(Tokens::new(Arc::clone(&self.inner), cell))
    }

    /// Lets no refresh begin any more, and waits for those under way: each ends with its tokens in
    /// the store. Tokens at hand are still served.
    ///
    /// Takes as long as a lease at most.
    pub async fn shutdown(&self) {
        self.inner.tasks.finish().await;
    }

    /// Takes over what the tokens of a new login lack, and tells what they change.
    async fn continues(&self, record: &Record, dated: &mut Dated) -> Result<Vec<ConnectionChange>> {
        let was_active = record.state == ConnectionState::Active;
        let mut changes = Vec::new();
        if !was_active {
            changes.push(ConnectionChange::Recovered);
        }
        // A record that does not open is no reason to refuse a login.
        let Ok(Some(held)) = self.inner.opened(record).await else {
            return Ok(changes);
        };
        if was_active && dated.tokens.refresh_token.is_none() {
            if held.tokens.refresh_token.is_some() {
                dated.tokens.refresh_token = held.tokens.refresh_token;
                dated.tokens.refresh_expires_at = held.tokens.refresh_expires_at;
            }
            dated.tokens.dpop_key = dated.tokens.dpop_key.take().or(held.tokens.dpop_key);
        }
        let (before, now) = (held.tokens.scopes.as_ref(), dated.tokens.scopes.as_ref());
        changes.extend(ConnectionChange::of_scopes(before, now));
        if changes.is_empty() {
            changes.push(ConnectionChange::refreshed(&dated.tokens));
        }
        Ok(changes)
    }

    /// Returns a connection, without its tokens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none, and what the store reports.
    pub async fn get(&self, key: &ConnectionKey) -> Result<Connection> {
        let record = self.inner.read(key).await?;
        let record = record.ok_or_else(|| super::errors::unknown(key))?;
        Ok(Connection::of(record, self.inner.clock.unix()))
    }

    /// Lists connections.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn list(&self, filter: &Filter) -> Result<Connections> {
        let page = self.inner.bounded(self.inner.store.list(filter)).await?;
        let now = self.inner.clock.unix();
        Ok(Connections {
            items: page
                .records
                .into_iter()
                .map(|record| Connection::of(record, now))
                .collect(),
            next: page.next,
        })
    }

    /// The desk where logins under way are kept.
    pub(crate) fn desk(&self) -> Result<Desk> {
        Ok(Desk {
            flows: Arc::clone(self.flows()?),
            vault: Arc::clone(&self.inner.vault),
            clock: Arc::clone(&self.inner.clock),
        })
    }

    /// Whom users log in at.
    pub(crate) fn remote(&self, provider: &str) -> Result<&Arc<dyn Remote>> {
        self.inner.remotes.get(provider).ok_or_else(|| {
            let message = format!("no provider is named `{provider}`");
            Error::new(ErrorKind::Config, "oauth.login").with_message(message)
        })
    }

    /// The ID token of a connection, if it has one.
    pub(crate) async fn id_token(&self, key: &ConnectionKey) -> Result<Option<SecretString>> {
        let record = self.inner.read(key).await?;
        let record = record.ok_or_else(|| super::errors::unknown(key))?;
        let held = self.inner.opened(&record).await?;
        Ok(held.and_then(|held| held.tokens.id_token))
    }

    /// Returns where logins under way are kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the builder was given none.
    pub fn flows(&self) -> Result<&Arc<dyn FlowStore>> {
        self.inner.flows.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Config, "oauth.login").with_message("`flows` is not set")
        })
    }
}
