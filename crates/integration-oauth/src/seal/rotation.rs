//! Keys over a whole store: which are in use, moving to the current one, taking one out.

use std::{collections::BTreeMap, sync::Arc};

use integration_core::{Error, ErrorKind, Result};
use tokio::task::JoinSet;

use super::{KeyRing, envelope::Envelope, key::config, ring::unknown};
use crate::{
    connection::ConnectionKey,
    limits::{MAX_LISTED, REWRAPPED_AT_ONCE},
    store::{Filter, Record, TokenStore},
};

/// How often a record is tried again that was written while it was rewrapped.
const TRIES: usize = 8;

/// Which keys the records of a store are sealed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Connections that were read.
    pub connections: u64,
    /// Sealed records by the id of their key. A connection may have two, or none.
    pub by_key: BTreeMap<String, u64>,
}

/// What was done to the records of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// Connections that were read.
    pub connections: u64,
    /// Sealed records that are under the current key now and were not before.
    pub rewrapped: u64,
}

impl KeyRing {
    /// Counts which keys the records of a store are sealed with.
    ///
    /// # Errors
    ///
    /// Those of the store; [`ErrorKind::Decode`] for what nobody sealed.
    pub async fn census(&self, store: &dyn TokenStore) -> Result<Census> {
        let mut census = Census::default();
        let mut after = None;
        loop {
            let page = store.list(&page_after(after)).await?;
            for record in &page.records {
                census.connections += 1;
                for sealed in seals(record) {
                    let envelope = Envelope::parse(sealed).map_err(|e| named(e, &record.key))?;
                    let id = envelope.key_id.to_owned();
                    *census.by_key.entry(id).or_default() += 1;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(census);
            }
        }
    }

    /// Tells whether every record of a store can be opened as far as its key goes. To be called
    /// before a program serves: a forgotten key is then an error of its start, not of its users.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], which names the keys that are missing; else as
    /// [`census`](Self::census).
    pub async fn check(&self, store: &dyn TokenStore) -> Result<Census> {
        let census = self.census(store).await?;
        let missing: Vec<&str> = census
            .by_key
            .keys()
            .map(String::as_str)
            .filter(|id| !self.holds(id))
            .collect();
        if missing.is_empty() {
            return Ok(census);
        }
        let records: u64 = missing.iter().filter_map(|id| census.by_key.get(*id)).sum();
        Err(unknown(&missing).with_context("records", records))
    }

    /// Moves every record of a store to the current key. Others read and write it meanwhile; what
    /// they write is tried again.
    ///
    /// # Errors
    ///
    /// As [`rewrap`](Self::rewrap), naming the connection, and those of the store. What was
    /// rewrapped before stays so, and the next call goes on.
    pub async fn rewrap_all(&self, store: &Arc<dyn TokenStore>) -> Result<Rewrapped> {
        let mut done = Rewrapped::default();
        let mut after = None;
        loop {
            let page = store.list(&page_after(after)).await?;
            let mut tasks = JoinSet::new();
            for record in page.records {
                done.connections += 1;
                let is_current = |sealed: &[u8]| {
                    Envelope::parse(sealed).is_ok_and(|it| it.key_id == self.current())
                };
                if seals(&record).all(is_current) {
                    continue;
                }
                if tasks.len() >= REWRAPPED_AT_ONCE {
                    done.rewrapped += joined(&mut tasks).await?;
                }
                let (ring, store) = (self.clone(), store.clone());
                tasks.spawn(async move { ring.rewrap_record(&*store, record).await });
            }
            while !tasks.is_empty() {
                done.rewrapped += joined(&mut tasks).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(done);
            }
        }
    }

    /// Takes a key out that only opens, if no record of the store needs it any more.
    ///
    /// Logins under way that it sealed are lost; those end within minutes and are begun anew.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is the current key, not in the ring, or still needed.
    pub async fn retired(&self, id: &str, store: &dyn TokenStore) -> Result<Self> {
        if id == self.current() {
            return Err(config(format!(
                "`{id}` is the current key: put another one in front of it first"
            )));
        }
        if !self.holds(id) {
            return Err(config(format!("the key ring does not hold `{id}`")));
        }
        let census = self.census(store).await?;
        if let Some(records) = census.by_key.get(id) {
            return Err(config(format!(
                "{records} records are sealed with `{id}`: rewrap them first"
            )));
        }
        Ok(self.without(id))
    }

    async fn rewrap_record(&self, store: &dyn TokenStore, mut record: Record) -> Result<u64> {
        let key = record.key.clone();
        let mut done = 0;
        for _ in 0..TRIES {
            let mut is_stale = false;
            for sealed in seals(&record) {
                let next = self.rewrap(sealed).await.map_err(|e| named(e, &key))?;
                let Some(next) = next else { continue };
                if store.reseal(&key, sealed, next).await? {
                    done += 1;
                } else {
                    is_stale = true;
                }
            }
            if !is_stale {
                return Ok(done);
            }
            match store.get(&key).await? {
                Some(newer) => record = newer,
                None => return Ok(done),
            }
        }
        let error = Error::new(ErrorKind::Conflict, "oauth.rewrap");
        Err(named(
            error.with_message("others write it all the time"),
            &key,
        ))
    }
}

async fn joined(tasks: &mut JoinSet<Result<u64>>) -> Result<u64> {
    match tasks.join_next().await {
        None => Ok(0),
        Some(Ok(done)) => done,
        Some(Err(error)) => Err(Error::new(ErrorKind::Other, "oauth.rewrap")
            .with_message("a task ended early")
            .with_source(error)),
    }
}

/// What of a record is sealed.
fn seals(record: &Record) -> impl Iterator<Item = &[u8]> {
    let parked = record.parked.iter().map(|(_, sealed)| sealed.as_slice());
    let sealed = std::iter::once(record.sealed.as_slice());
    sealed.chain(parked).filter(|sealed| !sealed.is_empty())
}

fn page_after(after: Option<ConnectionKey>) -> Filter {
    Filter {
        after,
        limit: MAX_LISTED,
        ..Filter::default()
    }
}

fn named(error: Error, key: &ConnectionKey) -> Error {
    error.with_context("connection", key)
}
