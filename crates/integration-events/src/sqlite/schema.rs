//! The tables, their version, and the one place that moves a file from a version to the next.

use std::path::Path;

use integration_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use super::failure::opening;

/// Marks a file as ours: "INEV".
pub const APPLICATION_ID: i32 = 0x494e_4556;

/// The version of the tables that this crate reads and writes.
pub const SCHEMA_VERSION: i32 = 1;

/// Step number n brings a file from version n to n + 1. A step that was released never changes.
const STEPS: [&str; 1] = [V1];

const V1: &str = "
CREATE TABLE route (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- Route 0, state 0 counts events.
CREATE TABLE counter (
    route INTEGER NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (route, state)
) WITHOUT ROWID;
-- How far retention ('unrouted') and the index of ids ('indexed') have come.
CREATE TABLE mark (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    source TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    id_signed INTEGER NOT NULL,
    type TEXT,
    occurred_at INTEGER,
    received_at INTEGER NOT NULL,
    dup_count INTEGER NOT NULL DEFAULT 0,
    emptied INTEGER NOT NULL DEFAULT 0,
    body_len INTEGER NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL
);
-- The ids of all events up to the mark 'indexed', and of some later ones.
CREATE TABLE known (id BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
-- seq = event.seq * 256 + place; at = due (ready, blocked), end of lease (leased) or finished.
CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY,
    route INTEGER NOT NULL,
    state INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,
    token INTEGER NOT NULL DEFAULT 0,
    replays INTEGER NOT NULL DEFAULT 0,
    order_key TEXT,
    last_error TEXT
);
CREATE INDEX delivery_ready ON delivery (route, at) WHERE state = 0;
CREATE INDEX delivery_leased ON delivery (at) WHERE state = 2;
CREATE INDEX delivery_order ON delivery (route, order_key)
    WHERE order_key IS NOT NULL AND state < 3;
CREATE INDEX delivery_dead ON delivery (seq) WHERE state = 4;
-- One row for each attempt that ended; no is the token of its lease.
CREATE TABLE attempt (
    delivery INTEGER NOT NULL, no INTEGER NOT NULL,
    started_at INTEGER NOT NULL, elapsed INTEGER NOT NULL,
    status INTEGER, outcome INTEGER NOT NULL, error TEXT,
    PRIMARY KEY (delivery, no)
) WITHOUT ROWID;
";

/// Makes the tables of a new file, moves an older one up, refuses one that is newer or not ours.
pub(super) fn prepare(conn: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error| opening(path, error);
    let tx = conn
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let pragma = |name: &str| tx.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = pragma("application_id").map_err(failed)?;
    let version = pragma("user_version").map_err(failed)?;
    let tables: i64 = tx
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    let is_new = tables == 0 && application == 0 && version == 0;
    check(path, is_new, application, version)?;
    let from = usize::try_from(version).unwrap_or(0);
    for step in STEPS.iter().skip(from) {
        tx.execute_batch(step).map_err(failed)?;
    }
    if from < STEPS.len() {
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed)?;
        tx.pragma_update(None, "user_version", SCHEMA_VERSION)
            .map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

fn check(path: &Path, is_new: bool, application: i32, version: i32) -> Result<()> {
    let refuse = |message: String| {
        Err(Error::new(ErrorKind::Config, "events.open")
            .with_message(message)
            .with_context("path", path.display()))
    };
    if is_new {
        return Ok(());
    }
    if application != APPLICATION_ID {
        return refuse("the file belongs to another program; choose another data directory".into());
    }
    if version > SCHEMA_VERSION {
        return refuse(format!(
            "the database has version {version}, this program knows up to {SCHEMA_VERSION}; \
             start the newer program that wrote it, or choose another data directory"
        ));
    }
    Ok(())
}
