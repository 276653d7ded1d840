//! What an [`OAuth`] is made of.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Error, ErrorKind, FastRng, Result, Rng, SharedClock, SystemClock};
use parking_lot::Mutex;

use super::{
    cell::Cells,
    config::LifeConfig,
    events::{EventSink, Events},
    inner::Inner,
    oauth::OAuth,
    refresher::Refresher,
    tasks::Tasks,
};
use crate::{
    login::Remote,
    provider::Provider,
    seal::{KeyRing, SealingKey, Vault},
    store::{FlowStore, MemoryStore, TokenStore},
};

/// Puts an [`OAuth`] together.
#[derive(Default)]
#[must_use]
pub struct OAuthBuilder {
    refreshers: Vec<Arc<dyn Refresher>>,
    remotes: HashMap<String, Arc<dyn Remote>>,
    store: Option<Arc<dyn TokenStore>>,
    flows: Option<Arc<dyn FlowStore>>,
    vault: Option<Arc<dyn Vault>>,
    config: LifeConfig,
    sink: Option<Arc<dyn EventSink>>,
    clock: Option<SharedClock>,
    rng: Option<Arc<dyn Rng>>,
}

impl OAuthBuilder {
    /// Adds what gets the tokens of one provider.
    pub fn refresher(mut self, refresher: Arc<dyn Refresher>) -> Self {
        self.refreshers.push(refresher);
        self
    }

    /// Adds a provider: users log in there, and the tokens of its connections are refreshed there.
    pub fn provider(self, provider: Provider) -> Self {
        let refresher: Arc<dyn Refresher> = Arc::new(provider.clone());
        self.refresher(refresher).remote(Arc::new(provider))
    }

    /// Keeps everything in memory, sealed with a key of its own: for tests, and for programs whose
    /// users log in anew with each start.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`] when the system gives no randomness.
    pub fn in_memory(self) -> Result<Self> {
        let store = Arc::new(MemoryStore::new());
        let key = SealingKey::generate("memory")?;
        let vault = Arc::new(KeyRing::new(key));
        Ok(self.store(store.clone()).flows(store).vault(vault))
    }

    /// Adds whom users log in at.
    pub(crate) fn remote(mut self, remote: Arc<dyn Remote>) -> Self {
        let name = remote.preset().name.clone();
        self.remotes.insert(name, remote);
        self
    }

    /// Sets where connections are kept. Needed.
    pub fn store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets where logins under way are kept. Needed for logins in a browser.
    pub fn flows(mut self, flows: Arc<dyn FlowStore>) -> Self {
        self.flows = Some(flows);
        self
    }

    /// Sets what seals all that is stored. Needed: nothing is ever stored open.
    pub fn vault(mut self, vault: Arc<dyn Vault>) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Sets when tokens are refreshed. Default: [`LifeConfig::default`].
    pub fn life(mut self, config: LifeConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets who is told what becomes of connections. Default: the log alone.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Sets the clock. Default: that of the system.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the chance of jitter. Default: a fast generator.
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Makes it. Nothing is sent or read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] without a store or a vault, with two providers of one name, and when
    /// the configuration is not valid.
    pub fn build(self) -> Result<OAuth> {
        let store = self.store.ok_or_else(|| missing("store"))?;
        let vault = self.vault.ok_or_else(|| missing("vault"))?;
        let config = self.config.validate()?;
        let mut refreshers = HashMap::new();
        for refresher in self.refreshers {
            let name = refresher.name().to_owned();
            if refreshers.insert(name.clone(), refresher).is_some() {
                let message = format!("two providers are named `{name}`");
                return Err(Error::new(ErrorKind::Config, "oauth.build").with_message(message));
            }
        }
        let events = Events {
            sink: self.sink,
            limit: config.event_timeout,
        };
        let inner = Inner {
            refreshers,
            remotes: self.remotes,
            store,
            flows: self.flows,
            vault,
            events,
            clock: self.clock.unwrap_or_else(SystemClock::shared),
            rng: self.rng.unwrap_or_else(|| Arc::new(FastRng)),
            cells: Cells::new(config.max_cached),
            tasks: Tasks::new(),
            circuits: Mutex::default(),
            owner: owner()?,
            config,
        };
        Ok(OAuth::of(inner))
    }
}

impl std::fmt::Debug for OAuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthBuilder")
            .field("refreshers", &self.refreshers)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A name that no other process has. It is shown to people who look into the store.
fn owner() -> Result<String> {
    let mut bytes = [0; 12];
    let drawn = aws_lc_rs::rand::fill(&mut bytes);
    drawn.map_err(|_| {
        Error::new(ErrorKind::Other, "oauth.build").with_message("the system has no randomness")
    })?;
    Ok(format!(
        "{}-{}",
        std::process::id(),
        URL_SAFE_NO_PAD.encode(bytes)
    ))
}

fn missing(what: &'static str) -> Error {
    Error::new(ErrorKind::Config, "oauth.build").with_message(format!("`{what}` is not set"))
}
