//! Reading and writing rows.

use integration_core::Result;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, types::ToSqlOutput};

use crate::{
    connection::ConnectionKey,
    store::{
        Record,
        columns::{COLUMNS, Columns, Value},
    },
};

pub(super) fn read(
    conn: &Connection,
    key: &ConnectionKey,
) -> rusqlite::Result<Result<Option<Record>>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM connection WHERE tenant = ?1 AND provider = ?2 AND account = ?3"
    ))?;
    let parts = [key.tenant(), key.provider(), key.account()];
    let columns = statement
        .query_row(parts, |row| columns(row, 0))
        .optional()?;
    let record = columns.map(|columns| columns.into_record(key.clone()));
    Ok(record.transpose())
}

/// Reads a row that begins with the key.
pub(super) fn keyed(row: &Row<'_>) -> rusqlite::Result<Result<Record>> {
    let (tenant, provider, account): (String, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    let columns = columns(row, 3)?;
    let key = ConnectionKey::new(tenant, provider, account);
    Ok(key.and_then(|key| columns.into_record(key)))
}

/// Writes a row, new or not.
pub(super) fn write(conn: &Connection, record: Record) -> rusqlite::Result<Result<()>> {
    let key = record.key.clone();
    let columns = match Columns::of(record) {
        Ok(columns) => columns,
        Err(error) => return Ok(Err(error)),
    };
    let mut statement = conn.prepare_cached(&format!(
        "INSERT OR REPLACE INTO connection (tenant, provider, account, {COLUMNS}) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
    ))?;
    statement.execute(params![
        key.tenant(),
        key.provider(),
        key.account(),
        columns.version,
        columns.state,
        columns.sealed,
        columns.expires_at,
        columns.due_at,
        columns.fence,
        columns.lease_owner,
        columns.lease_until,
        columns.intent_at,
        columns.parked_fence,
        columns.parked,
        columns.created_at,
        columns.updated_at,
    ])?;
    Ok(Ok(()))
}

fn columns(row: &Row<'_>, from: usize) -> rusqlite::Result<Columns> {
    Ok(Columns {
        version: row.get(from)?,
        state: row.get(from + 1)?,
        sealed: row.get(from + 2)?,
        expires_at: row.get(from + 3)?,
        due_at: row.get(from + 4)?,
        fence: row.get(from + 5)?,
        lease_owner: row.get(from + 6)?,
        lease_until: row.get(from + 7)?,
        intent_at: row.get(from + 8)?,
        parked_fence: row.get(from + 9)?,
        parked: row.get(from + 10)?,
        created_at: row.get(from + 11)?,
        updated_at: row.get(from + 12)?,
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Integer(number) => number.to_sql(),
        }
    }
}
