//! Reading and writing rows.

use std::time::Duration;

use integration_core::Result;
use tokio_postgres::{
    Client, Error, Row,
    types::{ToSql, Type},
};

use crate::{
    connection::ConnectionKey,
    store::{
        Record,
        columns::{COLUMNS, Columns, Value},
    },
};

pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The key as the first three parameters.
const KEYED: &str = "tenant = $1 AND provider = $2 AND account = $3";

/// Reads a row; `lock` keeps others from changing it until the transaction ends.
pub(super) async fn read(
    client: &Client,
    key: &ConnectionKey,
    lock: Lock,
) -> std::result::Result<Option<Row>, Error> {
    let lock = match lock {
        Lock::Row => "FOR UPDATE",
        Lock::None => "",
    };
    let sql =
        format!("SELECT tenant, provider, account, {COLUMNS} FROM connection WHERE {KEYED} {lock}");
    let [tenant, provider, account] = [key.tenant(), key.provider(), key.account()];
    let params: [Param<'_>; 3] = [
        (&tenant, Type::TEXT),
        (&provider, Type::TEXT),
        (&account, Type::TEXT),
    ];
    client.query_typed_opt(&sql, &params).await
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Lock {
    Row,
    None,
}

/// The time of the database. Asked in a statement of its own, behind the one that waits for a row.
pub(super) async fn now(client: &Client) -> std::result::Result<Duration, Error> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let row = client.query_typed_one(sql, &[]).await?;
    let micros: i64 = row.try_get(0)?;
    Ok(Duration::from_micros(micros.unsigned_abs()))
}

/// Writes a new row; `false` when there is one.
pub(super) const INSERT: &str = "ON CONFLICT DO NOTHING";

/// Writes a row that is there.
pub(super) const UPDATE: &str = "ON CONFLICT (tenant, provider, account) DO UPDATE SET \
     version = excluded.version, state = excluded.state, sealed = excluded.sealed, \
     expires_at = excluded.expires_at, due_at = excluded.due_at, fence = excluded.fence, \
     lease_owner = excluded.lease_owner, lease_until = excluded.lease_until, \
     intent_at = excluded.intent_at, parked_fence = excluded.parked_fence, \
     parked = excluded.parked, updated_at = excluded.updated_at";

/// Writes a row, and returns how many were.
pub(super) async fn write(
    client: &Client,
    key: &ConnectionKey,
    columns: &Columns,
    conflict: &'static str,
) -> std::result::Result<u64, Error> {
    let sql = format!(
        "INSERT INTO connection (tenant, provider, account, {COLUMNS}) VALUES \
         ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) {conflict}"
    );
    let [tenant, provider, account] = [key.tenant(), key.provider(), key.account()];
    let params: [Param<'_>; 16] = [
        (&tenant, Type::TEXT),
        (&provider, Type::TEXT),
        (&account, Type::TEXT),
        (&columns.version, Type::INT8),
        (&columns.state, Type::TEXT),
        (&columns.sealed, Type::BYTEA),
        (&columns.expires_at, Type::INT8),
        (&columns.due_at, Type::INT8),
        (&columns.fence, Type::INT8),
        (&columns.lease_owner, Type::TEXT),
        (&columns.lease_until, Type::INT8),
        (&columns.intent_at, Type::INT8),
        (&columns.parked_fence, Type::INT8),
        (&columns.parked, Type::BYTEA),
        (&columns.created_at, Type::INT8),
        (&columns.updated_at, Type::INT8),
    ];
    client.execute_typed(&sql, &params).await
}

pub(super) async fn delete(
    client: &Client,
    key: &ConnectionKey,
) -> std::result::Result<u64, Error> {
    let sql = format!("DELETE FROM connection WHERE {KEYED}");
    let [tenant, provider, account] = [key.tenant(), key.provider(), key.account()];
    let params: [Param<'_>; 3] = [
        (&tenant, Type::TEXT),
        (&provider, Type::TEXT),
        (&account, Type::TEXT),
    ];
    client.execute_typed(&sql, &params).await
}

/// Reads a row that begins with the key.
pub(super) fn record(row: &Row) -> Result<Record> {
    let failed = |error: Error| super::connect::storage("oauth.store", &error);
    let (key, columns) = parts(row).map_err(failed)?;
    let [tenant, provider, account] = key;
    columns.into_record(ConnectionKey::new(tenant, provider, account)?)
}

fn parts(row: &Row) -> std::result::Result<([String; 3], Columns), Error> {
    let key = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
    let columns = Columns {
        version: row.try_get(3)?,
        state: row.try_get(4)?,
        sealed: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        due_at: row.try_get(7)?,
        fence: row.try_get(8)?,
        lease_owner: row.try_get(9)?,
        lease_until: row.try_get(10)?,
        intent_at: row.try_get(11)?,
        parked_fence: row.try_get(12)?,
        parked: row.try_get(13)?,
        created_at: row.try_get(14)?,
        updated_at: row.try_get(15)?,
    };
    Ok((key, columns))
}

/// A value of a condition as a parameter.
pub(super) fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Text(text) => (text, Type::TEXT),
        Value::Integer(number) => (number, Type::INT8),
    }
}
