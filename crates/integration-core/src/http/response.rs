//! The answer, read whole.

use std::{borrow::Cow, fmt, time::Duration};

use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::{
    error::{Delivery, Error, ErrorKind, Result},
    quota::QuotaReport,
};

/// Headers in which services give the id of a request; the first found is taken.
const REQUEST_ID_HEADERS: [&str; 3] = ["request-id", "x-request-id", "x-correlation-id"];

/// Bytes of a request id that are kept.
const MAX_REQUEST_ID: usize = 128;

/// A complete answer of one attempt, as a classifier sees it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// Creates an answer, for tests of classifiers.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }
}

impl fmt::Debug for Answer {
    /// Shows no header value and no body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// An answer whose body has been read to its end; a 2xx one unless others were asked for.
///
/// [`RequestBuilder::any_status`](super::RequestBuilder::any_status) asks for others.
#[derive(Clone)]
pub struct Response {
    pub(super) operation: Cow<'static, str>,
    pub(super) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    pub(super) quota: Option<Box<QuotaReport>>,
    /// Where the provider says how it calls the request.
    pub(super) request_id_header: Option<&'static str>,
    pub(super) is_fallback: bool,
}

impl Response {
    /// An answer that no attempt gave.
    pub(super) fn at_hand(operation: Cow<'static, str>, answer: Answer) -> Self {
        Self {
            operation,
            answer,
            attempts: 0,
            elapsed: Duration::ZERO,
            quota: None,
            request_id_header: None,
            is_fallback: false,
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// Returns the whole body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.answer.body
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is not what `T` describes. The message tells line and column,
    /// never the content.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.body()).map_err(|e| self.undecodable(&e))
    }

    /// Returns how many attempts were made, this one included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns how long the call took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns what the answer said of quotas, if the client has a
    /// [parser](super::ClientBuilder::quotas) for it.
    #[must_use]
    pub fn quota(&self) -> Option<&QuotaReport> {
        self.quota.as_deref()
    }

    /// Whether it is the substitute of [`RequestBuilder::fallback`](super::RequestBuilder::fallback)
    /// and not an answer of the service.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.is_fallback
    }

    /// Returns the id that the server gave the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        find_request_id(self.headers(), self.request_id_header)
    }

    /// Keeps `serde_json`'s message out: it may quote the body.
    fn undecodable(&self, cause: &serde_json::Error) -> Error {
        let what = match cause.classify() {
            serde_json::error::Category::Data => "answer is not of the expected shape",
            _ => "answer is not valid json",
        };
        let error = Error::new(ErrorKind::Decode, self.operation.clone())
            .with_message(what)
            .with_status(self.status().as_u16())
            .with_delivery(Delivery::Executed)
            .with_context("line", cause.line())
            .with_context("column", cause.column())
            .with_provider_body(self.body());
        match self.request_id() {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }
}

impl fmt::Debug for Response {
    /// Shows no header value and no body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("operation", &self.operation)
            .field("answer", &self.answer)
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .field("is_fallback", &self.is_fallback)
            .finish_non_exhaustive()
    }
}

/// Returns the id that the server gave the request, in the provider's own header if there is one.
pub(super) fn find_request_id<'a>(
    headers: &'a HeaderMap,
    own: Option<&'static str>,
) -> Option<&'a str> {
    let mut found = own
        .into_iter()
        .chain(REQUEST_ID_HEADERS)
        .filter_map(|name| headers.get(name)?.to_str().ok());
    found.find(|id| !id.is_empty() && id.len() <= MAX_REQUEST_ID)
}
