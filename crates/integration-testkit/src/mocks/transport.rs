//! The transport, and what it answers.

use std::{future::ready, pin::Pin};

use bytes::Bytes;
use integration_core::{
    ErrorKind,
    http::{
        AttemptRequest, HeaderMap, RawBody, RawResponse, StatusCode, Transport, TransportError,
    },
};
use mockall::mock;

/// What [`MockTransport`] returns: the outcome of one attempt, when it comes.
pub type Sending = Pin<Box<dyn Future<Output = Result<RawResponse, TransportError>> + Send>>;

mock! {
    /// A mock of [`Transport`], below all policies of a client: each attempt is a call of it.
    ///
    /// It returns [`answer`], [`failure`] or a boxed future of its own, such as one that sleeps.
    #[derive(Debug)]
    pub Transport {}

    impl Transport for Transport {
        fn send(&self, request: &AttemptRequest) -> impl Future<Output = Result<RawResponse, TransportError>> + Send;
    }
}

/// Answers at once, without headers. A number that is no status becomes 500.
pub fn answer(status: u16, body: impl Into<Bytes>) -> Sending {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = RawBody::Full(body.into());
    Box::pin(ready(Ok(RawResponse::new(status, HeaderMap::new(), body))))
}

/// Fails at once, with what follows from this kind.
pub fn failure(kind: ErrorKind) -> Sending {
    Box::pin(ready(Err(TransportError::new(kind))))
}
