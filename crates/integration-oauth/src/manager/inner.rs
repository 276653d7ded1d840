//! What all handles of one [`OAuth`](super::OAuth) share, and its dealings with store and vault.

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};

use integration_core::{Error, ErrorKind, Result, Rng, SharedClock, credentials::Moment};
use parking_lot::Mutex;
use tokio::time::{sleep, timeout};

use super::{
    cell::{Cell, Cells},
    circuit::Circuit,
    codec::{self, Dated},
    config::LifeConfig,
    events::Events,
    life::{Life, Renewal},
    refresher::Refresher,
    tasks::Tasks,
};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    login::Remote,
    seal::{Slot, Vault},
    store::{Change, FlowStore, Record, TokenStore},
};

pub(super) struct Inner {
    pub(super) refreshers: HashMap<String, Arc<dyn Refresher>>,
    pub(super) remotes: HashMap<String, Arc<dyn Remote>>,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) flows: Option<Arc<dyn FlowStore>>,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) events: Events,
    pub(super) clock: SharedClock,
    pub(super) rng: Arc<dyn Rng>,
    pub(super) config: LifeConfig,
    pub(super) cells: Cells,
    pub(super) tasks: Tasks,
    pub(super) circuits: Mutex<HashMap<String, Circuit>>,
    /// Who we are to other processes.
    pub(super) owner: String,
}

impl Inner {
    /// Returns what gets the tokens of a connection.
    pub(super) fn refresher(&self, key: &ConnectionKey) -> Result<&Arc<dyn Refresher>> {
        self.refreshers.get(key.provider()).ok_or_else(|| {
            let message = format!("no provider is named `{}`", key.provider());
            Error::new(ErrorKind::Config, "oauth.connection").with_message(message)
        })
    }

    /// Returns what this process holds of a connection.
    pub(super) fn cell(&self, key: &ConnectionKey) -> Result<Arc<Cell>> {
        let refresher = Arc::clone(self.refresher(key)?);
        Ok(self.cells.get(key, || Cell::new(key.clone(), refresher)))
    }

    pub(super) fn moment(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// Lets an exchange with a provider pass, or says why not.
    pub(super) fn admit(&self, provider: &str) -> Result<()> {
        let now = self.clock.now();
        match self.circuits.lock().get_mut(provider) {
            Some(circuit) => circuit.admit(now, &self.config),
            None => Ok(()),
        }
    }

    /// Notes that a provider accepted our client.
    pub(super) fn accept(&self, provider: &str) {
        if let Some(circuit) = self.circuits.lock().get_mut(provider) {
            circuit.reset();
        }
    }

    /// Notes that a provider did not accept our client, and returns whether that is news.
    pub(super) fn trip(&self, provider: &str, error: &Error) -> bool {
        let now = self.clock.now();
        let mut circuits = self.circuits.lock();
        // One a provider, of which there are as many as the builder was given.
        let circuit = circuits.entry(provider.to_owned()).or_default();
        circuit.trip(now, error.clone(), &self.config, &*self.rng)
    }

    /// Waits for an operation of the store or the vault, but not for ever.
    pub(super) async fn bounded<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        let limit = self.config.store_timeout;
        timeout(limit, operation).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::AttemptTimeout, "oauth.store")
                .with_message(format!("the store took longer than {limit:?}")))
        })
    }

    /// Waits until a connection may have changed, for a time within `limits`.
    pub(super) async fn changed(
        &self,
        key: &ConnectionKey,
        version: u64,
        limits: RangeInclusive<Duration>,
    ) -> Result<()> {
        // It counts from here on.
        let shortest = sleep(*limits.start());
        let limit = *limits.end();
        let changed = self.store.changed(key, version, limit);
        // Whoever waited for nothing looks for itself.
        let changed = timeout(limit + self.config.store_timeout, changed)
            .await
            .unwrap_or(Ok(()));
        shortest.await;
        changed
    }

    pub(super) async fn read(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        self.bounded(self.store.get(key)).await
    }

    /// Tells how long tokens last.
    pub(super) fn life(&self, key: &ConnectionKey, dated: &Dated) -> Result<Life> {
        let refresher = &**self.refresher(key)?;
        let tokens = &dated.tokens;
        // Of further tokens those count that can be replaced: the others end by themselves.
        let mut renewable = tokens
            .also
            .values()
            .filter(|set| refresher.can_refresh(set));
        let ends = renewable.clone().filter_map(|set| set.expires_at);
        let ends_at = ends.chain(tokens.expires_at).min();
        let renewal = match tokens.refresh_expires_at {
            Some(end) if refresher.can_refresh(tokens) => Renewal::Until(end),
            None if refresher.can_refresh(tokens) => Renewal::Always,
            _ if renewable.next().is_some() => Renewal::Always,
            _ => Renewal::Never,
        };
        let idle = refresher.rules().max_idle_s;
        Ok(Life {
            obtained_at: dated.obtained_at,
            expires_at: ends_at,
            is_guess: tokens.is_expiry_guessed,
            renewal,
            max_idle: idle.map(Duration::from_secs),
        })
    }

    /// How long no tokens last.
    pub(super) const fn no_life() -> Life {
        Life {
            obtained_at: Duration::ZERO,
            expires_at: None,
            is_guess: false,
            renewal: Renewal::Never,
            max_idle: None,
        }
    }

    /// Seals tokens as the given version of a connection.
    pub(super) async fn sealed(
        &self,
        key: &ConnectionKey,
        version: u64,
        state: ConnectionState,
        dated: &Dated,
    ) -> Result<Change> {
        let plain = codec::encode(dated)?;
        let slot = Slot::tokens(key, version);
        let sealed = self.bounded(self.vault.seal(&slot, &plain)).await?;
        let life = self.life(key, dated)?;
        Ok(Change {
            due_at: matches!(state, ConnectionState::Active)
                .then(|| life.due_at(&self.config, spread(key)))
                .flatten(),
            state,
            sealed,
            expires_at: dated.tokens.expires_at,
        })
    }

    /// Opens the tokens of a connection; `None` when it has none any more.
    pub(super) async fn opened(&self, record: &Record) -> Result<Option<Dated>> {
        if record.sealed.is_empty() {
            return Ok(None);
        }
        let slot = Slot::tokens(&record.key, record.version);
        let plain = self.bounded(self.vault.open(&slot, &record.sealed)).await?;
        codec::decode(&plain).map(Some)
    }
}

/// Where a connection stands between 0 and 1, the same in every process.
pub(super) fn spread(key: &ConnectionKey) -> f64 {
    // Its keys are fixed, unlike those of a map.
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let parts = u16::try_from(hasher.finish() >> 48).unwrap_or_default();
    f64::from(parts) / 65_536.0
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("refreshers", &self.refreshers)
            .field("store", &self.store)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
