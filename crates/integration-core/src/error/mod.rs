//! The one error of every crate: what failed, whether to try again, why we stopped trying.
//!
//! Branch on [`Error::kind`]. Whether a later try can help is a separate value,
//! [`Error::retriability`]; why this call made no further attempt is a third, [`Error::gave_up`];
//! and whether the server may have acted is a fourth, [`Error::delivery`].

mod attempt;
mod display;
mod kind;
mod verdicts;

#[cfg(test)]
mod tests;

use std::{any::Any, borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;

pub use self::{
    attempt::Attempt,
    kind::ErrorKind,
    verdicts::{Charge, Delivery, GaveUp, Health, Retriability},
};

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Shared, so that several waiters can be given the same error.
type SharedSource = Arc<dyn std::error::Error + Send + Sync>;

/// Attempts that an error remembers; of a longer history the latest are kept.
pub const MAX_ATTEMPTS_KEPT: usize = 16;

/// Bytes of the server's body that an error keeps.
pub const MAX_BODY_KEPT: usize = 64 * 1024;

/// Context pairs that an error keeps; further ones are dropped.
pub const MAX_CONTEXT: usize = 16;

/// A failed call, one word wide.
///
/// Displays as `operation: message key=value` on one line, without its source, and without any
/// secret: addresses lose their query and credentials, bodies are never shown.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Cow<'static, str>,
    message: Cow<'static, str>,
    context: Vec<(&'static str, String)>,
    source: Option<SharedSource>,
    retriability: Retriability,
    gave_up: Option<GaveUp>,
    delivery: Delivery,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    /// The latest [`MAX_ATTEMPTS_KEPT`] of them, oldest first.
    attempts: Vec<Attempt>,
    elapsed: Duration,
    provider: Option<Arc<dyn Any + Send + Sync>>,
    provider_body: Option<Bytes>,
}

impl Error {
    /// Creates an error whose message, retriability and delivery are the defaults of its kind.
    pub fn new(kind: ErrorKind, operation: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            message: Cow::Borrowed(kind.summary()),
            context: Vec::new(),
            source: None,
            retriability: kind.retriability(),
            gave_up: None,
            delivery: kind.delivery(),
            status: None,
            request_id: None,
            retry_after: None,
            attempts: Vec::new(),
            elapsed: Duration::ZERO,
            provider: None,
            provider_body: None,
        }))
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the operation that failed, such as `stripe.charges.create`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// Returns what happened, in words that hold no secret.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the pairs added by [`with_context`](Self::with_context), in their order.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0
            .context
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
    }

    /// Returns whether the same call may be tried again later.
    #[must_use]
    pub fn retriability(&self) -> Retriability {
        self.0.retriability
    }

    /// Returns why no further attempt was made; `None` for an error that no driver has seen.
    #[must_use]
    pub fn gave_up(&self) -> Option<GaveUp> {
        self.0.gave_up
    }

    /// Returns whether the server may have acted, over all attempts of the call.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Returns the HTTP status of the last answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the id that the server gave the request, for a question to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns how long to wait before the next try, as the server or a local policy said.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the latest [`MAX_ATTEMPTS_KEPT`] attempts, oldest first.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Returns how long the whole call took, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns the provider's own error, where its crate parsed one.
    #[must_use]
    pub fn provider<T: Any>(&self) -> Option<&T> {
        self.0
            .provider
            .as_deref()
            .and_then(|body| body.downcast_ref())
    }

    /// Returns at most [`MAX_BODY_KEPT`] bytes of the body of the answer, as received.
    ///
    /// It may hold personal data: it is in no Display and no Debug.
    #[must_use]
    pub fn provider_body(&self) -> Option<&Bytes> {
        self.0.provider_body.as_ref()
    }

    /// Says what happened: lower case, no full stop, no secret. A newline becomes a space.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = display::one_line(message.into());
        self
    }

    /// Keeps the cause. It is shown by walking [`std::error::Error::source`], never repeated here.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds a pair to what is displayed. The value must hold no secret.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        if self.0.context.len() < MAX_CONTEXT {
            self.0.context.push((key, value.to_string()));
        }
        self
    }

    /// Adds `url=` without user, password, query and fragment.
    #[must_use]
    pub fn with_url(self, url: &str) -> Self {
        self.with_context("url", crate::redact::url(url))
    }

    /// Sets the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the id that the server gave the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Sets how long to wait; what may be retried at all may then be retried after that time.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        if self.0.retriability == Retriability::Always {
            self.0.retriability = Retriability::After(wait);
        }
        self
    }

    /// Replaces the default retriability of the kind.
    #[must_use]
    pub fn with_retriability(mut self, retriability: Retriability) -> Self {
        self.0.retriability = retriability;
        self
    }

    /// Replaces the default delivery of the kind.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// Says why no further attempt was made.
    #[must_use]
    pub fn with_gave_up(mut self, reason: GaveUp) -> Self {
        self.0.gave_up = Some(reason);
        self
    }

    /// Keeps the provider's own error for [`provider`](Self::provider).
    #[must_use]
    pub fn with_provider<T: Any + Send + Sync>(mut self, provider: T) -> Self {
        self.0.provider = Some(Arc::new(provider));
        self
    }

    pub(crate) fn with_boxed_provider(mut self, provider: Box<dyn Any + Send + Sync>) -> Self {
        self.0.provider = Some(Arc::from(provider));
        self
    }

    /// Names the operation, where it was not known when the mistake was made.
    #[cfg(feature = "http")]
    pub(crate) fn with_operation(mut self, operation: Cow<'static, str>) -> Self {
        self.0.operation = operation;
        self
    }

    /// Tells how the call went as a whole.
    pub(crate) fn with_history(mut self, attempts: Vec<Attempt>, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// Raises the delivery to what an earlier attempt may have done.
    pub(crate) fn at_least(mut self, earlier: Delivery) -> Self {
        self.0.delivery = self.0.delivery.max(earlier);
        self
    }

    /// Keeps the first [`MAX_BODY_KEPT`] bytes of the body of the answer.
    #[must_use]
    pub fn with_provider_body(mut self, body: &Bytes) -> Self {
        self.0.provider_body = Some(body.slice(..body.len().min(MAX_BODY_KEPT)));
        self
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
