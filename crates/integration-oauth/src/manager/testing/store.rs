use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::time::sleep;

use crate::{
    connection::ConnectionKey,
    store::{Change, Filter, Leasing, MemoryStore, Page, Record, Swap, TokenStore},
};

/// How an operation goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is done.
    Before,
    /// It is done, but nobody is told.
    After,
    /// It is done so much later.
    Slow(Duration),
}

type Plan = dyn Fn(&'static str) -> Option<Fault> + Send + Sync;

/// One process's way to the store that all share.
pub(crate) struct FaultyStore {
    pub(crate) store: Arc<MemoryStore>,
    plan: Mutex<Arc<Plan>>,
}

impl FaultyStore {
    pub(crate) fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            store,
            plan: Mutex::new(Arc::new(|_| None)),
        }
    }

    /// Decides for each operation, by its name, how it goes wrong.
    pub(crate) fn plan(
        &self,
        plan: impl Fn(&'static str) -> Option<Fault> + Send + Sync + 'static,
    ) {
        *self.plan.lock() = Arc::new(plan);
    }

    async fn run<T>(
        &self,
        name: &'static str,
        operation: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let plan = Arc::clone(&self.plan.lock());
        let failed = || Error::new(ErrorKind::Unavailable, "demo.store").with_message(name);
        match plan(name) {
            None => operation.await,
            Some(Fault::Before) => Err(failed()),
            Some(Fault::After) => {
                let _ = operation.await?;
                Err(failed())
            }
            Some(Fault::Slow(wait)) => {
                sleep(wait).await;
                operation.await
            }
        }
    }
}

#[async_trait]
impl TokenStore for FaultyStore {
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        self.run("get", self.store.get(key)).await
    }

    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap> {
        self.run("put_new", self.store.put_new(key, first)).await
    }

    async fn compare_and_swap(
        &self,
        key: &ConnectionKey,
        version: u64,
        fence: Option<u64>,
        next: Change,
    ) -> Result<Swap> {
        let swap = self.store.compare_and_swap(key, version, fence, next);
        self.run("swap", swap).await
    }

    async fn lease(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Result<Leasing> {
        self.run("lease", self.store.lease(key, owner, ttl)).await
    }

    async fn renew(&self, key: &ConnectionKey, fence: u64, ttl: Duration) -> Result<bool> {
        self.run("renew", self.store.renew(key, fence, ttl)).await
    }

    async fn release(&self, key: &ConnectionKey, fence: u64, keeps_intent: bool) -> Result<bool> {
        self.run("release", self.store.release(key, fence, keeps_intent))
            .await
    }

    async fn park(&self, key: &ConnectionKey, fence: u64, sealed: Vec<u8>) -> Result<()> {
        self.run("park", self.store.park(key, fence, sealed)).await
    }

    async fn reseal(&self, key: &ConnectionKey, old: &[u8], new: Vec<u8>) -> Result<bool> {
        self.run("reseal", self.store.reseal(key, old, new)).await
    }

    async fn list(&self, filter: &Filter) -> Result<Page> {
        self.run("list", self.store.list(filter)).await
    }

    async fn delete(&self, key: &ConnectionKey) -> Result<bool> {
        self.run("delete", self.store.delete(key)).await
    }

    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()> {
        self.run("changed", self.store.changed(key, version, limit))
            .await
    }
}

impl std::fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(f)
    }
}
