//! The write-ahead log, and the thread that copies it into the file.
//!
//! Left alone, SQLite copies the log within the commit that finds it long, and whoever waits for
//! that commit waits until tens of megabytes are on disk. Here another connection copies while
//! commits go on. Only the little they added meanwhile is copied while none is made, after which
//! the next one begins the log anew.

use std::{
    ffi::c_int,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, hooks::Wal, wal::CheckpointMode};

use super::{config::SqliteConfig, writer::Writer};

/// Of a long log the part, one in this many, that may be copied while no commit is made.
const LITTLE: u64 = 16;

/// Times at most that the log is copied while commits go on.
const PARTS: usize = 4;

/// How long the log is, in pages, as the latest commit left it.
#[derive(Debug)]
pub(super) struct Log {
    pages: AtomicU64,
    most: AtomicU64,
    most_bytes: u64,
    copying: Mutex<Copying>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copying {
    /// Nobody asked for it since it was last done.
    Idle,
    /// It was asked for, and may be under way.
    Due,
    /// No more.
    Over,
}

impl Log {
    /// With a quota the log has no more than a part of it, or it alone would be larger than that.
    pub(super) fn new(config: &SqliteConfig) -> Arc<Self> {
        const PART: u64 = 8;
        const LEAST: u64 = 512 << 10;
        let by_quota = config.max_bytes.map_or(u64::MAX, |max| max / PART);
        Arc::new(Self {
            pages: 0.into(),
            most: u64::MAX.into(),
            most_bytes: config.max_log_bytes.min(by_quota.max(LEAST)),
            copying: Mutex::new(Copying::Idle),
            changed: Condvar::new(),
        })
    }

    /// Has a connection tell how long its commits leave the log, and no longer copy it by itself.
    pub(super) fn watch(
        self: &Arc<Self>,
        conn: &mut Connection,
        page_bytes: u64,
    ) -> rusqlite::Result<()> {
        let most = (self.most_bytes / page_bytes).max(1);
        self.most.store(most, Ordering::Relaxed);
        let log = self.clone();
        conn.wal_hook(Some(move |_: &mut Wal, pages| {
            log.pages.store(number(pages), Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Whether it should be copied now.
    pub(super) fn is_long(&self) -> bool {
        self.pages.load(Ordering::Relaxed) >= self.most.load(Ordering::Relaxed)
    }

    /// Whether more comes in than is copied, so that commits should wait.
    pub(super) fn is_too_long(&self) -> bool {
        self.pages.load(Ordering::Relaxed) / 2 >= self.most.load(Ordering::Relaxed)
    }

    /// Copies until little is left, which what is committed meanwhile adds to, then the rest.
    fn copy(
        &self,
        mut part: impl FnMut() -> rusqlite::Result<(c_int, c_int)>,
        writer: &Mutex<Writer>,
    ) -> rusqlite::Result<()> {
        for _ in 0..PARTS {
            let (_, copied) = part()?;
            let left = self
                .pages
                .load(Ordering::Relaxed)
                .saturating_sub(number(copied));
            if left < self.most.load(Ordering::Relaxed) / LITTLE {
                break;
            }
        }
        let _no_commit = writer.lock();
        part().map(drop)
    }

    /// Asks for the log to be copied.
    pub(super) fn ask(&self) {
        self.turn(Copying::Idle, Copying::Due);
    }

    /// Waits until what was asked for is done, or has failed.
    pub(super) fn wait(&self) {
        self.wait_while(Copying::Due);
    }

    /// Ends the thread that copies.
    pub(super) fn end(&self) {
        *self.copying.lock() = Copying::Over;
        self.changed.notify_all();
    }

    fn turn(&self, from: Copying, to: Copying) {
        let mut copying = self.copying.lock();
        if *copying == from {
            *copying = to;
            self.changed.notify_all();
        }
    }

    fn wait_while(&self, state: Copying) -> Copying {
        let mut copying = self.copying.lock();
        self.changed.wait_while(&mut copying, |now| *now == state);
        *copying
    }
}

/// Copies the log whenever asked to, until it ends.
pub(super) fn run(path: &Path, log: &Log, writer: &Mutex<Writer>) {
    let _over = Over(log);
    let mut conn = None;
    while log.wait_while(Copying::Idle) == Copying::Due {
        let copy = || {
            let conn = match &mut conn {
                Some(conn) => conn,
                none => none.insert(open(path)?),
            };
            conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)
        };
        if let Err(error) = log.copy(copy, writer) {
            tracing::debug!(%error, "the log is not copied into the file yet");
        }
        log.turn(Copying::Due, Copying::Idle);
    }
}

/// Ends the log with its thread, so that nobody waits for the copy of one that panicked.
struct Over<'a>(&'a Log);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What SQLite counts, which is less than nothing where there is no log.
fn number(pages: c_int) -> u64 {
    u64::try_from(pages).unwrap_or(0)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    // Until it has read something a connection does not know that there is a log.
    conn.pragma_query_value(None, "application_id", |_| Ok(()))?;
    Ok(conn)
}
