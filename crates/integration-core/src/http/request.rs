//! One call before it is sent.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    Client, Response, builder,
    client::Host,
    send::{self, Prepared},
    transport::AttemptRequest,
};
use crate::{
    bulkhead::Priority,
    classify::Repeat,
    credentials::Credentials,
    driver::{BodyReplay, CallOptions, Overrides},
    error::{Error, ErrorKind, Result},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Describes one call.
#[must_use = "a call does nothing until `send`"]
pub struct RequestBuilder {
    client: Client,
    method: Method,
    /// Where it goes, or what is wrong with the target.
    host: Result<Host, (String, &'static str)>,
    operation: Option<Cow<'static, str>>,
    key: Option<String>,
    max_attempts: Option<u32>,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    body_limit: Option<usize>,
    repeat: Option<Repeat>,
    headers: HeaderMap,
    body: Bytes,
    /// The first mistake, kept until `send`, which can report it.
    mistake: Option<Error>,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, method: Method, target: &str) -> Self {
        let host = send::resolve(&client, target).map_err(|rule| (target.to_owned(), rule));
        Self {
            client,
            method,
            host,
            operation: None,
            key: None,
            max_attempts: None,
            deadline: None,
            attempt_timeout: None,
            body_limit: None,
            repeat: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            mistake: None,
        }
    }

    /// Names the operation for errors and events. Default: the client's prefix and the method.
    pub fn operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Sets the key whose policies this call obeys. Default: the host and port of the address.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets how many attempts are made at most, the first one included; 1 to 100. Default: 3.
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.max_attempts = Some(max);
        self
    }

    /// Sets the time for the whole call, waits included; above 0. Default: 30 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the time for one attempt, body included; above 0. Default: 10 s.
    ///
    /// An attempt never gets more than what remains of the deadline.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how many bytes of the answer are read at most. Default: 8 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Sends `Idempotency-Key`, the same on every attempt, which makes the call repeatable.
    pub fn idempotency_key(self, key: impl AsRef<str>) -> Self {
        let mut this = self.header(IDEMPOTENCY_KEY, key.as_ref());
        this.repeat = this.repeat.or(Some(Repeat::Harmless));
        this
    }

    /// Says that a second execution does no harm, or that it does, whatever method and key say.
    ///
    /// Default: harmless for `GET`, `HEAD`, `OPTIONS`, `PUT`, `DELETE` and with a key.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.repeat = Some(if idempotent {
            Repeat::Harmless
        } else {
            Repeat::Harmful
        });
        self
    }

    /// Sets a header. A name or value that is no header is reported by [`send`](Self::send).
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        match builder::header(name.as_ref(), value) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(e) => self.mistake = self.mistake.or(Some(e)),
        }
        self
    }

    /// Sends `Authorization: Bearer` with this token.
    pub fn bearer(mut self, token: &SecretString) -> Self {
        let value = format!("Bearer {}", token.expose_secret());
        match builder::header("authorization", value) {
            Ok((name, mut value)) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
            Err(e) => self.mistake = self.mistake.or(Some(e)),
        }
        self
    }

    /// Sets the body. It is sent again on every attempt without being copied.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to `value` as JSON, with its content type.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.body = body.into();
                let json = HeaderValue::from_static("application/json");
                self.headers.insert(header::CONTENT_TYPE, json);
            }
            // serde_json's message may quote the value.
            Err(_) => {
                let error = Error::new(ErrorKind::Serialize, "http.request")
                    .with_message("body could not be written as json");
                self.mistake = self.mistake.or(Some(error));
            }
        }
        self
    }

    /// Sends the call and reads the whole answer.
    ///
    /// Not cancel safe in the sense of "nothing happened": dropping the future frees all it held,
    /// but the server may have acted.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]; an answer that is not 2xx is an error.
    pub async fn send(self) -> Result<Response> {
        let (client, prepared) = self.prepare()?;
        send::send(&client, prepared).await
    }

    fn prepare(mut self) -> Result<(Client, Prepared)> {
        let operation = self
            .operation
            .take()
            .unwrap_or_else(|| self.default_operation());
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake.with_operation(operation));
        }
        if let Err((_, rule)) = &self.host {
            return Err(self.refuse(&operation, rule));
        }
        let overrides = self.overrides(&operation)?;
        let options = CallOptions {
            operation,
            repeat: self.repeat.unwrap_or_else(|| repeat_of(&self.method)),
            body: BodyReplay::Possible,
            cost: None,
            priority: Priority::Normal,
        };
        let Ok(host) = self.host else {
            return Err(Error::new(ErrorKind::Config, "http.request"));
        };
        let mut headers = self.headers;
        let inner = &self.client.inner;
        let base = inner.base.as_ref();
        let is_at_base = base.is_some_and(|base| base.is_origin_of(&host.url));
        let own = inner.credentials.as_ref().and_then(Credentials::header);
        let is_ours = is_at_base && own.is_none_or(|name| !headers.contains_key(name));
        if is_at_base {
            for (name, value) in &self.client.inner.headers {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        }
        let http = Arc::clone(&inner.http.read());
        let body_limit = self.body_limit.unwrap_or(http.body_limit);
        let key = self.key.map_or(host.key, Arc::from);
        let request = AttemptRequest {
            method: self.method,
            url: host.url,
            headers,
            body: self.body,
        };
        Ok((
            self.client,
            Prepared {
                request,
                key,
                options,
                overrides,
                http,
                body_limit,
                revalidates: false,
                is_ours,
            },
        ))
    }

    fn overrides(&self, operation: &str) -> Result<Overrides> {
        let counts = 1..=crate::resilience::Config::MAX_ATTEMPTS;
        if self.max_attempts.is_some_and(|max| !counts.contains(&max)) {
            return Err(self.refuse(operation, "`max_attempts` must be 1 to 100"));
        }
        if self.deadline.is_some_and(|time| time.is_zero()) {
            return Err(self.refuse(operation, "`deadline` must be above 0"));
        }
        if self.attempt_timeout.is_some_and(|time| time.is_zero()) {
            return Err(self.refuse(operation, "`attempt_timeout` must be above 0"));
        }
        Ok(Overrides {
            max_attempts: self.max_attempts,
            deadline: self.deadline,
            attempt_timeout: self.attempt_timeout,
            passed: Duration::ZERO,
        })
    }

    fn default_operation(&self) -> Cow<'static, str> {
        let (prefix, method) = (&self.client.inner.operation_prefix, self.method.as_str());
        let mut operation = String::with_capacity(prefix.len() + 1 + method.len());
        operation.push_str(prefix);
        operation.push('.');
        operation.extend(method.chars().map(|c| c.to_ascii_lowercase()));
        Cow::Owned(operation)
    }

    fn target(&self) -> &str {
        match &self.host {
            Ok(host) => host.url.as_str(),
            Err((target, _)) => target,
        }
    }

    fn refuse(&self, operation: &str, rule: &'static str) -> Error {
        Error::new(ErrorKind::Config, operation.to_owned())
            .with_message(rule)
            .with_url(self.target())
    }
}

/// RFC 9110, 9.2.2: which methods may be sent twice.
fn repeat_of(method: &Method) -> Repeat {
    if method.is_safe() {
        Repeat::Safe
    } else if method.is_idempotent() {
        Repeat::Harmless
    } else {
        Repeat::Harmful
    }
}

impl fmt::Debug for RequestBuilder {
    /// Shows names of headers, never values, no body and no query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .field("target", &crate::redact::url(self.target()))
            .field("operation", &self.operation)
            .field("key", &self.key)
            .field("max_attempts", &self.max_attempts)
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("repeat", &self.repeat)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
