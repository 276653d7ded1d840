//! The store: sends commands to the writer, runs queries on the readers.

use std::{
    fmt,
    fs::File,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc, oneshot, watch},
};

use super::{
    append::{Packed, append},
    claim,
    config::SqliteConfig,
    counts::{Memory, Tx},
    failure::{Work, opening, storage},
    log::{self, Log},
    prune::{self, Stage, Sweep},
    read,
    replay::{self, Progress},
    settle,
    writer::{self, BUSY, Command, Job, Shown, Worker, Writer},
};
use crate::{
    event::{NewEvent, Stored},
    id::{DeliveryId, EventId, UnixMillis},
    limits,
    query::{
        AttemptView, DeliveryFilter, DeliveryView, EventFilter, EventView, Page, PageRequest, Stats,
    },
    retention::RetentionPolicy,
    state::DeliveryState,
    store::{ClaimRequest, Extension, Lease, ReplayFilter, Settled, Settlement, Store},
};

/// Places in the queue that appends leave to everything else, so that a flood of events does not
/// keep deliveries from being settled.
const CONTROL: usize = 256;

/// Deliveries in a command that may be carried out in the thread of its caller: what a runtime can
/// do without that thread for, about 0.1 ms.
const SMALL: usize = 8;

/// Operations that a power cut may undo, since all that follows is that a delivery is made again.
const REPEATED_IF_LOST: [&str; 5] = [
    "events.claim",
    "events.settle",
    "events.settle_and_claim",
    "events.extend",
    "events.release",
];

/// Events in one SQLite file. Cheap to clone; the last clone waits for the writer to finish.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    writer: Arc<Mutex<Writer>>,
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    log: Arc<Log>,
    /// The writer and the copier of the log.
    threads: Vec<JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    shown: Arc<Shown>,
    config: SqliteConfig,
    /// Held as long as the store is open; the system frees it when the process ends.
    _lock: Option<File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The writer ends when nobody can tell it to work any more.
        self.jobs = None;
        self.log.end();
        for thread in self.threads.drain(..) {
            // One that panicked has nothing left to write.
            let _panicked = thread.join();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, or makes it; other processes may have it open too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a file of a newer version or of another program,
    /// [`ErrorKind::Storage`] if it cannot be read and written.
    pub fn open(path: impl AsRef<Path>, config: SqliteConfig) -> Result<Self> {
        Self::open_with(path.as_ref(), config, None)
    }

    /// Opens the file for this process alone and takes back every lease that an earlier process
    /// left, so that work resumes at once.
    ///
    /// The lock is the file of the same name with `.lock` added; a crash frees it.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and [`ErrorKind::Conflict`] if another process has it.
    pub fn open_exclusive(
        path: impl AsRef<Path>,
        config: SqliteConfig,
        now: UnixMillis,
    ) -> Result<Self> {
        let path = path.as_ref();
        let lock = lock(path)?;
        release_leases(path, &config, now)?;
        Self::open_with(path, config, Some(lock))
    }

    fn open_with(path: &Path, config: SqliteConfig, lock: Option<File>) -> Result<Self> {
        let log = Log::new(&config);
        let (conn, max_pages) = writer::open(path, &config, &log)?;
        let readers = (0..config.readers.max(1)).map(|_| reader(path));
        let readers: Vec<_> = readers.collect::<Result<_>>()?;
        let (jobs, receiver) = mpsc::channel(config.queue.max(1) + CONTROL);
        let shown = Arc::new(Shown::new());
        let writer = Arc::new(Mutex::new(Writer {
            path: path.to_owned(),
            config: config.clone(),
            conn: Some(conn),
            memory: Memory::default(),
            max_pages,
            shown: shown.clone(),
            log: log.clone(),
            is_synced: config.synchronous_full,
        }));
        let worker = Worker {
            writer: writer.clone(),
            jobs: receiver,
            runtime: Handle::try_current().ok(),
            log: log.clone(),
        };
        let settings = config.clone();
        let working = start("events-writer", move || worker.run(&settings))?;
        let (path, its, copied) = (path.to_owned(), writer.clone(), log.clone());
        let copying = start("events-copier", move || log::run(&path, &copied, &its))?;
        Ok(Self(Arc::new(Inner {
            writer,
            jobs: Some(jobs),
            log,
            threads: vec![working, copying],
            permits: Arc::new(Semaphore::new(readers.len())),
            readers: Arc::new(Mutex::new(readers)),
            shown,
            config,
            _lock: lock,
        })))
    }

    /// Has the writer do something; `spare` places of the queue must stay free.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        spare: usize,
        work: impl FnMut(&mut Tx<'_>) -> Work<T> + Send + 'static,
    ) -> Result<T> {
        let closed =
            || Error::new(ErrorKind::Storage, operation).with_message("the writer is gone");
        let jobs = self.0.jobs.as_ref().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let full = || {
            Error::new(ErrorKind::BulkheadFull, operation)
                .with_message("the queue of the store is full")
        };
        if jobs.capacity() <= spare {
            return Err(full());
        }
        let command = Command {
            operation,
            is_promise: !REPEATED_IF_LOST.contains(&operation),
            work,
            result: None,
            reply,
        };
        jobs.try_send(Box::new(command))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => full(),
                mpsc::error::TrySendError::Closed(_) => closed(),
            })?;
        answer.await.map_err(|_| closed())?
    }

    /// The same for a command that a power cut may undo. A small one is carried out here and now if
    /// the writer has nothing to do: that takes less time than to wake its thread and be woken.
    async fn write_soon<T: Send + 'static>(
        &self,
        operation: &'static str,
        size: usize,
        mut work: impl FnMut(&mut Tx<'_>) -> Work<T> + Send + 'static,
    ) -> Result<T> {
        if size <= SMALL
            && let Some(result) = self.write_here(operation, &mut work)
        {
            return result;
        }
        self.write(operation, 0, work).await
    }

    fn write_here<T>(
        &self,
        operation: &'static str,
        work: &mut impl FnMut(&mut Tx<'_>) -> Work<T>,
    ) -> Option<Result<T>> {
        let jobs = self.0.jobs.as_ref()?;
        // A long log is shortened by what goes through the writer.
        if jobs.capacity() < jobs.max_capacity() || self.0.log.is_long() {
            return None;
        }
        self.0.writer.try_lock()?.commit_here(operation, work)
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone =
            || Error::new(ErrorKind::Storage, operation).with_message("the readers are gone");
        let permit = self
            .0
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| gone())?;
        let readers = self.0.readers.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            // A permit stands for a connection in the pool.
            let conn = readers.lock().pop()?;
            let found = query(&conn);
            readers.lock().push(conn);
            Some(found)
        });
        let found = task.await.map_err(|_| gone())?.ok_or_else(gone)?;
        found.map_err(|error| storage(operation, error))
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let failed = |error| Error::new(ErrorKind::Storage, "events.open").with_source(error);
    thread.spawn(work).map_err(failed)
}

/// Opens a connection that cannot write.
fn reader(path: &Path) -> Result<Connection> {
    let open = || {
        let conn = Connection::open_with_flags(path, OpenFlags::default())?;
        conn.busy_timeout(BUSY)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.pragma_update(None, "query_only", true)?;
        Ok(conn)
    };
    open().map_err(|error| opening(path, error))
}

fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let refused = |kind, message: &'static str| {
        Error::new(kind, "events.open")
            .with_message(message)
            .with_context("path", path.display())
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name);
    let file = file.map_err(|error| {
        refused(ErrorKind::Storage, "the data directory is not writable").with_source(error)
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(refused(
            ErrorKind::Conflict,
            "another process uses this data directory",
        )),
        Err(std::fs::TryLockError::Error(error)) => Err(refused(
            ErrorKind::Storage,
            "the data directory cannot be locked",
        )
        .with_source(error)),
    }
}

fn release_leases(path: &Path, config: &SqliteConfig, now: UnixMillis) -> Result<()> {
    let (mut conn, max_pages) = writer::open(path, config, &Log::new(config))?;
    let mut release = || -> rusqlite::Result<bool> {
        let transaction = conn.transaction()?;
        let mut memory = Memory::default();
        let mut tx = Tx {
            conn: &transaction,
            memory: &mut memory,
            max_pages,
        };
        let released = match claim::release_lost(&mut tx, UnixMillis(i64::MAX), now) {
            Ok(released) => released,
            Err(super::failure::Failure::Sql(error)) => return Err(error),
            Err(super::failure::Failure::Refused(_)) => 0,
        };
        super::counts::flush(&transaction, &mut memory)?;
        transaction.commit()?;
        Ok(released > 0)
    };
    while release().map_err(|error| opening(path, error))? {}
    Ok(())
}

fn too_many(operation: &'static str, count: usize) -> Result<()> {
    if count > limits::MAX_SETTLE {
        return Err(Error::new(ErrorKind::Validation, operation)
            .with_message("too many leases in one call")
            .with_context("limit", limits::MAX_SETTLE));
    }
    Ok(())
}

impl SqliteStore {
    async fn release(&self, until: UnixMillis, now: UnixMillis) -> Result<u64> {
        let mut total = 0;
        loop {
            let work = move |tx: &mut Tx<'_>| claim::release_lost(tx, until, now);
            let released = self.write("events.release", 0, work).await?;
            total += released;
            if released < limits::CHUNK as u64 {
                return Ok(total);
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(&self, event: NewEvent) -> Result<Stored> {
        event.validate()?;
        let packed = Packed::new(event);
        self.write("events.append", CONTROL, move |tx| append(tx, &packed))
            .await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Lease>> {
        let size = request.limit;
        let work = move |tx: &mut Tx<'_>| claim::claim(tx, &request);
        self.write_soon("events.claim", size, work).await
    }

    async fn settle(&self, settlements: Vec<Settlement>, now: UnixMillis) -> Result<Vec<Settled>> {
        too_many("events.settle", settlements.len())?;
        let size = settlements.len();
        let work = move |tx: &mut Tx<'_>| settle::settle(tx, &settlements, now);
        self.write_soon("events.settle", size, work).await
    }

    async fn settle_and_claim(
        &self,
        settlements: Vec<Settlement>,
        request: ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Lease>)> {
        let operation = "events.settle_and_claim";
        too_many(operation, settlements.len())?;
        let size = settlements.len().saturating_add(request.limit);
        let work = move |tx: &mut Tx<'_>| {
            let settled = settle::settle(tx, &settlements, request.now)?;
            Ok((settled, claim::claim(tx, &request)?))
        };
        self.write_soon(operation, size, work).await
    }

    async fn extend(&self, leases: Vec<Extension>, until: UnixMillis) -> Result<Vec<Settled>> {
        too_many("events.extend", leases.len())?;
        self.write("events.extend", 0, move |tx| {
            settle::extend(tx, &leases, until)
        })
        .await
    }

    async fn release_expired(&self, now: UnixMillis) -> Result<u64> {
        self.release(now, now).await
    }

    async fn release_all(&self, now: UnixMillis) -> Result<u64> {
        self.release(UnixMillis(i64::MAX), now).await
    }

    async fn event(&self, id: EventId) -> Result<Option<EventView>> {
        self.read("events.event", move |conn| read::event(conn, id))
            .await
    }

    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<EventView>> {
        self.read("events.events", move |conn| {
            read::events(conn, &filter, page)
        })
        .await
    }

    async fn deliveries(
        &self,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliveryView>> {
        filter.validate()?;
        self.read("events.deliveries", move |conn| {
            read::deliveries(conn, &filter, page)
        })
        .await
    }

    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<AttemptView>> {
        self.read("events.attempts", move |conn| {
            read::attempts(conn, delivery)
        })
        .await
    }

    async fn stats(&self, now: UnixMillis) -> Result<Stats> {
        let mut stats = self
            .read("events.stats", move |conn| read::stats(conn, now))
            .await?;
        stats.bytes_max = self.0.config.max_bytes;
        stats.commits = self.0.shown.commits.load(Ordering::Relaxed);
        stats.is_writable = self.0.shown.is_writable(now);
        stats.queue_max = self.0.config.queue;
        if let Some(jobs) = &self.0.jobs {
            stats.queue = jobs.max_capacity() - jobs.capacity();
        }
        Ok(stats)
    }

    async fn replay(&self, replay: ReplayFilter, now: UnixMillis) -> Result<u64> {
        replay.filter.validate()?;
        let Some(filter) = replay::finished_only(replay.filter) else {
            return Ok(0);
        };
        if replay.dry_run {
            return self
                .read("events.replay", move |conn| read::count(conn, &filter))
                .await;
        }
        let mut progress = Progress::default();
        while !progress.is_over {
            let (filter, rate) = (filter.clone(), replay.rate);
            let work = move |tx: &mut Tx<'_>| replay::replay(tx, &filter, rate, now, progress);
            progress = self.write("events.replay", 0, work).await?;
        }
        Ok(progress.count)
    }

    async fn drop_dead(&self, mut filter: DeliveryFilter, now: UnixMillis) -> Result<u64> {
        filter.validate()?;
        filter.states = vec![DeliveryState::Dead];
        let mut progress = Progress::default();
        while !progress.is_over {
            let filter = filter.clone();
            let work = move |tx: &mut Tx<'_>| replay::drop_dead(tx, &filter, now, progress);
            progress = self.write("events.drop", 0, work).await?;
        }
        Ok(progress.count)
    }

    async fn prune(&self, policy: RetentionPolicy, now: UnixMillis) -> Result<u64> {
        let mut sweep = Sweep::START;
        while sweep.stage != Stage::Over {
            let work = move |tx: &mut Tx<'_>| prune::step(tx, &policy, now, sweep);
            sweep = self.write("events.prune", 0, work).await?;
        }
        Ok(sweep.count)
    }

    async fn next_due(&self) -> Result<Option<UnixMillis>> {
        self.read("events.next_due", read::next_due).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.shown.changes.subscribe()
    }
}
