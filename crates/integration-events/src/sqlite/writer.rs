//! The thread that writes.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use integration_core::Result;
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use super::{
    config::SqliteConfig,
    counts::{self, Memory, Tx},
    failure::{Failure, Work, copy, opening},
    known, schema,
};
use crate::id::UnixMillis;

/// How long to wait for another process that holds the file.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// How long after a commit failed the file is not called writable again.
const DOUBTED_MS: i64 = 3_000;

/// Statements kept prepared; more than there are.
const STATEMENTS: usize = 64;

/// Commands of one batch that the writer answers itself; of more, a task of the runtime does.
const ANSWERED_HERE: usize = 4;

/// A command on its way through the writer.
pub(super) trait Job: Send {
    /// Carries it out; an error fails the whole batch.
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;

    /// Whether a power cut must not undo it once it is answered.
    fn is_promise(&self) -> bool;

    /// Answers whoever waits, once the fate of the commit is known.
    fn answer(self: Box<Self>, committed: std::result::Result<(), &rusqlite::Error>);
}

pub(super) struct Command<F, T> {
    pub(super) operation: &'static str,
    pub(super) is_promise: bool,
    pub(super) work: F,
    pub(super) result: Option<Result<T>>,
    pub(super) reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnMut(&mut Tx<'_>) -> Work<T> + Send> Job for Command<F, T> {
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.result = Some(match (self.work)(tx) {
            Ok(value) => Ok(value),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Sql(error)) => return Err(error),
        });
        Ok(())
    }

    fn is_promise(&self) -> bool {
        self.is_promise
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), &rusqlite::Error>) {
        let answer = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => return,
            (Err(error), _) => Err(copy(self.operation, error)),
        };
        // Nobody waits any more: the command is carried out all the same.
        let _unheard = self.reply.send(answer);
    }
}

/// What the writer shows to others.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) commits: AtomicU64,
    /// Whether the last commit succeeded.
    is_writable: AtomicBool,
    /// Whether one has failed since somebody looked, and when that was seen.
    has_failed: AtomicBool,
    failure_seen: AtomicI64,
    pub(super) changes: watch::Sender<u64>,
}

impl Shown {
    pub(super) fn new() -> Self {
        Self {
            commits: 0.into(),
            is_writable: true.into(),
            has_failed: false.into(),
            failure_seen: i64::MIN.into(),
            changes: watch::Sender::new(0),
        }
    }

    /// Tells whether events can be stored. On a disk that is full some small commits still fit
    /// between those that fail, so one success does not make up for a failure.
    pub(super) fn is_writable(&self, now: UnixMillis) -> bool {
        if self.has_failed.swap(false, Ordering::Relaxed) {
            self.failure_seen.store(now.0, Ordering::Relaxed);
        }
        let seen = self.failure_seen.load(Ordering::Relaxed);
        self.is_writable.load(Ordering::Relaxed) && now.0.saturating_sub(seen) >= DOUBTED_MS
    }

    fn committed(&self, outcome: &rusqlite::Result<()>) {
        self.is_writable.store(outcome.is_ok(), Ordering::Relaxed);
        // A file that was locked is as good as before once it is free.
        if let Err(error) = outcome
            && error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy)
        {
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }
}

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) config: SqliteConfig,
    pub(super) conn: Option<Connection>,
    pub(super) jobs: mpsc::Receiver<Box<dyn Job>>,
    pub(super) memory: Memory,
    pub(super) max_pages: Option<u64>,
    pub(super) shown: Arc<Shown>,
    /// Where answers are given, if there is a runtime.
    pub(super) runtime: Option<Handle>,
    /// Whether commits wait for the disk now.
    pub(super) is_synced: bool,
}

impl Writer {
    /// Works until every sender is gone and everything sent is answered.
    pub(super) fn run(mut self) {
        let max = self.config.max_batch.max(1);
        let mut batch = Vec::with_capacity(max);
        while self.jobs.blocking_recv_many(&mut batch, max) > 0 {
            if self.config.commit_per_event {
                for job in batch.drain(..) {
                    self.commit(&mut vec![job]);
                }
            } else {
                self.commit(&mut batch);
            }
        }
        if let Err(error) = self.close() {
            tracing::debug!(%error, "the index of ids is completed by the next start");
        }
    }

    /// Completes the index of ids; should that fail, the next start reads them back.
    fn close(&mut self) -> rusqlite::Result<()> {
        let Some(conn) = &mut self.conn else {
            return Ok(());
        };
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        forget_if_others_wrote(&transaction, &mut self.memory)?;
        known::close(&transaction, &mut self.memory)?;
        transaction.commit()
    }

    fn commit(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let outcome = self.transact(batch);
        let is_ready = std::mem::take(&mut self.memory.is_ready);
        self.shown.committed(&outcome);
        match &outcome {
            Ok(()) => {
                self.shown.commits.fetch_add(1, Ordering::Relaxed);
                if is_ready {
                    self.shown
                        .changes
                        .send_modify(|count| *count = count.wrapping_add(1));
                }
            }
            Err(error) => {
                tracing::error!(%error, commands = batch.len(), "commit failed; nothing of it is kept");
                // Routes numbered and counts taken in this batch are gone with it, and after an
                // I/O error so is what the connection believes of the file.
                self.memory = Memory::default();
                self.conn = None;
            }
        }
        match (outcome, &self.runtime) {
            (Ok(()), Some(runtime)) if batch.len() > ANSWERED_HERE => {
                // Waking one task that wakes the others spares a switch of threads for each.
                let answered = std::mem::take(batch);
                runtime
                    .spawn(async move { answered.into_iter().for_each(|job| job.answer(Ok(()))) });
            }
            (outcome, _) => {
                for job in batch.drain(..) {
                    job.answer(outcome.as_ref().copied());
                }
            }
        }
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            self.conn = Some(connect(&self.path, &self.config)?.0);
            self.is_synced = self.config.synchronous_full;
        }
        let Some(conn) = &mut self.conn else {
            return Ok(());
        };
        // Leases and settlements survive the death of the process as they are, and reach the disk
        // with the next promise. A power cut before that repeats a delivery; it loses none.
        let is_synced = self.config.synchronous_full && batch.iter().any(|job| job.is_promise());
        if is_synced != self.is_synced {
            conn.pragma_update(None, "synchronous", level(is_synced))?;
            self.is_synced = is_synced;
        }
        let behavior = TransactionBehavior::Immediate;
        let transaction = conn.transaction_with_behavior(behavior)?;
        self.memory.has_room = None;
        forget_if_others_wrote(&transaction, &mut self.memory)?;
        for job in batch {
            let mut tx = Tx {
                conn: &transaction,
                memory: &mut self.memory,
                max_pages: self.max_pages,
            };
            job.run(&mut tx)?;
        }
        counts::flush(&transaction, &mut self.memory)?;
        known::flush(&transaction, &mut self.memory)?;
        transaction.commit()
    }
}

/// Forgets the held ids when another connection has written, which may have stored events.
fn forget_if_others_wrote(conn: &Connection, memory: &mut Memory) -> rusqlite::Result<()> {
    let mut pragma = conn.prepare_cached("PRAGMA data_version")?;
    let version = pragma.query_row([], |row| row.get(0))?;
    if memory.version.replace(version) != Some(version) {
        memory.recent = None;
    }
    Ok(())
}

/// Opens the file for writing; returns also how many pages the quota allows.
pub(super) fn connect(
    path: &std::path::Path,
    config: &SqliteConfig,
) -> rusqlite::Result<(Connection, Option<u64>)> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise every new value of a parameter that meets a partial index prepares its statement anew.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Never a word in a file that another program owns, so the check comes before the pragmas.
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == schema::APPLICATION_ID {
        tune(&conn, config)?;
    }
    // Of a new file alone: one that has pages keeps their size.
    conn.pragma_update(None, "page_size", PAGE_BYTES)?;
    let page_size = page_size(&conn)?;
    let max_pages = config.max_bytes.map(|max| (max / page_size).max(1));
    if let Some(max) = max_pages {
        let sql = format!("PRAGMA max_page_count = {max}");
        conn.query_row(&sql, [], |_| Ok(()))?;
    }
    Ok((conn, max_pages))
}

fn tune(conn: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", level(config.synchronous_full))?;
    let checkpoint = log_pages(config, page_size(conn)?);
    conn.query_row(
        &format!("PRAGMA wal_autocheckpoint = {checkpoint}"),
        [],
        |_| Ok(()),
    )?;
    conn.pragma_update(None, "cache_size", CACHE_KIB)?;
    conn.pragma_update(None, "foreign_keys", false)
}

fn level(is_synced: bool) -> &'static str {
    if is_synced { "FULL" } else { "NORMAL" }
}

/// Twice SQLite's default: an event of 1 KB and its delivery then change half as many pages of a
/// batch, each of which is written to the log by two calls. Four times makes a single claim slow.
const PAGE_BYTES: u32 = 8192;

fn page_size(conn: &Connection) -> rusqlite::Result<u64> {
    conn.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))
        .map(u64::from)
}

/// Pages the write-ahead log may have before it is copied into the file: with a quota no more than
/// a part of it, or the log alone would be larger than what the quota allows.
fn log_pages(config: &SqliteConfig, page_size: u64) -> u64 {
    const PART: u64 = 8;
    const LEAST: u64 = 64;
    let most = config.max_log_bytes / page_size;
    let by_quota = config.max_bytes.map_or(most, |max| max / page_size / PART);
    most.min(by_quota.max(LEAST)).max(1)
}

/// Page cache of the writer; negative is in KiB.
const CACHE_KIB: i32 = -16_384;

/// Opens the file, checks what it is, and makes or moves its tables.
pub(super) fn open(
    path: &std::path::Path,
    config: &SqliteConfig,
) -> Result<(Connection, Option<u64>)> {
    let failed = |error| opening(path, error);
    let (mut conn, max_pages) = connect(path, config).map_err(failed)?;
    schema::prepare(&mut conn, path)?;
    tune(&conn, config).map_err(failed)?;
    Ok((conn, max_pages))
}
