//! From what a caller describes to what is sent, with every mistake found.

use std::{borrow::Cow, sync::Arc, time::Duration};

use ::http::{HeaderValue, Method};

use super::{
    RequestBuilder, client::IdempotencyKeys, send::Prepared, tls, transport::AttemptRequest,
};
use crate::{
    classify::Repeat,
    credentials::Credentials,
    driver::{BodyReplay, CallOptions, Overrides},
    error::{Error, ErrorKind, Result},
};

impl RequestBuilder {
    pub(super) fn prepare(mut self) -> Result<Prepared> {
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
        let base = self.client.inner.base.as_ref();
        let is_at_base = base
            .zip(self.host.as_ref().ok())
            .is_some_and(|(base, host)| {
                // What is below the base has its key.
                Arc::ptr_eq(&base.key, &host.key) || base.is_origin_of(&host.url)
            });
        if is_at_base {
            self.add_idempotency_key();
        }
        let overrides = self.overrides(&operation)?;
        let options = CallOptions {
            operation,
            repeat: self.repeat.unwrap_or_else(|| repeat_of(&self.method)),
            body: if self.body.is_replayable() {
                BodyReplay::Possible
            } else {
                BodyReplay::Impossible
            },
            cost: self.cost,
            priority: self.priority,
            is_unhedged: self.is_unhedged,
            keeps_place: false,
        };
        let Ok(host) = self.host else {
            return Err(Error::new(ErrorKind::Config, "http.request"));
        };
        let mut headers = self.headers;
        let inner = &self.client.inner;
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
        Ok(Prepared {
            client: self.client,
            request,
            key,
            options,
            overrides,
            http,
            body_limit,
            revalidates: false,
            is_ours,
            is_streamed: false,
            any_status: self.any_status,
        })
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

    /// Makes a write repeatable where the provider obeys keys, unless the caller has decided.
    fn add_idempotency_key(&mut self) {
        let naming = &self.client.inner.naming;
        if naming.keys == IdempotencyKeys::OfTheCaller
            || self.repeat.is_some()
            || repeat_of(&self.method) != Repeat::Harmful
            || self.headers.contains_key(&naming.idempotency)
        {
            return;
        }
        // Without chance there is no key, and the call is sent once.
        if let Some(key) = tls::random_uuid()
            && let Ok(value) = HeaderValue::from_str(&key)
        {
            self.headers.insert(naming.idempotency.clone(), value);
            self.repeat = Some(Repeat::Harmless);
        }
    }

    fn default_operation(&self) -> Cow<'static, str> {
        let (prefix, method) = (&self.client.inner.operation_prefix, self.method.as_str());
        let mut operation = String::with_capacity(prefix.len() + 1 + method.len());
        operation.push_str(prefix);
        operation.push('.');
        operation.push_str(method);
        if let Some(method) = operation.get_mut(prefix.len() + 1..) {
            method.make_ascii_lowercase();
        }
        Cow::Owned(operation)
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
