//! The seam between the client and what puts bytes on a wire.

use std::{borrow::Cow, fmt, pin::Pin};

use ::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use url::Url;

use super::{
    Body,
    read::{self, Arrived, Reading},
    reqwest::ReqwestTransport,
};
use crate::error::{Delivery, Error, ErrorKind, Retriability};

/// Makes one attempt. The client owns time, retries and bodies; a transport only sends.
///
/// It must not retry, follow redirects or set timeouts for whole requests.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and resolves with the head of the answer.
    ///
    /// Dropping the future ends the attempt and closes or returns its connection.
    fn send(
        &self,
        request: &AttemptRequest,
    ) -> impl Future<Output = Result<RawResponse, TransportError>> + Send;
}

/// A request as every attempt sends it.
#[derive(Clone)]
#[non_exhaustive]
pub struct AttemptRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// All headers, credentials included.
    pub headers: HeaderMap,
    /// The body; cloning it copies no bytes. [`Body::open`] is how it is sent.
    pub body: Body,
}

impl AttemptRequest {
    /// Creates a request without headers and body, for tests of transports.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::default(),
        }
    }
}

impl fmt::Debug for AttemptRequest {
    /// Shows no header value, no body and no query: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRequest")
            .field("method", &self.method)
            .field("url", &crate::redact::url(self.url.as_str()))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .finish()
    }
}

/// An answer whose body has not been read.
#[derive(Debug)]
#[non_exhaustive]
pub struct RawResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: RawBody,
}

impl RawResponse {
    /// Creates an answer.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: RawBody) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }
}

/// A body that may still be on its way.
#[non_exhaustive]
pub enum RawBody {
    /// It is here.
    Full(Bytes),
    /// It comes in pieces.
    Stream(Pin<Box<dyn http_body::Body<Data = Bytes, Error = TransportError> + Send>>),
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// An attempt that got no complete answer.
#[derive(Debug)]
pub struct TransportError {
    pub(super) kind: ErrorKind,
    pub(super) message: Option<Cow<'static, str>>,
    pub(super) retriability: Retriability,
    pub(super) delivery: Delivery,
    pub(super) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// Creates an error with what follows from its kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            message: None,
            retriability: kind.retriability(),
            delivery: kind.delivery(),
            source: None,
        }
    }

    /// Returns how the attempt failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Replaces the message of the kind; it must hold no secret.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Replaces the retriability of the kind.
    #[must_use]
    pub fn with_retriability(mut self, retriability: Retriability) -> Self {
        self.retriability = retriability;
        self
    }

    /// Says whether the server may have acted. Default: what follows from the kind.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Turns an error from before the request was sent into one of the attempt.
    pub(super) fn not_sent(error: Error) -> Self {
        Self::new(error.kind())
            .with_message(error.message().to_owned())
            .with_retriability(error.retriability())
            .with_delivery(Delivery::NotSent)
            .with_source(error)
    }

    /// Keeps the cause, which must hold no secret either.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or(self.kind.summary()))
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<RawResponse, TransportError>> + Send + 'a>>;

/// What sends the requests of a client, which has no type parameter.
pub(super) enum Wire {
    Reqwest(ReqwestTransport),
    Other(Box<dyn DynTransport>),
}

impl Wire {
    /// Makes one attempt: the head, and the body unless that is left to the caller.
    pub(super) async fn exchange(
        &self,
        request: &AttemptRequest,
        reading: &Reading,
    ) -> Result<Arrived, TransportError> {
        match self {
            Self::Reqwest(transport) => transport.exchange(request, reading).await,
            Self::Other(transport) => {
                let raw = transport.send_boxed(request).await?;
                // In a box, as is all of another transport: it would make the future of ours larger.
                Box::pin(read::read(raw, reading)).await
            }
        }
    }
}

/// [`Transport`] as an object.
pub(super) trait DynTransport: Send + Sync {
    fn send_boxed<'a>(&'a self, request: &'a AttemptRequest) -> Sending<'a>;
}

impl<T: Transport> DynTransport for T {
    fn send_boxed<'a>(&'a self, request: &'a AttemptRequest) -> Sending<'a> {
        Box::pin(self.send(request))
    }
}
