//! Making a connection, and driving it.

use std::{future::poll_fn, time::Duration};

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, Result};
use tokio::time::timeout;
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, Socket,
    tls::{MakeTlsConnect, TlsConnect, TlsStream},
};

use super::{PostgresConfig, listen::Changes};

/// Makes connections, whatever TLS they have.
#[async_trait]
pub(super) trait Connect: Send + Sync {
    async fn connect(&self) -> Result<Client>;
}

pub(super) struct Connector<T> {
    server: Config,
    /// What each session is told first.
    settings: String,
    timeout: Duration,
    tls: T,
    changes: Changes,
}

impl<T> Connector<T> {
    pub(super) fn new(config: &PostgresConfig, tls: T, changes: Changes) -> Self {
        let millis = config.timeout.as_millis();
        Self {
            server: config.server.clone(),
            settings: format!(
                "SET search_path TO {}; SET synchronous_commit TO on; \
                 SET statement_timeout TO {millis}; SET lock_timeout TO {millis}; \
                 SET idle_in_transaction_session_timeout TO {millis}",
                config.schema
            ),
            timeout: config.timeout,
            tls,
            changes,
        }
    }
}

#[async_trait]
impl<T> Connect for Connector<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    async fn connect(&self) -> Result<Client> {
        let connect = async {
            let (client, connection) = self.server.connect(self.tls.clone()).await?;
            tokio::spawn(drive(connection, self.changes.clone()));
            client.batch_execute(&self.settings).await?;
            Ok::<_, tokio_postgres::Error>(client)
        };
        let connected = timeout(self.timeout, connect).await;
        let connected = connected.map_err(|_| late("oauth.open_store"))?;
        connected.map_err(|error| storage("oauth.open_store", &error))
    }
}

/// Moves bytes until the client is dropped or the connection breaks.
async fn drive<S>(mut connection: Connection<Socket, S>, changes: Changes)
where
    S: TlsStream + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => {
                changes.notified(notification.payload());
            }
            Ok(_) => {}
            Err(error) => {
                let error = storage("oauth.store", &error);
                tracing::debug!(%error, "a connection to PostgreSQL broke");
                return;
            }
        }
    }
}

/// Describes what PostgreSQL reports, without any value of a row.
pub(super) fn storage(operation: &'static str, error: &tokio_postgres::Error) -> Error {
    let described = Error::new(ErrorKind::Storage, operation);
    match error.code() {
        Some(code) => described
            .with_message("PostgreSQL refused")
            .with_context("sqlstate", code.code()),
        None if error.is_closed() => described.with_message("the connection to PostgreSQL broke"),
        None => described.with_message("PostgreSQL cannot be reached"),
    }
}

pub(super) fn late(operation: &'static str) -> Error {
    Error::new(ErrorKind::Storage, operation).with_message("PostgreSQL did not answer in time")
}
