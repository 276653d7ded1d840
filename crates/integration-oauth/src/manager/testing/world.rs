use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::{Clock as _, ExposeSecret, Result, SeededRng};
use parking_lot::Mutex;

use super::{FaultyStore, SimClock, SimServer};
use crate::{
    connection::ConnectionKey,
    manager::{ConnectionEvent, EventSink, LifeConfig, OAuth},
    seal::{KeyRing, SealingKey},
    store::{MemoryStore, Record, TokenStore as _},
};

/// What all processes share.
pub(crate) struct World {
    pub(crate) clock: Arc<SimClock>,
    pub(crate) server: Arc<SimServer>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) events: Arc<Log>,
    pub(crate) key: ConnectionKey,
    ring: KeyRing,
}

/// One process.
pub(crate) struct Process {
    pub(crate) oauth: OAuth,
    pub(crate) store: Arc<FaultyStore>,
}

/// Keeps the types of events, in order.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<ConnectionEvent>>);

#[async_trait]
impl EventSink for Log {
    async fn send(&self, event: &ConnectionEvent) -> Result<()> {
        self.0.lock().push(event.clone());
        Ok(())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world whose server has other habits.
    pub(crate) fn with(habits: impl FnOnce(&mut SimServer)) -> Self {
        let clock = Arc::new(SimClock::new());
        let mut server = SimServer::new(Arc::clone(&clock) as _);
        habits(&mut server);
        let store = MemoryStore::new().with_clock(Arc::clone(&clock) as _);
        Self {
            server: Arc::new(server),
            store: Arc::new(store),
            events: Arc::default(),
            key: ConnectionKey::new("acme", "demo", "42").unwrap(),
            ring: KeyRing::new(SealingKey::generate("k1").unwrap()),
            clock,
        }
    }

    pub(crate) fn process(&self) -> Process {
        self.process_with(LifeConfig::default())
    }

    pub(crate) fn process_with(&self, config: LifeConfig) -> Process {
        let store = Arc::new(FaultyStore::new(Arc::clone(&self.store)));
        let oauth = OAuth::builder()
            .refresher(Arc::clone(&self.server) as _)
            .store(Arc::clone(&store) as _)
            .vault(Arc::new(self.ring.clone()))
            .events(Arc::clone(&self.events) as _)
            .clock(Arc::clone(&self.clock) as _)
            .rng(Arc::new(SeededRng::new(7)))
            .life(config)
            .build()
            .unwrap();
        Process { oauth, store }
    }

    /// Types of the events so far, without `connection.`, in order.
    pub(crate) fn told(&self) -> Vec<&'static str> {
        let events = self.events.0.lock();
        let name = |event: &ConnectionEvent| event.change.name();
        events
            .iter()
            .map(|event| name(event).trim_start_matches("connection."))
            .collect()
    }

    pub(crate) fn events(&self) -> Vec<ConnectionEvent> {
        self.events.0.lock().clone()
    }

    pub(crate) async fn record(&self) -> Record {
        self.store.get(&self.key).await.unwrap().unwrap()
    }

    pub(crate) async fn is_leased(&self) -> bool {
        let lease = self.record().await.lease;
        lease.is_some_and(|lease| lease.until > self.unix())
    }

    /// Logs in and lets the access token end.
    pub(crate) async fn expired(&self, process: &Process) {
        process
            .oauth
            .connect(self.key.clone(), self.server.login())
            .await
            .unwrap();
        self.clock
            .jump(self.server.lifetime + Duration::from_secs(1));
    }

    /// Logs in and lets the access token come near its end.
    pub(crate) async fn due(&self, process: &Process) {
        process
            .oauth
            .connect(self.key.clone(), self.server.login())
            .await
            .unwrap();
        self.clock
            .jump(self.server.lifetime - Duration::from_secs(20));
    }

    pub(crate) fn unix(&self) -> Duration {
        self.clock.unix()
    }
}

impl Process {
    /// What a caller gets: the token, or the error in one line.
    pub(crate) async fn token(&self, world: &World) -> Result<String> {
        let token = self.oauth.tokens(&world.key)?.get().await?;
        Ok(token.secret().expose_secret().to_owned())
    }

    /// Kills it.
    pub(crate) fn kill(self) {
        self.oauth.inner.tasks.die();
    }
}
