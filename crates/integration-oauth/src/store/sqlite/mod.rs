//! Connections and logins in a SQLite file, for one machine and any number of processes on it.
//!
//! Two threads own a connection each: one writes, one reads. The writer takes everything that waits
//! and runs it in one transaction, which is on disk (`synchronous = FULL`) before anybody hears of
//! it; the batch is whoever came during the last commit. Between processes the lock of the file
//! orders them, and a transaction takes it before it reads.

mod config;
mod connections;
mod failure;
mod flows;
mod rows;
mod schema;
mod worker;

use std::{fmt, sync::Arc};

use integration_core::Result;
use tokio::sync::watch;

pub use self::config::SqliteConfig;
use self::worker::Worker;

/// Keeps connections and pending logins in a SQLite file, which several processes may share.
///
/// ```no_run
/// use integration_oauth::store::SqliteStore;
///
/// # async fn open() -> integration_oauth::Result<()> {
/// let store = SqliteStore::open("oauth.db").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
///
/// A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    config: SqliteConfig,
    writer: Worker,
    reader: Worker,
    /// Counts writes of this process, for those who wait for one.
    writes: watch::Sender<u64>,
}

impl SqliteStore {
    /// Opens a file, or makes one that only its owner may read, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](integration_core::ErrorKind::Storage) when it cannot be opened, and
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when it belongs to another program
    /// or to a later version of this one.
    pub async fn open(config: impl Into<SqliteConfig>) -> Result<Self> {
        let config = config.into();
        // The writer first: it makes the tables.
        let writer = Worker::start(&config, worker::Part::Writer).await?;
        let reader = Worker::start(&config, worker::Part::Reader).await?;
        Ok(Self(Arc::new(Inner {
            config,
            writer,
            reader,
            writes: watch::Sender::default(),
        })))
    }

    fn wake(&self) {
        let count = |count: &mut u64| *count = count.wrapping_add(1);
        self.0.writes.send_modify(count);
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.0.config.path)
            .finish_non_exhaustive()
    }
}
