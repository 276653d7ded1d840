//! Posts to the gateway as the senders do.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use integration_core::{Result, http::Client, resilience};

/// Time for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The network between the senders and the gateway.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: String,
}

impl Post {
    pub(super) fn new(gateway: SocketAddr) -> Result<Self> {
        // Refusals are what some of the events are for: nothing is tried twice or held back.
        let policies = resilience::Config::default()
            .with_timeouts(ANSWER_WITHIN, ANSWER_WITHIN)
            .with_max_attempts(1)
            .with_circuit_breaker(None);
        let client = Client::standard(&format!("http://{gateway}"))?.policies(policies);
        Ok(Self {
            client: client.build()?,
        })
    }

    /// Posts one delivery to a source of the gateway.
    pub(super) async fn send(
        &self,
        source: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer> {
        let mut call = self
            .client
            .post(&format!("/in/{source}"))
            .operation("gateway.demo.send");
        for (name, value) in headers {
            call = call.header(name.as_str(), value.as_bytes());
        }
        match call.body(body).send().await {
            Ok(response) => Ok(Answer {
                status: response.status().as_u16(),
                reason: String::new(),
            }),
            Err(error) => match (error.status(), error.provider_body()) {
                (Some(status), body) => Ok(Answer {
                    status,
                    reason: body.map_or_else(String::new, |body| {
                        String::from_utf8_lossy(body).trim().to_owned()
                    }),
                }),
                (None, _) => Err(error),
            },
        }
    }
}
