//! The client, and the one place where the policies of its calls are set.

use std::time::Duration;

use integration_core::{
    Result, credentials::Credentials, http, quota::Preset, rate_limit::Quota, resilience,
};

use crate::{Config, error::{{Name}}Error, resources::Items};

/// Calls {{Name}}. A clone is cheap and shares connections, limits and the circuit breaker.
#[derive(Clone, Debug)]
pub struct Client {
    http: http::Client,
}

impl Client {
    /// Creates a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field that is wrong.
    pub fn new(config: &Config) -> Result<Self> {
        Self::from_builder(Self::builder(config)?)
    }

    /// Returns what `new` builds, for an observer, settings of a file or a transport of a test.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn builder(config: &Config) -> Result<http::ClientBuilder> {
        let policies = resilience::Config::default()
            .with_timeouts(Duration::from_secs(30), Duration::from_secs(10))
            .with_max_attempts(3)
            .with_rate_limit(Quota::per_second(25));
        Ok(http::Client::standard(&config.base_url)?
            .operation_prefix("{{name}}")
            .policies(policies)
            .credentials(Credentials::bearer(&config.api_key)?)
            .classify(http::JsonErrors::<{{Name}}Error>::default())
            .quotas(Preset::Standard)
            .automatic_idempotency_keys())
    }

    /// Creates a client of what [`builder`](Self::builder) gave.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_builder(builder: http::ClientBuilder) -> Result<Self> {
        let http = builder.build()?;
        Ok(Self { http })
    }

    /// Returns the calls about items.
    #[must_use]
    pub fn items(&self) -> Items<'_> {
        Items { http: &self.http }
    }
}
