//! The client, and the one place where the policies of its calls are set.

use std::sync::Arc;

use integration_core::{
    ExposeSecret, Result,
    http::{self, Method},
};
use serde::de::DeserializeOwned;

use crate::{Config, error, resources::Items};

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
        let http = http::Client::standard(&config.base_url)?
            .operation_prefix("{{name}}")
            .rate_limit(config.rate_limit)
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
            .deadline(config.deadline)
            .attempt_timeout(config.attempt_timeout)
            .max_attempts(config.max_attempts)
            .header(
                "authorization",
                format!("Bearer {}", config.api_key.expose_secret()),
            )
            .send()
            .await
            .map_err(error::mapped)?;
        response.json()
    }
}
