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
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use super::{
    config::SqliteConfig,
    counts::{self, Memory, Tx},
    failure::{Failure, Work, copy, opening},
    known,
    log::Log,
    schema,
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
        self.result = Some(carry_out(&mut self.work, tx)?);
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

/// Tells a refusal, which is an answer, from a failure of the whole batch.
fn carry_out<T>(
    work: &mut impl FnMut(&mut Tx<'_>) -> Work<T>,
    tx: &mut Tx<'_>,
) -> rusqlite::Result<Result<T>> {
    match work(tx) {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Refused(error)) => Ok(Err(error)),
        Err(Failure::Sql(error)) => Err(error),
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
            && !is_busy(error)
        {
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }
}

/// The connection that writes, and what it knows. Who holds the lock on it writes: its thread, or a
/// caller with little to do while that thread has nothing.
pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) config: SqliteConfig,
    pub(super) conn: Option<Connection>,
    pub(super) memory: Memory,
    pub(super) max_pages: Option<u64>,
    pub(super) shown: Arc<Shown>,
    pub(super) log: Arc<Log>,
    /// Whether commits wait for the disk now.
    pub(super) is_synced: bool,
}

/// What the thread of the writer works with.
pub(super) struct Worker {
    pub(super) writer: Arc<Mutex<Writer>>,
    pub(super) jobs: mpsc::Receiver<Box<dyn Job>>,
    /// Where answers are given, if there is a runtime.
    pub(super) runtime: Option<Handle>,
    pub(super) log: Arc<Log>,
}

impl Worker {
    /// Works until every sender is gone and everything sent is answered.
    pub(super) fn run(mut self, config: &SqliteConfig) {
        let max = config.max_batch.max(1);
        let mut batch = Vec::with_capacity(max);
        while self.jobs.blocking_recv_many(&mut batch, max) > 0 {
            if config.commit_per_event {
                batch.drain(..).for_each(|job| self.work_off(vec![job]));
            } else {
                let next = Vec::with_capacity(batch.len());
                self.work_off(std::mem::replace(&mut batch, next));
            }
        }
        if let Err(error) = self.writer.lock().close() {
            tracing::debug!(%error, "the index of ids is completed by the next start");
        }
    }

    /// Commits a batch and answers it.
    fn work_off(&self, mut batch: Vec<Box<dyn Job>>) {
        if self.log.is_too_long() {
            self.log.wait();
        }
        let is_promise = batch.iter().any(|job| job.is_promise());
        let run = |tx: &mut Tx<'_>| batch.iter_mut().try_for_each(|job| job.run(tx));
        let outcome = self.writer.lock().commit(is_promise, run);
        match (outcome, &self.runtime) {
            (Ok(()), Some(runtime)) if batch.len() > ANSWERED_HERE => {
                // Waking one task that wakes the others spares a switch of threads for each.
                runtime.spawn(async move { batch.into_iter().for_each(|job| job.answer(Ok(()))) });
            }
            (outcome, _) => {
                for job in batch {
                    job.answer(outcome.as_ref().copied());
                }
            }
        }
        if self.log.is_long() {
            self.log.ask();
        }
    }
}

impl Writer {
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

    /// Does what is no promise in the thread of the caller; `None` if it would have to wait.
    pub(super) fn commit_here<T>(
        &mut self,
        operation: &'static str,
        work: &mut impl FnMut(&mut Tx<'_>) -> Work<T>,
    ) -> Option<Result<T>> {
        self.conn.as_ref()?.busy_timeout(Duration::ZERO).ok()?;
        let mut result = None;
        let outcome = self.transact(false, |tx| {
            result = Some(carry_out(work, tx)?);
            Ok(())
        });
        if let Some(conn) = &self.conn {
            // What was done must be answered, whatever becomes of this.
            let _kept_short = conn.busy_timeout(BUSY);
        }
        if result.is_none() && outcome.as_ref().is_err_and(is_busy) {
            return None;
        }
        self.committed(&outcome);
        match outcome {
            Ok(()) => result,
            Err(error) => Some(Err(copy(operation, &error))),
        }
    }

    fn commit(
        &mut self,
        is_promise: bool,
        run: impl FnMut(&mut Tx<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let outcome = self.transact(is_promise, run);
        self.committed(&outcome);
        outcome
    }

    fn committed(&mut self, outcome: &rusqlite::Result<()>) {
        let is_ready = std::mem::take(&mut self.memory.is_ready);
        self.shown.committed(outcome);
        match outcome {
            Ok(()) => {
                self.shown.commits.fetch_add(1, Ordering::Relaxed);
                if is_ready {
                    self.shown
                        .changes
                        .send_modify(|count| *count = count.wrapping_add(1));
                }
            }
            Err(error) => {
                tracing::error!(%error, "commit failed; nothing of it is kept");
                // Routes numbered and counts taken in this batch are gone with it, and after an
                // I/O error so is what the connection believes of the file.
                self.memory = Memory::default();
                self.conn = None;
            }
        }
    }

    fn transact(
        &mut self,
        is_promise: bool,
        mut run: impl FnMut(&mut Tx<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            self.conn = Some(connect(&self.path, &self.config, &self.log)?.0);
            self.is_synced = self.config.synchronous_full;
        }
        let Some(conn) = &mut self.conn else {
            return Ok(());
        };
        // Leases and settlements survive the death of the process as they are, and reach the disk
        // with the next promise. A power cut before that repeats a delivery; it loses none.
        let is_synced = self.config.synchronous_full && is_promise;
        if is_synced != self.is_synced {
            conn.pragma_update(None, "synchronous", level(is_synced))?;
            self.is_synced = is_synced;
        }
        let behavior = TransactionBehavior::Immediate;
        let transaction = conn.transaction_with_behavior(behavior)?;
        self.memory.has_room = None;
        forget_if_others_wrote(&transaction, &mut self.memory)?;
        run(&mut Tx {
            conn: &transaction,
            memory: &mut self.memory,
            max_pages: self.max_pages,
        })?;
        counts::flush(&transaction, &mut self.memory)?;
        known::flush(&transaction, &mut self.memory)?;
        transaction.commit()
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
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
    log: &Arc<Log>,
) -> rusqlite::Result<(Connection, Option<u64>)> {
    let mut conn = Connection::open(path)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise every new value of a parameter that meets a partial index prepares its statement anew.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Never a word in a file that another program owns, so the check comes before the pragmas.
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == schema::APPLICATION_ID {
        tune(&mut conn, config, log)?;
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

fn tune(conn: &mut Connection, config: &SqliteConfig, log: &Arc<Log>) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", level(config.synchronous_full))?;
    log.watch(conn, page_size(conn)?)?;
    conn.pragma_update(None, "cache_size", CACHE_KIB)?;
    conn.pragma_update(None, "foreign_keys", false)
}

fn level(is_synced: bool) -> &'static str {
    if is_synced { "FULL" } else { "NORMAL" }
}

/// Twice SQLite's default: an event of 1 KB and its delivery then change half as many pages of a
/// batch, each of which is written to the log by two calls. Larger ones make a single claim slow.
const PAGE_BYTES: u32 = 8192;

fn page_size(conn: &Connection) -> rusqlite::Result<u64> {
    conn.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))
        .map(u64::from)
}

/// Page cache of the writer; negative is in KiB.
const CACHE_KIB: i32 = -16_384;

/// Opens the file, checks what it is, and makes or moves its tables.
pub(super) fn open(
    path: &std::path::Path,
    config: &SqliteConfig,
    log: &Arc<Log>,
) -> Result<(Connection, Option<u64>)> {
    let failed = |error| opening(path, error);
    let (mut conn, max_pages) = connect(path, config, log).map_err(failed)?;
    schema::prepare(&mut conn, path)?;
    tune(&mut conn, config, log).map_err(failed)?;
    Ok((conn, max_pages))
}
