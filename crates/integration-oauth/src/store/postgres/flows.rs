use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;
use tokio_postgres::types::Type;

use super::{
    PostgresStore,
    connect::storage,
    rows::{self, Param},
};
use crate::store::{FlowStore, columns::time, rules};

/// Rows that another transaction is at are left to it, so that no two wait for each other.
const EXPIRED: &str = "DELETE FROM flow WHERE id = $2 OR id IN \
     (SELECT id FROM flow WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)";
const SURPLUS: &str = "DELETE FROM flow WHERE id IN (SELECT id FROM flow WHERE id IN \
     (SELECT id FROM flow ORDER BY expires_at DESC OFFSET $1) FOR UPDATE SKIP LOCKED)";
const INSERT: &str = "INSERT INTO flow (id, sealed, expires_at) VALUES ($1, $2, $3) \
     ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at";
const TAKE: &str = "DELETE FROM flow WHERE id = $1 RETURNING sealed, expires_at";

#[async_trait]
impl FlowStore for PostgresStore {
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, expires_at: Duration) -> Result<()> {
        rules::check_sealed(&sealed)?;
        let operation = "oauth.put_flow";
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let (id, end) = (id.as_slice(), time(expires_at));
        // Room for one.
        let left = i64::try_from(self.0.config.max_flows - 1).unwrap_or(i64::MAX);
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            let now = time(rows::now(client).await.map_err(failed)?);
            let expired: [Param<'_>; 2] = [(&now, Type::INT8), (&id, Type::BYTEA)];
            let surplus: [Param<'_>; 1] = [(&left, Type::INT8)];
            let insert: [Param<'_>; 3] = [
                (&id, Type::BYTEA),
                (&sealed, Type::BYTEA),
                (&end, Type::INT8),
            ];
            for (sql, params) in [
                (EXPIRED, expired.as_slice()),
                (SURPLUS, surplus.as_slice()),
                (INSERT, insert.as_slice()),
            ] {
                client.execute_typed(sql, params).await.map_err(failed)?;
            }
            session.commit(operation).await
        };
        self.in_time(operation, work).await
    }

    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        let operation = "oauth.take_flow";
        let failed = |error: tokio_postgres::Error| storage(operation, &error);
        let id = id.as_slice();
        let work = async {
            let session = self.0.pool.begin(operation).await?;
            let client = session.client();
            let take: [Param<'_>; 1] = [(&id, Type::BYTEA)];
            let taken = client.query_typed_opt(TAKE, &take).await.map_err(failed)?;
            let now = time(rows::now(client).await.map_err(failed)?);
            session.commit(operation).await?;
            let Some(row) = taken else { return Ok(None) };
            let end: i64 = row.try_get(1).map_err(failed)?;
            let sealed: Vec<u8> = row.try_get(0).map_err(failed)?;
            Ok((end > now).then_some(sealed))
        };
        self.in_time(operation, work).await
    }
}
