use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;
use rusqlite::params_from_iter;
use tokio::time::{sleep, timeout};

use super::{SqliteStore, rows};
use crate::{
    connection::ConnectionKey,
    store::{
        Change, Filter, Leasing, Page, Record, Swap, TokenStore,
        columns::{COLUMNS, condition},
        rules::{self, Written},
    },
};

/// How often to look for what another process wrote.
const LOOK: Duration = Duration::from_millis(25);

impl SqliteStore {
    /// Applies a rule to a record, if there is one, and wakes those who wait for a change.
    async fn apply<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> (T, Written) + Send + 'static,
    ) -> Result<Option<T>> {
        let (clock, key) = (self.0.config.clock.clone(), key.clone());
        let applied = self.0.writer.run(operation, move |conn| {
            let mut record = match rows::read(conn, &key)? {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            // Read once the lock is ours: waiting for it takes nothing off a lease.
            let (outcome, written) = rule(&mut record, clock.unix());
            if written == Written::No {
                return Ok(Ok(Some((outcome, written))));
            }
            Ok(rows::write(conn, record)?.map(|()| Some((outcome, written))))
        });
        let Some((outcome, written)) = applied.await? else {
            return Ok(None);
        };
        if written == Written::Yes {
            self.wake();
        }
        Ok(Some(outcome))
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
impl TokenStore for SqliteStore {
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        let key = key.clone();
        let read = self
            .0
            .reader
            .run("oauth.get", move |conn| rows::read(conn, &key));
        read.await
    }

    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap> {
        rules::check_sealed(&first.sealed)?;
        let (clock, key) = (self.0.config.clock.clone(), key.clone());
        let put = self.0.writer.run("oauth.put_new", move |conn| {
            match rows::read(conn, &key)? {
                Ok(None) => {}
                Ok(Some(_)) => return Ok(Ok(Swap::Stale)),
                Err(error) => return Ok(Err(error)),
            }
            let record = rules::first(&key, first, clock.unix());
            Ok(rows::write(conn, record)?.map(|()| Swap::Done(1)))
        });
        let swap = put.await?;
        self.wake();
        Ok(swap)
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
        let (condition, values) = condition(filter)?;
        let size = rules::page_size(filter);
        let sql = format!(
            "SELECT tenant, provider, account, {COLUMNS} FROM connection {condition} \
             ORDER BY tenant, provider, account LIMIT {}",
            size + 1
        );
        let listed = self.0.reader.run("oauth.list", move |conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), rows::keyed)?;
            // An error of SQLite outside, one of a row's content inside.
            rows.collect::<rusqlite::Result<Result<Vec<Record>>>>()
        });
        Ok(rules::page(listed.await?, size))
    }

    async fn delete(&self, key: &ConnectionKey) -> Result<bool> {
        let key = key.clone();
        let deleted = self.0.writer.run("oauth.delete", move |conn| {
            let mut statement = conn.prepare_cached(
                "DELETE FROM connection WHERE tenant = ?1 AND provider = ?2 AND account = ?3",
            )?;
            let count = statement.execute([key.tenant(), key.provider(), key.account()])?;
            Ok(Ok(count > 0))
        });
        let was_there = deleted.await?;
        self.wake();
        Ok(was_there)
    }

    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()> {
        let mut writes = self.0.writes.subscribe();
        let changed = async {
            loop {
                writes.borrow_and_update();
                let record = self.get(key).await?;
                let now = self.0.config.clock.unix();
                if rules::awaited(record.as_ref(), version, now).is_none() {
                    return Ok(());
                }
                tokio::select! {
                    _ = writes.changed() => {}
                    () = sleep(LOOK) => {}
                }
            }
        };
        // Past the limit the caller looks for itself.
        timeout(limit, changed).await.unwrap_or(Ok(()))
    }
}
