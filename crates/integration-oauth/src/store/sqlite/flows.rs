use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use crate::store::{FlowStore, columns::time, rules};

#[async_trait]
impl FlowStore for SqliteStore {
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, expires_at: Duration) -> Result<()> {
        rules::check_sealed(&sealed)?;
        let (clock, max_flows) = (self.0.config.clock.clone(), self.0.config.max_flows);
        let put = self.0.writer.run("oauth.put_flow", move |conn| {
            conn.prepare_cached("DELETE FROM flow WHERE expires_at <= ?1 OR id = ?2")?
                .execute(params![time(clock.unix()), id])?;
            // Room for one: of those that are left, all but the latest to end go.
            conn.prepare_cached(
                "DELETE FROM flow WHERE id IN \
                 (SELECT id FROM flow ORDER BY expires_at DESC LIMIT -1 OFFSET ?1)",
            )?
            .execute([i64::try_from(max_flows - 1).unwrap_or(i64::MAX)])?;
            conn.prepare_cached("INSERT INTO flow (id, sealed, expires_at) VALUES (?1, ?2, ?3)")?
                .execute(params![id, sealed, time(expires_at)])?;
            Ok(Ok(()))
        });
        put.await
    }

    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        let clock = self.0.config.clock.clone();
        let taken = self.0.writer.run("oauth.take_flow", move |conn| {
            let taken: Option<(Vec<u8>, i64)> = conn
                .prepare_cached("DELETE FROM flow WHERE id = ?1 RETURNING sealed, expires_at")?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let now = time(clock.unix());
            Ok(Ok(taken.filter(|(_, end)| *end > now)))
        });
        Ok(taken.await?.map(|(sealed, _)| sealed))
    }
}
