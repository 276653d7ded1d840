//! The client, and the one place where the policies of its calls are set.

use std::sync::Arc;

use integration_core::{Result, http, rate_limit::Quota, resilience};

use crate::{Config, error::Classifier, op::Call};

/// Calls Stripe. A clone is cheap and shares connections, limits and the circuit breaker.
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
        let policies = resilience::Preset::Payments
            .policies()
            .with_timeouts(config.deadline, config.attempt_timeout)
            .with_max_attempts(config.max_attempts)
            .with_rate_limit(Quota::per_second(config.rate_limit));
        let http = http::Client::standard(&config.base_url)?
            .operation_prefix("stripe")
            .policies(policies)
            .automatic_idempotency_keys()
            .classify(Classifier::default())
            .build()?;
        Ok(Self {
            shared: Arc::new(Shared { http, config }),
        })
    }

    /// Sends a call: the one place that all operations come through.
    pub(crate) async fn execute(&self, call: &Call) -> Result<http::Response> {
        let Shared { http, config } = &*self.shared;
        let mut request = http
            .request(call.op.verb.method(), &call.target()?)
            .operation(call.op.name)
            .bearer(&config.api_key)
            .header("stripe-version", crate::API_VERSION);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.idempotency_key(key);
        }
        call.fill(request)?.send().await
    }
}
