//! A few connections, each used by one transaction at a time.

use std::sync::Arc;

use integration_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Client;

use super::connect::{Connect, storage};

pub(super) struct Pool {
    connector: Arc<dyn Connect>,
    idle: Arc<Mutex<Vec<Client>>>,
    permits: Arc<Semaphore>,
}

/// A transaction under way. Dropped before its end, it takes its connection with it, and the
/// server undoes it.
pub(super) struct Session {
    client: Client,
    idle: Arc<Mutex<Vec<Client>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(connector: Arc<dyn Connect>, max_connections: usize) -> Self {
        Self {
            connector,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(max_connections)),
        }
    }

    /// Begins a transaction. An idle connection that broke meanwhile is noticed here, where nothing
    /// has been done yet.
    pub(super) async fn begin(&self, operation: &'static str) -> Result<Session> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|error| {
            Error::new(ErrorKind::Storage, operation)
                .with_message("the store is closed")
                .with_source(error)
        })?;
        let session = |client| Session {
            client,
            idle: self.idle.clone(),
            _permit: permit,
        };
        loop {
            // The lock is not held over the wait.
            let idle = self.idle.lock().pop();
            let Some(client) = idle else { break };
            if !client.is_closed() && client.batch_execute(BEGIN).await.is_ok() {
                return Ok(session(client));
            }
        }
        let client = self.connector.connect().await?;
        let begun = client.batch_execute(BEGIN).await;
        begun.map_err(|error| storage(operation, &error))?;
        Ok(session(client))
    }
}

impl Session {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the transaction; on disk when it returns.
    pub(super) async fn commit(self, operation: &'static str) -> Result<()> {
        let committed = self.client.batch_execute("COMMIT").await;
        committed.map_err(|error| storage(operation, &error))?;
        self.idle.lock().push(self.client);
        Ok(())
    }
}
