use std::time::Duration;

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, Result};
use tokio::time::{sleep, timeout};

use super::{KeyringStore, document::Document};
use crate::{
    connection::ConnectionKey,
    limits::MAX_STORE_CONNECTIONS,
    store::{
        Change, Filter, Leasing, Page, Record, Swap, TokenStore,
        rules::{self, Written},
    },
};

/// How long to wait for another process that writes.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look for what another process wrote.
const LOOK: Duration = Duration::from_millis(50);

const FILE: &str = "connections.json";
const LOCK: &str = "connections.lock";

impl KeyringStore {
    /// Reads the file as it is: it is replaced whole, so no lock is needed.
    async fn read(&self, operation: &'static str) -> Result<Document> {
        let path = self.0.folder.path(FILE);
        let read = self.0.folder.run(operation, move || Document::read(&path));
        read.await
    }

    /// Changes the file, alone.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&mut Document, Duration) -> (T, Written) + Send + 'static,
    ) -> Result<T> {
        let held = self.0.folder.lock(LOCK, PATIENCE).await?;
        let (path, clock) = (self.0.folder.path(FILE), self.0.config.clock.clone());
        let write = self.0.folder.run(operation, move || {
            // Kept to the end of the work, even if nobody waits for that any more.
            let _held = held;
            let mut document = Document::read(&path)?;
            let (outcome, written) = change(&mut document, clock.unix());
            if written == Written::Yes {
                document.write(&path)?;
            }
            Ok(outcome)
        });
        write.await
    }

    /// Applies a rule to a record, if there is one.
    async fn apply<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> (T, Written) + Send + 'static,
    ) -> Result<Option<T>> {
        let key = key.clone();
        let apply = self.write(operation, move |document, now| {
            let Some(record) = document.connections.get_mut(&key) else {
                return (None, Written::No);
            };
            let (outcome, written) = rule(record, now);
            (Some(outcome), written)
        });
        apply.await
    }

    /// Applies a rule that says nothing but whether it wrote.
    async fn wrote(
        &self,
        operation: &'static str,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> Written + Send + 'static,
    ) -> Result<bool> {
        let told = move |record: &mut Record, now: Duration| {
            let written = rule(record, now);
            (written == Written::Yes, written)
        };
        Ok(self.apply(operation, key, told).await?.unwrap_or(false))
    }
}

#[async_trait]
impl TokenStore for KeyringStore {
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        Ok(self.read("oauth.get").await?.connections.remove(key))
    }

    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap> {
        rules::check_sealed(&first.sealed)?;
        let key = key.clone();
        let put = self.write("oauth.put_new", move |document, now| {
            let connections = &mut document.connections;
            if connections.contains_key(&key) {
                return (Ok(Swap::Stale), Written::No);
            }
            if connections.len() >= MAX_STORE_CONNECTIONS {
                return (Err(full()), Written::No);
            }
            let record = rules::first(&key, first, now);
            connections.insert(key, record);
            (Ok(Swap::Done(1)), Written::Yes)
        });
        put.await?
    }

    async fn compare_and_swap(
        &self,
        key: &ConnectionKey,
        version: u64,
        fence: Option<u64>,
        next: Change,
    ) -> Result<Swap> {
        rules::check_sealed(&next.sealed)?;
        let swap = self.apply("oauth.swap", key, move |record, now| {
            let swap = rules::swap(record, version, fence, next, now);
            (swap, rules::written(swap))
        });
        Ok(swap.await?.unwrap_or(Swap::Stale))
    }

    async fn lease(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Result<Leasing> {
        rules::check_owner(owner)?;
        let owner = owner.to_owned();
        let lease = self.apply("oauth.lease", key, move |record, now| {
            rules::lease(record, &owner, ttl, now)
        });
        Ok(lease.await?.unwrap_or(Leasing::Missing))
    }

    async fn renew(&self, key: &ConnectionKey, fence: u64, ttl: Duration) -> Result<bool> {
        let rule = move |record: &mut Record, now| rules::renew(record, fence, ttl, now);
        self.wrote("oauth.renew", key, rule).await
    }

    async fn release(&self, key: &ConnectionKey, fence: u64, keeps_intent: bool) -> Result<bool> {
        let rule = move |record: &mut Record, _| rules::release(record, fence, keeps_intent);
        self.wrote("oauth.release", key, rule).await
    }

    async fn park(&self, key: &ConnectionKey, fence: u64, sealed: Vec<u8>) -> Result<()> {
        rules::check_sealed(&sealed)?;
        let rule = move |record: &mut Record, _| rules::park(record, fence, sealed);
        self.wrote("oauth.park", key, rule).await.map(drop)
    }

    async fn reseal(&self, key: &ConnectionKey, old: &[u8], new: Vec<u8>) -> Result<bool> {
        rules::check_sealed(&new)?;
        let old = old.to_vec();
        let rule = move |record: &mut Record, _| rules::reseal(record, &old, new);
        self.wrote("oauth.reseal", key, rule).await
    }

    async fn list(&self, filter: &Filter) -> Result<Page> {
        let document = self.read("oauth.list").await?;
        let size = rules::page_size(filter);
        let records = document.connections.into_values();
        let records = records.filter(|record| rules::matches(filter, record));
        Ok(rules::page(records.take(size + 1).collect(), size))
    }

    async fn delete(&self, key: &ConnectionKey) -> Result<bool> {
        let key = key.clone();
        let delete = self.write("oauth.delete", move |document, _| {
            match document.connections.remove(&key) {
                Some(_) => (true, Written::Yes),
                None => (false, Written::No),
            }
        });
        delete.await
    }

    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()> {
        let changed = async {
            loop {
                let record = self.get(key).await?;
                let now = self.0.config.clock.unix();
                if rules::awaited(record.as_ref(), version, now).is_none() {
                    return Ok(());
                }
                sleep(LOOK).await;
            }
        };
        // Past the limit the caller looks for itself.
        timeout(limit, changed).await.unwrap_or(Ok(()))
    }
}

fn full() -> Error {
    Error::new(ErrorKind::Storage, "oauth.put_new").with_message(format!(
        "this store holds at most {MAX_STORE_CONNECTIONS} connections: use SQLite for more"
    ))
}
