//! The client, and the one place where the policies of its calls are set.

use std::sync::Arc;

use integration_core::{
    Result,
    http::{self, Method},
    rate_limit::Quota,
    resilience,
};
use serde::de::DeserializeOwned;

use crate::{Config, error::Classifier, resources::Items};

/// Calls {{Name}}. A clone is cheap and shares connections, limits and the circuit breaker.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: http::Client,
    config: Config,
}

impl Client {
    /// Creates a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field that is wrong.
    pub fn new(config: Config) -> Result<Self> {
        config.validate()?;
        let policies = resilience::Config::default()
            .with_timeouts(config.deadline, config.attempt_timeout)
            .with_max_attempts(config.max_attempts)
            .with_rate_limit(Quota::per_second(config.rate_limit));
        let http = http::Client::standard(&config.base_url)?
            .operation_prefix("{{name}}")
            .policies(policies)
            .classify(Classifier::default())
            .build()?;
        Ok(Self {
            shared: Arc::new(Shared { http, config }),
        })
    }

    /// Returns the calls about items.
    #[must_use]
    pub fn items(&self) -> Items<'_> {
        Items { client: self }
    }

    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
    ) -> Result<T> {
        let Shared { http, config } = &*self.shared;
        let response = http
            .request(method, path)
            .operation(operation)
            .bearer(&config.api_key)
            .send()
            .await?;
        response.json()
    }
}
