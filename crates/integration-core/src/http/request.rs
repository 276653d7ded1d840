//! One call before it is sent.

use std::{borrow::Cow, fmt, time::Duration};

use ::http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::form_urlencoded;

use super::{
    Answer, Body, Client, Multipart, Response, StreamingResponse, builder, client::Host, send, tls,
};
use crate::{
    bulkhead::Priority,
    classify::Repeat,
    error::{Error, ErrorKind, Result},
    rate_limit::Cost,
};

/// Describes one call.
#[must_use = "a call does nothing until it is sent"]
pub struct RequestBuilder {
    pub(super) client: Client,
    pub(super) method: Method,
    /// Where it goes, or what is wrong with the target.
    pub(super) host: Result<Host, (String, &'static str)>,
    pub(super) operation: Option<Cow<'static, str>>,
    pub(super) key: Option<String>,
    pub(super) max_attempts: Option<u32>,
    pub(super) deadline: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) body_limit: Option<usize>,
    pub(super) repeat: Option<Repeat>,
    pub(super) cost: Option<Box<Cost>>,
    pub(super) priority: Priority,
    pub(super) is_unhedged: bool,
    pub(super) any_status: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) fallback: Option<Substitute>,
    /// The first mistake, kept until the call is sent, which can report it.
    pub(super) mistake: Option<Error>,
}

/// Makes an answer in the place of a failed call.
pub(super) type Substitute = Box<dyn FnOnce(&Error) -> Answer + Send + Sync>;

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
            cost: None,
            priority: Priority::Normal,
            is_unhedged: false,
            any_status: false,
            headers: HeaderMap::new(),
            body: Body::default(),
            fallback: None,
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

    /// Sets what each attempt takes of the rate limit, such as its tokens. Default: one call.
    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = Some(Box::new(cost));
        self
    }

    /// Sets who goes first where calls wait for a place. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Says whether a slow attempt may get a twin. Default: yes, where the policies have
    /// [hedging](crate::hedge), which is for safe methods only.
    pub fn hedge(mut self, may: bool) -> Self {
        self.is_unhedged = !may;
        self
    }

    /// Answers with this where the service cannot be had just now: it is down, slow or throttling,
    /// or a policy keeps the call away from it. Other errors pass.
    ///
    /// Not for a call that changes something: the substitute would claim that it happened.
    pub fn fallback(
        mut self,
        answer: impl FnOnce(&Error) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.fallback = Some(Box::new(answer));
        self
    }

    /// Returns an answer of any status as a [`Response`], once the policies have done their work
    /// with it: it is still retried and counted by what it means. Default: an answer that is not
    /// 2xx is an error.
    pub fn any_status(mut self) -> Self {
        self.any_status = true;
        self
    }

    /// Sets how many bytes of the answer are read at most. Default: 8 MiB, and without a limit for
    /// an answer that is [streamed](Self::send_streaming).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Sends an idempotency key, the same on every attempt, which makes the call repeatable.
    ///
    /// In `Idempotency-Key`, or in the provider's
    /// [own header](super::ClientBuilder::idempotency_header).
    pub fn idempotency_key(self, key: impl AsRef<str>) -> Self {
        let name = self.client.inner.naming.idempotency.clone();
        let mut this = self.header(name, key.as_ref());
        this.repeat = this.repeat.or(Some(Repeat::Harmless));
        this
    }

    /// Sends an idempotency key that is made up, a random UUID, on a call that
    /// [automatic keys](super::ClientBuilder::automatic_idempotency_keys) leave out.
    ///
    /// No key is sent when the system gives no randomness.
    pub fn random_idempotency_key(self) -> Self {
        match tls::random_uuid() {
            Some(key) => self.idempotency_key(key),
            None => self,
        }
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

    /// Adds pairs to the query, encoded.
    ///
    /// ```
    /// # fn run(client: integration_core::http::Client) {
    /// let call = client.get("/v1/customers").query([("email", "jo+a@demo.example"), ("limit", "10")]);
    /// # let _ = call;
    /// # }
    /// ```
    pub fn query<K, V>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        if let Ok(host) = &mut self.host {
            let mut pairs = pairs.into_iter().peekable();
            if pairs.peek().is_some() {
                host.url.query_pairs_mut().extend_pairs(pairs);
            }
        }
        self
    }

    /// Sets the body: bytes, which are sent again on every attempt without being copied, or a
    /// stream. A call with a body that exists [once](Body::once) is sent once.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to these pairs as `application/x-www-form-urlencoded`.
    pub fn form<K, V>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut form = form_urlencoded::Serializer::new(String::new());
        self.body = form.extend_pairs(pairs).finish().into();
        let encoded = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(header::CONTENT_TYPE, encoded);
        self
    }

    /// Sets the body to a form with files.
    pub fn multipart(self, form: Multipart) -> Self {
        let mut this = self.header(header::CONTENT_TYPE, form.content_type());
        this.body = form.into_body();
        this
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
    pub fn send(mut self) -> impl Future<Output = Result<Response>> + Send {
        let fallback = self.fallback.take();
        // Here and not when it is polled: what has been prepared is moved once, into its box.
        let sent = self.prepare().map(send::send);
        async {
            let result = match sent {
                Ok(sent) => sent.await.map(|driven| driven.head),
                Err(mistake) => return Err(mistake),
            };
            match fallback {
                Some(fallback) => result.or_else(|error| send::substitute(error, fallback)),
                None => result,
            }
        }
    }

    /// Sends the call and returns when the head of the answer is there; its body is read by the
    /// caller, as it comes.
    ///
    /// The attempt ends with the head, and the deadline goes on until the last byte: raise it for
    /// what takes long. Neither shared with an equal call nor kept in a cache.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`]; an answer that is not 2xx is an error, with its body read.
    pub async fn send_streaming(mut self) -> Result<StreamingResponse> {
        let fallback = self.fallback.take();
        let limit = self.body_limit.take();
        send::stream(self.prepare()?, limit, fallback).await
    }

    pub(super) fn target(&self) -> &str {
        match &self.host {
            Ok(host) => host.url.as_str(),
            Err((target, _)) => target,
        }
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
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
