//! What the processes of a test share: a store, a key, a server.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::{Clock as _, SystemClock};
use integration_oauth::{
    OAuth, Provider, Result, SecretString, TokenSet,
    connection::ConnectionKey,
    manager::{ConnectionEvent, EventSink, LifeConfig},
    seal::{KeyRing, SealingKey},
    store::TokenStore,
};
use integration_testkit::{leaks, oauth::MockAuthServer};
use serde::{Deserialize, Serialize};

/// How long a lease of these tests lasts.
pub(super) const LEASE: Duration = Duration::from_secs(4);

/// What a process has to know, as it is handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shared {
    /// A path of a SQLite file, or a schema of PostgreSQL after `postgres:`.
    pub(super) store: String,
    pub(super) sealing_key: String,
    pub(super) issuer: String,
    pub(super) secret: String,
    pub(super) callers: usize,
}

/// Prints each event.
#[derive(Debug)]
struct Printed;

#[async_trait]
impl EventSink for Printed {
    async fn send(&self, event: &ConnectionEvent) -> Result<()> {
        super::process::say(&["event", event.change.name()]);
        Ok(())
    }
}

impl Shared {
    pub(super) fn new(store: String, server: &MockAuthServer) -> Self {
        use integration_core::ExposeSecret as _;
        let key = SealingKey::generate("k1").unwrap();
        let key = key.to_text().unwrap().expose_secret().to_owned();
        leaks::note("sealing_key", key.trim_start_matches("k1:"));
        Self {
            store,
            sealing_key: key,
            issuer: server.issuer(),
            secret: server.client_secret().expose_secret().to_owned(),
            callers: 1,
        }
    }

    pub(super) async fn oauth(&self) -> OAuth {
        let provider = Provider::discover(&self.issuer)
            .name("mock")
            .client_id(MockAuthServer::CLIENT_ID)
            .client_secret(SecretString::from(self.secret.as_str()))
            .redirect_uri("http://127.0.0.1:9/callback")
            .build()
            .unwrap();
        let key = SealingKey::from_text(&self.sealing_key).unwrap();
        let life = LifeConfig::default()
            .with_lease(LEASE, Duration::from_secs(3))
            .with_store_timeout(Duration::from_secs(1));
        OAuth::builder()
            .provider(provider)
            .store(open(&self.store).await)
            .vault(Arc::new(KeyRing::new(key)))
            .events(Arc::new(Printed))
            .life(life)
            .build()
            .unwrap()
    }

    /// Keeps tokens of a login that expire so much from now.
    pub(super) async fn connect(&self, server: &MockAuthServer, left: Duration) -> OAuth {
        let oauth = self.oauth().await;
        let login = server.tokens_for("bob", &["read"]).unwrap();
        let tokens = TokenSet::new(login.access_token)
            .with_refresh_token(login.refresh_token)
            .with_expires_at(SystemClock.unix() + left);
        oauth.connect(key(), tokens).await.unwrap();
        oauth
    }
}

pub(super) fn key() -> ConnectionKey {
    ConnectionKey::new("acme", "mock", "bob").unwrap()
}

async fn open(store: &str) -> Arc<dyn TokenStore> {
    #[cfg(feature = "postgres")]
    if let Some(schema) = store.strip_prefix("postgres:") {
        let config = crate::stores::postgres_config(schema);
        let store = integration_oauth::store::PostgresStore::connect(config).await;
        return Arc::new(store.unwrap());
    }
    let store = integration_oauth::store::SqliteStore::open(std::path::Path::new(store)).await;
    Arc::new(store.unwrap())
}
