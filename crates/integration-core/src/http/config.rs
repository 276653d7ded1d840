//! What the HTTP client adds to the policies.

use std::time::Duration;

use super::DeadlineHeader;
use crate::{
    config::{MAX_DURATION, invalid},
    error::Result,
    resilience::Config,
};

/// Configures connections and bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Time for a connection, TLS included; above 0. Default: 3.1 s, just above one lost SYN.
    pub connect_timeout: Duration,
    /// Longest silence inside a body; above 0. Default: 20 s.
    pub idle_timeout: Duration,
    /// Bytes of a body that are read, at least 1. Default: 8 MiB.
    pub body_limit: usize,
    /// Idle connections that are kept for a host. Default: 100, as many as calls run at once.
    pub pool_per_host: usize,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are obeyed. Default: they are not.
    pub proxy: Proxy,
    /// Tells the server how long an attempt will be waited for. Default: nothing is sent.
    pub deadline_header: Option<DeadlineHeader>,
}

/// Where requests are sent through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// Straight to the host.
    #[default]
    None,
    /// Through what the environment of the process names.
    FromEnvironment,
}

impl HttpConfig {
    /// Sets the time for a connection.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the longest silence inside a body.
    #[must_use]
    pub const fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how many bytes of a body are read.
    #[must_use]
    pub const fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets how many idle connections are kept for a host.
    #[must_use]
    pub const fn with_pool_per_host(mut self, connections: usize) -> Self {
        self.pool_per_host = connections;
        self
    }

    /// Sets where requests are sent through.
    #[must_use]
    pub const fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Tells the server how long an attempt will be waited for.
    #[must_use]
    pub fn with_deadline_header(mut self, header: DeadlineHeader) -> Self {
        self.deadline_header = Some(header);
        self
    }

    /// Refuses a successor that would need other connections.
    pub(super) fn check_successor(&self, next: &Self) -> Result<()> {
        let fields = [
            (
                "connect_timeout",
                self.connect_timeout == next.connect_timeout,
            ),
            ("pool_per_host", self.pool_per_host == next.pool_per_host),
            ("proxy", self.proxy == next.proxy),
        ];
        match fields.iter().find(|(_, is_same)| !is_same) {
            Some((field, _)) => {
                let rule = "cannot change while the client runs, build a new one";
                Err(invalid(field, rule))
            }
            None => Ok(()),
        }
    }

    /// Checks the fields, also against those of the policies.
    pub(crate) fn validate(self, policies: &Config) -> Result<Self> {
        if self.connect_timeout.is_zero() || self.connect_timeout > policies.attempt_timeout {
            return Err(invalid(
                "connect_timeout",
                "must be above 0 and at most `attempt_timeout`",
            ));
        }
        if self.idle_timeout.is_zero() || self.idle_timeout > MAX_DURATION {
            return Err(invalid(
                "idle_timeout",
                "must be above 0 and at most 30 days",
            ));
        }
        if self.body_limit == 0 {
            return Err(invalid("body_limit", "must be at least 1"));
        }
        Ok(self)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_millis(3_100),
            idle_timeout: Duration::from_secs(20),
            body_limit: 8 * 1024 * 1024,
            pool_per_host: 100,
            proxy: Proxy::None,
            deadline_header: None,
        }
    }
}
