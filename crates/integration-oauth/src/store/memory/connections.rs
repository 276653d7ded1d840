use std::{ops::Bound, time::Duration};

use async_trait::async_trait;
use integration_core::Result;
use tokio::time::timeout;

use super::MemoryStore;
use crate::{
    connection::ConnectionKey,
    store::{
        Change, Filter, Leasing, Page, Record, Swap, TokenStore,
        rules::{self, Written},
    },
};

impl MemoryStore {
    /// Applies a rule to a record, if there is one, and wakes those who wait for a change.
    fn apply<T>(
        &self,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> (T, Written),
    ) -> Option<T> {
        let now = self.clock.unix();
        let (outcome, written) = rule(self.connections.lock().get_mut(key)?, now);
        if written == Written::Yes {
            self.wake();
        }
        Some(outcome)
    }

    fn wake(&self) {
        self.writes
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Tells of a rule that says nothing but whether it wrote.
fn told(written: Written) -> (bool, Written) {
    (written == Written::Yes, written)
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        Ok(self.connections.lock().get(key).cloned())
    }

    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap> {
        rules::check_sealed(&first.sealed)?;
        let mut connections = self.connections.lock();
        if connections.contains_key(key) {
            return Ok(Swap::Stale);
        }
        let record = rules::first(key, first, self.clock.unix());
        connections.insert(key.clone(), record);
        drop(connections);
        self.wake();
        Ok(Swap::Done(1))
    }

    async fn compare_and_swap(
        &self,
        key: &ConnectionKey,
        version: u64,
        fence: Option<u64>,
        next: Change,
    ) -> Result<Swap> {
        rules::check_sealed(&next.sealed)?;
        let swap = self.apply(key, |record, now| {
            let swap = rules::swap(record, version, fence, next, now);
            (swap, rules::written(swap))
        });
        Ok(swap.unwrap_or(Swap::Stale))
    }

    async fn lease(&self, key: &ConnectionKey, owner: &str, ttl: Duration) -> Result<Leasing> {
        rules::check_owner(owner)?;
        let leasing = self.apply(key, |record, now| rules::lease(record, owner, ttl, now));
        Ok(leasing.unwrap_or(Leasing::Missing))
    }

    async fn renew(&self, key: &ConnectionKey, fence: u64, ttl: Duration) -> Result<bool> {
        let renewed = self.apply(key, |record, now| {
            told(rules::renew(record, fence, ttl, now))
        });
        Ok(renewed.unwrap_or(false))
    }

    async fn release(&self, key: &ConnectionKey, fence: u64, keeps_intent: bool) -> Result<bool> {
        let released = self.apply(key, |record, _| {
            told(rules::release(record, fence, keeps_intent))
        });
        Ok(released.unwrap_or(false))
    }

    async fn park(&self, key: &ConnectionKey, fence: u64, sealed: Vec<u8>) -> Result<()> {
        rules::check_sealed(&sealed)?;
        self.apply(key, |record, _| told(rules::park(record, fence, sealed)));
        Ok(())
    }

    async fn reseal(&self, key: &ConnectionKey, old: &[u8], new: Vec<u8>) -> Result<bool> {
        rules::check_sealed(&new)?;
        let resealed = self.apply(key, |record, _| told(rules::reseal(record, old, new)));
        Ok(resealed.unwrap_or(false))
    }

    async fn list(&self, filter: &Filter) -> Result<Page> {
        let connections = self.connections.lock();
        let from = match &filter.after {
            Some(key) => Bound::Excluded(key),
            None => Bound::Unbounded,
        };
        let size = rules::page_size(filter);
        let records = connections
            .range::<ConnectionKey, _>((from, Bound::Unbounded))
            .map(|(_, record)| record)
            .filter(|record| rules::matches(filter, record))
            .take(size + 1)
            .cloned()
            .collect();
        Ok(rules::page(records, size))
    }

    async fn delete(&self, key: &ConnectionKey) -> Result<bool> {
        let was_there = self.connections.lock().remove(key).is_some();
        if was_there {
            self.wake();
        }
        Ok(was_there)
    }

    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()> {
        let mut writes = self.writes.subscribe();
        let changed = async {
            loop {
                writes.borrow_and_update();
                let now = self.clock.unix();
                let awaited = rules::awaited(self.connections.lock().get(key), version, now);
                let Some(wait) = awaited else { return };
                // Either way it looks again: a lease that ends is not written.
                let _ = timeout(wait, writes.changed()).await;
            }
        };
        // Past the limit the caller looks for itself.
        let _ = timeout(limit, changed).await;
        Ok(())
    }
}
