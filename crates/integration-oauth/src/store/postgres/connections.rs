use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, types::Type};

use super::{
    PostgresStore,
    connect::{late, storage},
    listen::{self, CHANNEL},
    rows::{self, Lock, Param},
};
use crate::{
    connection::ConnectionKey,
    store::{
        Change, Filter, Leasing, Page, Record, Swap, TokenStore,
        columns::{COLUMNS, Columns, condition},
        rules::{self, Written},
    },
};

/// How often to look for a change of which no notification came.
const LOOK: Duration = Duration::from_millis(500);

impl PostgresStore {
    /// Runs something within the time that an operation has.
    pub(super) async fn in_time<T: Send>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let done = timeout(self.0.config.timeout, work).await;
        done.map_err(|_| late(operation))?
    }

    /// Applies a rule to a record, if there is one, and tells those who wait for a change.
    async fn apply<T: Send>(
        &self,
        operation: &'static str,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> (T, Written) + Send,
    ) -> Result<Option<T>> {
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            // Sent together, answered in this order.
            let (row, now) = tokio::join!(rows::read(client, key, Lock::Row), rows::now(client));
            let (row, now) = (row.map_err(failed)?, now.map_err(failed)?);
            let outcome = match row {
                None => None,
                Some(row) => {
                    let mut record = rows::record(&row)?;
                    let (outcome, written) = rule(&mut record, now);
                    if written == Written::Yes {
                        let columns = Columns::of(record)?;
                        let write = rows::write(client, key, &columns, rows::UPDATE);
                        write.await.map_err(failed)?;
                        self.tell(client, key).await.map_err(failed)?;
                    }
                    Some(outcome)
                }
            };
            session.commit(operation).await?;
            Ok(outcome)
        };
        self.in_time(operation, work).await
    }

    /// Applies a rule that says nothing but whether it wrote.
    async fn wrote(
        &self,
        operation: &'static str,
        key: &ConnectionKey,
        rule: impl FnOnce(&mut Record, Duration) -> Written + Send,
    ) -> Result<bool> {
        let told = move |record: &mut Record, now: Duration| {
            let written = rule(record, now);
            (written == Written::Yes, written)
        };
        Ok(self.apply(operation, key, told).await?.unwrap_or(false))
    }

    /// Tells everybody of a change, once it is committed.
    async fn tell(
        &self,
        client: &Client,
        key: &ConnectionKey,
    ) -> std::result::Result<(), tokio_postgres::Error> {
        let name = listen::name(&self.0.config.schema, key);
        let params: [Param<'_>; 2] = [(&CHANNEL, Type::TEXT), (&name, Type::TEXT)];
        let tell = client.query_typed("SELECT pg_notify($1, $2)", &params);
        tell.await.map(drop)
    }
}

#[async_trait]
impl TokenStore for PostgresStore {
    async fn get(&self, key: &ConnectionKey) -> Result<Option<Record>> {
        let operation = "oauth.get";
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let row = rows::read(session.client(), key, Lock::None).await;
            let row = row.map_err(|error| storage(operation, &error))?;
            session.commit(operation).await?;
            row.as_ref().map(rows::record).transpose()
        };
        self.in_time(operation, work).await
    }

    async fn put_new(&self, key: &ConnectionKey, first: Change) -> Result<Swap> {
        rules::check_sealed(&first.sealed)?;
        let operation = "oauth.put_new";
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            let now = rows::now(client).await.map_err(failed)?;
            let columns = Columns::of(rules::first(key, first, now))?;
            let write = rows::write(client, key, &columns, rows::INSERT);
            let count = write.await.map_err(failed)?;
            self.tell(client, key).await.map_err(failed)?;
            session.commit(operation).await?;
            Ok(if count == 0 {
                Swap::Stale
            } else {
                Swap::Done(1)
            })
        };
        self.in_time(operation, work).await
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
        let lease = self.apply("oauth.lease", key, move |record, now| {
            rules::lease(record, owner, ttl, now)
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
        let rule = move |record: &mut Record, _| rules::reseal(record, old, new);
        self.wrote("oauth.reseal", key, rule).await
    }

    async fn list(&self, filter: &Filter) -> Result<Page> {
        let operation = "oauth.list";
        let (condition, values) = condition(filter)?;
        let size = rules::page_size(filter);
        let sql = format!(
            "SELECT tenant, provider, account, {COLUMNS} FROM connection {condition} \
             ORDER BY tenant, provider, account LIMIT {}",
            size + 1
        );
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let params: Vec<Param<'_>> = values.iter().map(rows::param).collect();
            let rows = session.client().query_typed(&sql, &params).await;
            let rows = rows.map_err(|error| storage(operation, &error))?;
            session.commit(operation).await?;
            rows.iter().map(rows::record).collect::<Result<Vec<_>>>()
        };
        let records = self.in_time(operation, work).await?;
        Ok(rules::page(records, size))
    }

    async fn delete(&self, key: &ConnectionKey) -> Result<bool> {
        let operation = "oauth.delete";
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            let count = rows::delete(client, key).await.map_err(failed)?;
            self.tell(client, key).await.map_err(failed)?;
            session.commit(operation).await?;
            Ok(count > 0)
        };
        self.in_time(operation, work).await
    }

    async fn changed(&self, key: &ConnectionKey, version: u64, limit: Duration) -> Result<()> {
        let name = listen::name(&self.0.config.schema, key);
        let mut changes = self.0.changes.subscribe();
        let changed = async {
            loop {
                if self.is_changed(key, version).await? {
                    return Ok(());
                }
                tokio::select! {
                    () = changes.changed(&name) => {}
                    () = sleep(LOOK) => {}
                }
            }
        };
        // Past the limit the caller looks for itself.
        timeout(limit, changed).await.unwrap_or(Ok(()))
    }
}

impl PostgresStore {
    async fn is_changed(&self, key: &ConnectionKey, version: u64) -> Result<bool> {
        let operation = "oauth.changed";
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            let (row, now) = tokio::join!(rows::read(client, key, Lock::None), rows::now(client));
            let (row, now) = (row.map_err(failed)?, now.map_err(failed)?);
            session.commit(operation).await?;
            let record = row.as_ref().map(rows::record).transpose()?;
            Ok(rules::awaited(record.as_ref(), version, now).is_none())
        };
        self.in_time(operation, work).await
    }
}
