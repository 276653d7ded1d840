//! The tables, their version, and the one place that moves a file from a version to the next.

use integration_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};

use super::failure::storage;

/// Marks a file as ours: "INOA".
const APPLICATION_ID: i32 = 0x494e_4f41;

/// The version of the tables that are read and written.
const VERSION: i32 = 1;

/// Step number n brings a file from version n to n + 1. A step that was released never changes.
const STEPS: [&str; 1] = [V1];

const V1: &str = "
-- Times are microseconds since the Unix epoch; `state` is JSON.
CREATE TABLE connection (
    tenant TEXT NOT NULL,
    provider TEXT NOT NULL,
    account TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    sealed BLOB NOT NULL,
    expires_at INTEGER,
    due_at INTEGER,
    fence INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    intent_at INTEGER,
    parked_fence INTEGER,
    parked BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, provider, account)
);
CREATE INDEX connection_due ON connection (state, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE flow (
    id BLOB PRIMARY KEY,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX flow_end ON flow (expires_at);
";

/// Refuses a file of another program or of a later version, before anything is written to it.
pub(super) fn check(conn: &Connection) -> Result<()> {
    let failed = |error: rusqlite::Error| storage("oauth.open_store", &error);
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = pragma("application_id").map_err(failed)?;
    let version = pragma("user_version").map_err(failed)?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = conn
        .query_row(count, [], |row| row.get(0))
        .map_err(failed)?;
    let refuse = |message: String| {
        Err(Error::new(ErrorKind::Config, "oauth.open_store").with_message(message))
    };
    if application != APPLICATION_ID {
        let is_new = tables == 0 && application == 0 && version == 0;
        return match is_new {
            true => Ok(()),
            false => refuse("the file belongs to another program; choose another path".into()),
        };
    }
    if version > VERSION {
        return refuse(format!(
            "the file has version {version}, this program knows up to {VERSION}; start the newer \
             program that wrote it, or choose another path"
        ));
    }
    Ok(())
}

/// Makes the tables of a new file, and moves an older one up.
pub(super) fn prepare(conn: &mut Connection) -> Result<()> {
    let failed = |error: rusqlite::Error| storage("oauth.open_store", &error);
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Once more under the lock: another process may have been at it.
    check(&tx)?;
    let version: i32 = tx
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let from = usize::try_from(version).unwrap_or(0);
    for step in STEPS.iter().skip(from) {
        tx.execute_batch(step).map_err(failed)?;
    }
    if from < STEPS.len() {
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed)?;
        tx.pragma_update(None, "user_version", VERSION)
            .map_err(failed)?;
    }
    tx.commit().map_err(failed)
}
