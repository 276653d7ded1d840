//! One call before it is sent.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;

use super::{Client, Method, Response};
use crate::error::{Error, ErrorKind, Result};

/// Describes one call.
#[must_use = "a call does nothing until `send`"]
pub struct RequestBuilder {
    client: Client,
    operation: Option<Cow<'static, str>>,
    failed: Option<Error>,
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}

impl RequestBuilder {
    pub(super) fn new(client: Client, _method: Method, _target: &str) -> Self {
        Self {
            client,
            operation: None,
            failed: None,
        }
    }

    /// Names the operation for errors and events. Default: the client's prefix and the method.
    pub fn operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Sets the key whose policies this call obeys. Default: the host and port of the address.
    pub fn key(self, _key: impl Into<String>) -> Self {
        self
    }

    /// Sets how many attempts are made at most, the first one included. Default: 3.
    pub fn max_attempts(self, _max: u32) -> Self {
        self
    }

    /// Sets the time for the whole call, waits included. Default: 30 s.
    pub fn deadline(self, _deadline: Duration) -> Self {
        self
    }

    /// Sets the time for one attempt, body included. Default: 10 s.
    pub fn attempt_timeout(self, _timeout: Duration) -> Self {
        self
    }

    /// Sends `Idempotency-Key`, the same on every attempt, which makes the call repeatable.
    pub fn idempotency_key(self, _key: impl Into<String>) -> Self {
        self
    }

    /// Says that a second execution does no harm, or that it does.
    pub fn idempotent(self, _idempotent: bool) -> Self {
        self
    }

    /// Adds a header. A name or value that is no header is reported by [`send`](Self::send).
    pub fn header(self, _name: impl AsRef<str>, _value: impl AsRef<[u8]>) -> Self {
        self
    }

    /// Sets the body.
    pub fn body(self, _body: impl Into<Bytes>) -> Self {
        self
    }

    /// Sets the body to `value` as JSON, with its content type.
    pub fn json<T: serde::Serialize + ?Sized>(self, _value: &T) -> Self {
        self
    }

    /// Sends the call and reads the whole answer.
    ///
    /// Dropping the future cancels the call and frees what it held; the server may have acted.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]; an answer that is not 2xx is an error.
    #[expect(clippy::unused_async, reason = "the driver follows")]
    pub async fn send(self) -> Result<Response> {
        let operation = self
            .operation
            .unwrap_or(Cow::Owned(self.client.shared.operation_prefix.clone()));
        Err(self
            .failed
            .unwrap_or_else(|| Error::new(ErrorKind::Config, operation)))
    }
}
