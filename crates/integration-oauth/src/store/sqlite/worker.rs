//! The threads that own a connection to the file.

use std::{fs::OpenOptions, path::Path, thread, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{SqliteConfig, failure::storage, schema};

/// How long to wait for another process that holds the file.
const BUSY: Duration = Duration::from_secs(5);

/// Jobs that may wait; more wait outside.
const QUEUE: usize = 1024;

/// Jobs of one transaction at most.
const BATCH: usize = 256;

/// Which connection a thread owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Runs jobs in transactions that have the lock of the file from the start.
    Writer,
    /// Runs each job as it comes.
    Reader,
}

/// A job, run on the connection; what it returns tells the caller once the fate of it is known.
type Job = Box<dyn FnOnce(Run<'_>) -> rusqlite::Result<Tell> + Send>;
type Tell = Box<dyn FnOnce(std::result::Result<(), Error>) + Send>;

/// Whether a job is to be run, or only to be answered.
enum Run<'a> {
    On(&'a Connection),
    Failed(Error),
}

/// A thread with a connection.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    pub(super) async fn start(config: &SqliteConfig, part: Part) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (ready, opened) = oneshot::channel();
        let path = config.path.clone();
        let name = match part {
            Part::Writer => "oauth-store-write",
            Part::Reader => "oauth-store-read",
        };
        let run = move || match open(&path) {
            Ok(conn) => {
                // Nobody waits any more: then nobody sends either.
                let _ = ready.send(Ok(()));
                work(queue, part, &path, conn);
            }
            Err(error) => {
                let _ = ready.send(Err(error.with_context("path", path.display())));
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        thread.map_err(|error| gone("oauth.open_store").with_source(error))?;
        opened.await.map_err(|_| gone("oauth.open_store"))??;
        Ok(Self { jobs })
    }

    /// Runs a piece of work; what it writes is on disk when this returns.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = move |run: Run<'_>| -> rusqlite::Result<Tell> {
            let conn = match run {
                Run::On(conn) => conn,
                Run::Failed(error) => {
                    let _ = reply.send(Err(error));
                    return Ok(Box::new(|_| ()));
                }
            };
            match work(conn) {
                Ok(result) => Ok(Box::new(move |fate| {
                    // A caller who has gone wants no answer; what it asked for is done.
                    let _ = reply.send(fate.and(result));
                })),
                Err(error) => {
                    let _ = reply.send(Err(storage(operation, &error)));
                    Err(error)
                }
            }
        };
        let sent = self.jobs.send(Box::new(job)).await;
        sent.map_err(|_| gone(operation))?;
        answer.await.map_err(|_| gone(operation))?
    }
}

/// Works until the store is dropped and everything that was sent is answered.
fn work(mut queue: mpsc::Receiver<Job>, part: Part, path: &Path, conn: Connection) {
    let mut conn = Some(conn);
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut open_conn = match conn.take().map_or_else(|| open(path), Ok) {
            Ok(conn) => conn,
            Err(error) => {
                for job in batch.drain(..) {
                    let _ = job(Run::Failed(error.clone()));
                }
                continue;
            }
        };
        let is_sound = match part {
            Part::Writer => write(&mut open_conn, &mut batch),
            Part::Reader => read(&open_conn, &mut batch),
        };
        // After an I/O error, what SQLite has in memory proves nothing about the disk.
        conn = is_sound.then_some(open_conn);
    }
}

/// Runs a batch in one transaction; `false` when it failed, and nothing of it was kept.
fn write(conn: &mut Connection, batch: &mut Vec<Job>) -> bool {
    let mut told: Vec<Tell> = Vec::with_capacity(batch.len());
    let mut jobs = batch.drain(..);
    let outcome = (|| {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in jobs.by_ref() {
            told.push(job(Run::On(&tx))?);
        }
        tx.commit()
    })();
    let fate = outcome.map_err(|error| storage("oauth.store", &error));
    for tell in told {
        tell(fate.clone());
    }
    if let Err(error) = &fate {
        tracing::warn!(%error, "a commit failed; nothing of it is kept");
        for job in jobs {
            let _ = job(Run::Failed(error.clone()));
        }
    }
    fate.is_ok()
}

fn read(conn: &Connection, batch: &mut Vec<Job>) -> bool {
    let mut is_sound = true;
    for job in batch.drain(..) {
        match job(Run::On(conn)) {
            Ok(tell) => tell(Ok(())),
            Err(_) => is_sound = false,
        }
    }
    is_sound
}

fn open(path: &Path) -> Result<Connection> {
    create(path)?;
    let failed = |error: rusqlite::Error| storage("oauth.open_store", &error);
    // Without `SQLITE_OPEN_URI`: a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    conn.busy_timeout(BUSY).map_err(failed)?;
    // Not a word in a file of another program, so the check comes before the pragmas.
    schema::check(&conn)?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .map_err(failed)?;
    conn.pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    schema::prepare(&mut conn)?;
    Ok(conn)
}

/// Makes the file for its owner alone; SQLite gives its companions the same mode.
fn create(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map(drop).map_err(|error| {
        Error::new(ErrorKind::Storage, "oauth.open_store")
            .with_message("the store cannot be opened")
            .with_source(error)
    })
}

fn gone(operation: &'static str) -> Error {
    Error::new(ErrorKind::Storage, operation).with_message("the thread of the store has ended")
}
