//! Where credentials are kept.

use std::{fmt, sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result, SharedClock, SystemClock};

use super::{
    Credential, CredentialEvent, RotatingCredential,
    rotating::{TRIES, contended},
    stored,
    versions::Versions,
};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    seal::{Slot, Vault},
    store::{Change, Swap, TokenStore},
};

/// When a credential is called old, unless it is said otherwise.
const MAX_AGE: Duration = Duration::from_secs(90 * 24 * 3600);

type OnEvent = Arc<dyn Fn(&CredentialEvent) + Send + Sync>;

/// Keeps credentials sealed in a store. A clone is the same keeper.
#[derive(Clone)]
pub struct CredentialKeeper {
    store: Arc<dyn TokenStore>,
    vault: Arc<dyn Vault>,
    pub(super) clock: SharedClock,
    pub(super) max_age: Duration,
    on_event: OnEvent,
}

impl CredentialKeeper {
    /// Creates a keeper on a store, which may hold connections too, and what seals for it.
    #[must_use]
    pub fn new(store: Arc<dyn TokenStore>, vault: Arc<dyn Vault>) -> Self {
        Self {
            store,
            vault,
            clock: SystemClock::shared(),
            max_age: MAX_AGE,
            on_event: Arc::new(|_| ()),
        }
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how old a credential may get before it is called old. Default: 90 days.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sets who is told of events. It must not wait.
    #[must_use]
    pub fn with_events(mut self, told: impl Fn(&CredentialEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(told);
        self
    }

    /// Stores a credential, in the place of any that was there, and of its next one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it could never be sent; those of store and vault.
    pub async fn put(
        &self,
        key: &ConnectionKey,
        credential: Credential,
    ) -> Result<RotatingCredential> {
        credential.check()?;
        let versions = Versions::new(credential, self.clock.unix());
        for _ in 0..TRIES {
            let version = match self.store.get(key).await? {
                None => 0,
                Some(record) => record.version,
            };
            if let Some(version) = self.write(key, version, &versions).await? {
                let keeper = self.clone();
                return Ok(RotatingCredential::new(
                    keeper,
                    key.clone(),
                    version,
                    versions,
                ));
            }
        }
        Err(contended(key))
    }

    /// Reads a credential; `None` when there is none.
    ///
    /// # Errors
    ///
    /// Those of store and vault, and [`ErrorKind::Decode`] when the key is that of a connection.
    pub async fn get(&self, key: &ConnectionKey) -> Result<Option<RotatingCredential>> {
        let read = self.read(key).await?;
        Ok(read.map(|(version, versions)| {
            RotatingCredential::new(self.clone(), key.clone(), version, versions)
        }))
    }

    /// Removes a credential; `false` when there is none.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn remove(&self, key: &ConnectionKey) -> Result<bool> {
        self.store.delete(key).await
    }

    pub(super) async fn read(&self, key: &ConnectionKey) -> Result<Option<(u64, Versions)>> {
        let Some(record) = self.store.get(key).await? else {
            return Ok(None);
        };
        let slot = Slot::credential(key, record.version);
        let plain = self.vault.open(&slot, &record.sealed).await;
        let plain = plain.map_err(|error| error.with_context("connection", key))?;
        Ok(Some((record.version, stored::decode(&plain)?)))
    }

    /// Writes the version after this one; `None` when somebody else was faster.
    pub(super) async fn write(
        &self,
        key: &ConnectionKey,
        version: u64,
        versions: &Versions,
    ) -> Result<Option<u64>> {
        let slot = Slot::credential(key, version + 1);
        let change = Change {
            state: ConnectionState::Active,
            sealed: self.vault.seal(&slot, &stored::encode(versions)?).await?,
            expires_at: None,
            due_at: None,
        };
        let swap = match version {
            0 => self.store.put_new(key, change).await?,
            _ => {
                self.store
                    .compare_and_swap(key, version, None, change)
                    .await?
            }
        };
        Ok(match swap {
            Swap::Done(version) => Some(version),
            Swap::Stale => None,
        })
    }

    pub(super) fn tell(&self, event: &CredentialEvent) {
        (self.on_event)(event);
    }

    pub(super) fn gone(key: &ConnectionKey) -> Error {
        Error::new(ErrorKind::NotFound, "oauth.credential")
            .with_message("the credential was removed")
            .with_context("connection", key)
    }
}

impl fmt::Debug for CredentialKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialKeeper")
            .field("store", &self.store)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
