//! From the outcome of one attempt to what to do about it.

use std::{any::Any, borrow::Cow, time::Duration};

use bytes::Bytes;

use crate::{
    bulkhead::Priority,
    error::{Delivery, Error, ErrorKind, Health, Retriability},
    quota::QuotaReport,
    rate_limit::Cost,
};

/// Judges attempts: the one place where a provider's answers become ours.
///
/// It must be pure. `Res` and `E` are those of the service that is called. What is known of the
/// request is in `call`, so a classifier cannot lose it.
pub trait Classify<Res, E>: Send + Sync {
    /// Judges the outcome of one attempt.
    fn classify(&self, call: &Call<'_>, outcome: Result<&Res, &E>) -> Verdict;
}

/// Tells what must be known about a call before it is made.
pub trait Describe<Req>: Send + Sync {
    /// Names the operation, the key, and whether a second execution does harm.
    fn describe<'a>(&self, request: &'a Req) -> Call<'a>;
}

/// What the driver knows of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The operation, such as `stripe.charges.create`, for errors and events.
    pub operation: Cow<'static, str>,
    /// Whose policies apply: host, endpoint, tenant or model.
    pub key: Cow<'a, str>,
    /// Whether a second execution does harm.
    pub repeat: Repeat,
    /// Whether it goes before others that wait.
    pub priority: Priority,
    /// What it takes of the rate limit, if that is not one call.
    pub(crate) cost: Option<Box<Cost>>,
}

impl<'a> Call<'a> {
    /// Describes a call that must not be executed twice.
    pub fn new(operation: impl Into<Cow<'static, str>>, key: impl Into<Cow<'a, str>>) -> Self {
        Self {
            operation: operation.into(),
            key: key.into(),
            repeat: Repeat::Harmful,
            priority: Priority::Normal,
            cost: None,
        }
    }

    /// Says whether a second execution does harm. Default: [`Repeat::Harmful`].
    #[must_use]
    pub fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Says what it takes of the rate limit. Default: one call.
    #[must_use]
    pub fn with_cost(mut self, cost: Cost) -> Self {
        self.cost = (cost != Cost::ONE).then(|| Box::new(cost));
        self
    }

    /// Returns what it takes of the rate limit.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost.as_deref().copied().unwrap_or(Cost::ONE)
    }

    /// Says whether it goes before others that wait. Default: [`Priority::Normal`].
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

/// Whether a call may be executed twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// Nothing is changed, so two executions may also run at once: a safe method. Only such a
    /// call is hedged.
    Safe,
    /// A second execution does no harm: an idempotent method, or an idempotency key.
    Harmless,
    /// A second execution may charge twice. Sent again only if the first one did not arrive.
    #[default]
    Harmful,
}

/// What one attempt means.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// How it failed; `None` for success.
    pub kind: Option<ErrorKind>,
    /// Whether another attempt may help.
    pub retriability: Retriability,
    /// What it says about the health of the service.
    pub health: Health,
    /// Whether the server may have acted.
    pub delivery: Delivery,
    /// How long the server wants every caller of the key to wait.
    pub hint: Option<Duration>,
    /// What the server said of its quotas.
    quota: Option<Box<QuotaReport>>,
    /// What else the error shall tell; only failures pay for it.
    detail: Option<Box<Detail>>,
}

#[derive(Debug, Default)]
struct Detail {
    status: Option<u16>,
    request_id: Option<String>,
    message: Option<Cow<'static, str>>,
    context: Vec<(&'static str, String)>,
    provider: Option<Box<dyn Any + Send + Sync>>,
    body: Option<Bytes>,
}

impl Verdict {
    /// The attempt succeeded and the service works.
    #[must_use]
    pub const fn success() -> Self {
        Self {
            kind: None,
            retriability: Retriability::Never,
            health: Health::Success,
            delivery: Delivery::Executed,
            hint: None,
            quota: None,
            detail: None,
        }
    }

    /// The attempt failed, with what follows from this kind by default.
    #[must_use]
    pub const fn failure(kind: ErrorKind) -> Self {
        Self {
            kind: Some(kind),
            retriability: kind.retriability(),
            health: kind.health(),
            delivery: kind.delivery(),
            hint: None,
            quota: None,
            detail: None,
        }
    }

    /// Judges by an error of ours, which a layer further in has made.
    ///
    /// What that layer has given up already is final: attempts of two loops would multiply, and a
    /// policy that refuses a call refuses it again.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let verdict = Self::failure(error.kind())
            .with_delivery(error.delivery())
            .with_message(error.message().to_owned());
        let verdict = match error.gave_up() {
            Some(_) => verdict.with_retriability(Retriability::Never),
            None => verdict
                .with_retriability(error.retriability())
                .with_hint(error.retry_after()),
        };
        match error.status() {
            Some(status) => verdict.with_status(status),
            None => verdict,
        }
    }

    /// Replaces the kind and what follows from it: retriability, health, delivery. What else is
    /// known, such as status and hint, stays.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = Some(kind);
        self.health = kind.health();
        self.delivery = kind.delivery();
        self.retriability = kind.retriability();
        self
    }

    /// Sets whether another attempt may help.
    #[must_use]
    pub fn with_retriability(mut self, retriability: Retriability) -> Self {
        self.retriability = retriability;
        self
    }

    /// Sets what the attempt says about the health of the service.
    #[must_use]
    pub fn with_health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Sets whether the server may have acted.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Sets how long the server wants every caller of the key to wait.
    #[must_use]
    pub fn with_hint(mut self, wait: Option<Duration>) -> Self {
        self.hint = wait;
        self
    }

    /// Takes in what the server said of its quotas, which the rate limit follows.
    #[must_use]
    pub fn with_quota(mut self, report: QuotaReport) -> Self {
        self.quota = (!report.is_empty()).then(|| Box::new(report));
        self
    }

    /// Keeps the HTTP status for the error.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.detail().status = Some(status);
        self
    }

    /// Keeps the server's id of the request for the error.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        if id.is_some() {
            self.detail().request_id = id;
        }
        self
    }

    /// Replaces the message of the kind; it must hold no secret.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.detail().message = Some(message.into());
        self
    }

    /// Adds a pair to the error; the value must hold no secret.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.detail().context.push((key, value.to_string()));
        self
    }

    /// Keeps the provider's own error for [`Error::provider`].
    #[must_use]
    pub fn with_provider<T: Any + Send + Sync>(mut self, provider: T) -> Self {
        self.detail().provider = Some(Box::new(provider));
        self
    }

    /// Keeps the body of the answer for [`Error::provider_body`].
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        self.detail().body = Some(body);
        self
    }

    /// Returns the HTTP status, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.detail.as_ref().and_then(|detail| detail.status)
    }

    pub(crate) fn quota(&self) -> Option<&QuotaReport> {
        self.quota.as_deref()
    }

    /// Whether the time that the attempt took is that of an answer.
    pub(crate) fn was_answered(&self) -> bool {
        self.kind.is_none() || self.status().is_some()
    }

    /// Turns the verdict into the error of a call that ends with it.
    pub(crate) fn into_error(self, operation: Cow<'static, str>) -> Error {
        let mut error = Error::new(self.kind.unwrap_or(ErrorKind::Other), operation)
            .with_retriability(self.retriability)
            .with_delivery(self.delivery);
        if let Some(detail) = self.detail {
            error = detail.fill(error);
        }
        match self.hint {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }

    fn detail(&mut self) -> &mut Detail {
        self.detail.get_or_insert_default()
    }
}

impl Detail {
    fn fill(self, mut error: Error) -> Error {
        if let Some(message) = self.message {
            error = error.with_message(message);
        }
        if let Some(status) = self.status {
            error = error.with_status(status);
        }
        if let Some(id) = self.request_id {
            error = error.with_request_id(id);
        }
        if let Some(body) = self.body {
            error = error.with_provider_body(&body);
        }
        for (key, value) in self.context {
            error = error.with_context(key, value);
        }
        match self.provider {
            Some(provider) => error.with_boxed_provider(provider),
            None => error,
        }
    }
}
