//! A store under test, and what tests say in few words.

use std::{sync::Arc, time::Duration};

use integration_core::SharedClock;
use integration_oauth::{
    connection::{ConnectionKey, ConnectionState},
    store::{Change, Filter, FlowStore, Leasing, Page, Record, Swap, TokenStore},
};

pub(crate) const LONG: Duration = Duration::from_secs(3600);
pub(crate) const SHORT: Duration = Duration::from_millis(40);

/// Logins that the store of a rig keeps at most.
pub(crate) const FLOWS: usize = 8;

pub(crate) struct Rig {
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) flows: Arc<dyn FlowStore>,
    pub(crate) clock: SharedClock,
    /// Cases of a property that are worth their time with this store.
    pub(crate) cases: u32,
}

impl Rig {
    pub(crate) async fn put(&self, key: &ConnectionKey, sealed: &[u8]) {
        let swap = self.tokens.put_new(key, change(sealed)).await.unwrap();
        assert_eq!(swap, Swap::Done(1));
    }

    pub(crate) async fn get(&self, key: &ConnectionKey) -> Record {
        self.tokens.get(key).await.unwrap().expect("a connection")
    }

    pub(crate) async fn swap(
        &self,
        key: &ConnectionKey,
        version: u64,
        fence: Option<u64>,
        sealed: &[u8],
    ) -> Swap {
        let next = change(sealed);
        let swap = self.tokens.compare_and_swap(key, version, fence, next);
        swap.await.unwrap()
    }

    pub(crate) async fn lease(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Leasing {
        self.tokens.lease(key, owner, ttl).await.unwrap()
    }

    /// Gets a lease that is free; returns the record of before.
    pub(crate) async fn granted(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Record {
        match self.lease(key, owner, ttl).await {
            Leasing::Granted { record } => record,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn list(&self, filter: Filter) -> Page {
        self.tokens.list(&filter).await.unwrap()
    }

    /// Lets time pass: at once where it is paused.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

pub(crate) fn key(account: &str) -> ConnectionKey {
    ConnectionKey::new("acme", "github", account).unwrap()
}

pub(crate) fn change(sealed: &[u8]) -> Change {
    Change {
        state: ConnectionState::Active,
        sealed: sealed.to_vec(),
        expires_at: None,
        due_at: None,
    }
}
