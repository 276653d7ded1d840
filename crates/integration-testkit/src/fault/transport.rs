//! Faults below all policies of a client.

use std::{fmt, future::pending, sync::Arc};

use integration_core::{
    ErrorKind,
    http::{
        AttemptRequest, HeaderMap, RawBody, RawResponse, StatusCode, Transport, TransportError,
    },
};
use tokio::time::sleep;

use super::plan::{Fault, Plan};

/// Bytes of an answer that makes no sense.
const GARBAGE: usize = 256;

/// Lets a part of the attempts of a client go wrong, as a [`FaultLayer`](super::FaultLayer) does
/// with the calls of a service. Clones count their attempts together.
///
/// [`Fault::Error`] is a connection that is refused, and [`Fault::Garbage`] a 200 with bytes that
/// are drawn from the seed.
///
/// ```
/// use integration_core::http::{Client, HttpConfig, ReqwestTransport};
/// use integration_testkit::{Fault, FaultTransport};
///
/// # fn main() -> integration_core::Result<()> {
/// let transport = FaultTransport::new(ReqwestTransport::new(HttpConfig::default()), 7)
///     .with(0.2, Fault::Status(503))
///     .with(0.1, Fault::Stall);
/// let client = Client::standard("http://127.0.0.1")?.transport(transport.clone()).build()?;
/// assert_eq!(transport.attempts(), 0);
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
pub struct FaultTransport<T> {
    inner: Arc<T>,
    plan: Plan,
}

impl<T> FaultTransport<T> {
    /// Lets nothing go wrong yet.
    #[must_use]
    pub fn new(inner: T, seed: u64) -> Self {
        Self {
            inner: Arc::new(inner),
            plan: Plan::new(seed),
        }
    }

    /// Adds a fault for this part of the attempts, 0 to 1. Beyond a sum of 1 a fault gets what is
    /// left.
    #[must_use]
    pub fn with(mut self, rate: f64, fault: Fault) -> Self {
        self.plan.add(rate, fault);
        self
    }

    /// Returns how many attempts were made so far, those that went wrong included.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.plan.calls()
    }
}

impl<T: Transport> Transport for FaultTransport<T> {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let (number, fault) = self.plan.next();
        match fault {
            None => self.inner.send(request).await,
            Some(Fault::Latency(time)) => {
                sleep(time).await;
                self.inner.send(request).await
            }
            Some(Fault::Status(status)) => Ok(answer(status, Vec::new())),
            Some(Fault::Error) => Err(TransportError::new(ErrorKind::Connect)),
            Some(Fault::Reset) => Err(TransportError::new(ErrorKind::ConnectionReset)),
            Some(Fault::Garbage) => {
                let mut bytes = vec![0; GARBAGE];
                self.plan.rng(number).fill(&mut bytes);
                Ok(answer(200, bytes))
            }
            Some(Fault::Stall) => pending().await,
        }
    }
}

impl<T> Clone for FaultTransport<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            plan: self.plan.clone(),
        }
    }
}

impl<T> fmt::Debug for FaultTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultTransport")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// A number that is no status becomes 500.
fn answer(status: u16, body: Vec<u8>) -> RawResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    RawResponse::new(status, HeaderMap::new(), RawBody::Full(body.into()))
}
