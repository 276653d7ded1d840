//! Where the Redis is.

use std::time::Duration;

use redis::IntoConnectionInfo;
use secrecy::{ExposeSecret, SecretString};

use crate::{config::invalid, error::Result};

/// Configures a [`RedisStore`](super::RedisStore).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// The address, `redis://user:password@host:6379/0`. A secret as a whole, for it holds one.
    pub url: SecretString,
    /// What every key in the Redis begins with, up to 64 characters. Default: `integration:`.
    ///
    /// Fleets that share nothing need different ones.
    pub prefix: String,
    /// The longest time for a connection, and for an answer of a connection, 1 ms to 1 min.
    /// Default: 1 s.
    ///
    /// Calls wait shorter: see [`FleetConfig::timeout`](crate::shared_store::FleetConfig::timeout).
    pub timeout: Duration,
}

impl RedisConfig {
    /// Describes the Redis at this address; everything else has its default.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            prefix: "integration:".to_owned(),
            timeout: Duration::from_secs(1),
        }
    }

    /// Sets what every key in the Redis begins with.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the longest time for a connection, and for an answer of a connection.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule, and never
    /// the address.
    pub fn validate(self) -> Result<Self> {
        if self.prefix.len() > 64 {
            let rule = "must be at most 64 characters";
            return Err(invalid("redis.prefix", rule));
        }
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(60));
        if self.timeout < least || self.timeout > most {
            return Err(invalid("redis.timeout", "must be 1 ms to 1 min"));
        }
        let info = self.url.expose_secret().into_connection_info();
        if !info.is_ok_and(|info| info.addr().is_supported()) {
            // The reason is not shown: it may repeat a part of the address.
            return Err(invalid("redis.url", "must be `redis://host:port/database`"));
        }
        Ok(self)
    }
}
