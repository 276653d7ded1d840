//! The answer, read whole.

use std::{borrow::Cow, fmt, time::Duration};

use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::error::{Delivery, Error, ErrorKind, Result};

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

/// A 2xx answer whose body has been read to its end.
#[derive(Clone)]
pub struct Response {
    pub(super) operation: Cow<'static, str>,
    pub(super) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl Response {
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

    /// Returns the id that the server gave the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        find_request_id(self.headers())
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
            .finish()
    }
}

/// Returns the id that the server gave the request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    find_request_id(headers).map(str::to_owned)
}

pub(super) fn find_request_id(headers: &HeaderMap) -> Option<&str> {
    let mut found = REQUEST_ID_HEADERS
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok());
    found.find(|id| !id.is_empty() && id.len() <= MAX_REQUEST_ID)
}
