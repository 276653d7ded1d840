use std::{fmt, net::IpAddr, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use tokio_postgres::config::{Host, SslMode};

use crate::limits::MAX_FLOWS;

/// Bytes of a name in PostgreSQL.
const MAX_SCHEMA: usize = 63;

/// Which database, and how it is used.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// Where it is, and who we are there.
    pub(super) server: tokio_postgres::Config,
    /// The schema of the tables, made if it is missing. Default: `integration_oauth`.
    pub schema: String,
    /// Connections for changes at most, beside the one that listens. Default: 8.
    pub max_connections: usize,
    /// The time for one operation, connecting included. Default: 10 s.
    pub timeout: Duration,
    /// Logins that may be under way, at least 1. Default: [`MAX_FLOWS`].
    pub max_flows: usize,
}

impl PostgresConfig {
    /// Reads an address such as `postgres://user:password@host/database?sslmode=require`, or
    /// `host=... user=...`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is neither. The address is not in the error.
    pub fn new(address: &str) -> Result<Self> {
        let server = address.parse::<tokio_postgres::Config>();
        let mut server = server.map_err(|_| {
            refused(
                "this is no address of PostgreSQL: write `postgres://user:password@host/database`",
            )
        })?;
        if server.get_application_name().is_none() {
            server.application_name("integration-oauth");
        }
        Ok(Self {
            server,
            schema: "integration_oauth".to_owned(),
            max_connections: 8,
            timeout: Duration::from_secs(10),
            max_flows: MAX_FLOWS,
        })
    }

    /// Sets the schema of the tables.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not 1 to 63 small letters, digits and `_`.
    pub fn with_schema(mut self, schema: impl Into<String>) -> Result<Self> {
        self.schema = schema.into();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let length = self.schema.len();
        if length == 0 || length > MAX_SCHEMA || !self.schema.chars().all(is_plain) {
            return Err(refused("a schema must be 1 to 63 of `a-z`, `0-9` and `_`"));
        }
        Ok(self)
    }

    /// Sets how many connections change rows at most, at least 1.
    #[must_use]
    pub fn with_max_connections(mut self, max_connections: usize) -> Self {
        self.max_connections = max_connections.max(1);
        self
    }

    /// Sets the time for one operation.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many logins may be under way, at least 1. One more puts out the one that would end
    /// first.
    #[must_use]
    pub fn with_max_flows(mut self, max_flows: usize) -> Self {
        self.max_flows = max_flows.max(1);
        self
    }

    /// Refuses to send a password, and everything else, over a network as it is.
    pub(super) fn check_plain(&self) -> Result<()> {
        let is_here = |host: &Host| match host {
            Host::Tcp(name) => {
                let address = name.parse::<IpAddr>();
                name == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        let server = &self.server;
        let addresses = server.get_hostaddrs();
        let are_here = match addresses.is_empty() {
            true => server.get_hosts().iter().all(is_here),
            false => addresses.iter().all(IpAddr::is_loopback),
        };
        if are_here || server.get_ssl_mode() == SslMode::Disable {
            return Ok(());
        }
        Err(refused(
            "this server is on another machine: use `PostgresStore::connect_tls` with a TLS \
             connector, or write `sslmode=disable` if the network in between is yours alone",
        ))
    }
}

impl fmt::Debug for PostgresConfig {
    /// Shows no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("hosts", &self.server.get_hosts())
            .field("database", &self.server.get_dbname())
            .field("schema", &self.schema)
            .field("max_connections", &self.max_connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, "oauth.open_store").with_message(message)
}
