//! Connections and logins in PostgreSQL, for any number of machines.
//!
//! A change is a transaction that locks the row, reads the time of the database, applies the same
//! rule as every other store and commits. Leases end by the time of the database, so the machines
//! need not agree on theirs. Who waits for a change is told by `NOTIFY`, and looks for itself now
//! and then, because a notification that is sent while nobody listens is gone.

mod config;
mod connect;
mod connections;
mod flows;
mod listen;
mod pool;
mod rows;
mod schema;

use std::{fmt, sync::Arc};

use integration_core::Result;
use tokio::task::AbortHandle;
use tokio_postgres::{
    NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

pub use self::config::PostgresConfig;
use self::{
    connect::{Connect, Connector},
    listen::Changes,
    pool::Pool,
};

/// Keeps connections and pending logins in PostgreSQL, for any number of processes and machines.
///
/// ```no_run
/// use integration_oauth::store::{PostgresConfig, PostgresStore};
///
/// # async fn open() -> integration_oauth::Result<()> {
/// let config = PostgresConfig::new("postgres://app@127.0.0.1/app")?;
/// let store = PostgresStore::connect(config).await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
///
/// A clone is the same store. Connections that break are made anew. A pooler in between must keep
/// sessions: `LISTEN` belongs to one.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    config: PostgresConfig,
    pool: Pool,
    changes: Changes,
    listener: AbortHandle,
}

impl PostgresStore {
    /// Connects without TLS, and brings the tables up to date.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when the server is not on this
    /// machine and `sslmode=disable` does not say that this is meant, or when its tables belong to a
    /// later version; [`ErrorKind::Storage`](integration_core::ErrorKind::Storage) when it does not
    /// answer.
    pub async fn connect(config: PostgresConfig) -> Result<Self> {
        config.check_plain()?;
        Self::connect_tls(config, NoTls).await
    }

    /// Connects with a TLS connector of the `tokio-postgres` family, such as that of
    /// `tokio-postgres-rustls`. Say `sslmode=require` in the address, or a server without TLS is
    /// talked to without.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_tls<T>(config: PostgresConfig, tls: T) -> Result<Self>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let changes = Changes::new();
        let connector: Arc<dyn Connect> = Arc::new(Connector::new(&config, tls, changes.clone()));
        schema::prepare(&*connector, &config).await?;
        let listener = listen::start(connector.clone(), changes.clone());
        Ok(Self(Arc::new(Inner {
            pool: Pool::new(connector, config.max_connections),
            config,
            changes,
            listener,
        })))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
