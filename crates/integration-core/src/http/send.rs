//! A call on its way through the driver.

use std::{sync::Arc, time::Duration};

use ::http::{Method, StatusCode};
use url::Url;

use super::{
    attempt::Sending,
    body::BodyLimits,
    client::{Client, Host, Inner},
    config::HttpConfig,
    response::{Answer, Response},
    transport::{AttemptRequest, TransportError},
};
use crate::{
    classify::{Call, Verdict},
    driver::{AttemptContext, CallOptions, CallState, Drive, Operation, Overrides, Report},
    error::{Error, ErrorKind, Result},
    observe::spans::{self, call_span, end_call, traced},
};

/// The rule for targets, in words.
const NO_TARGET: &str = "target must be an address or a path that begins with a slash";

/// A call whose mistakes have been found.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) request: AttemptRequest,
    pub(super) key: Arc<str>,
    pub(super) options: CallOptions,
    pub(super) overrides: Overrides,
    /// What concerns connections and bodies, as it was when the call was made.
    pub(super) http: Arc<HttpConfig>,
    pub(super) body_limit: usize,
    /// Whether 304 is the answer that is hoped for.
    pub(super) revalidates: bool,
    /// Whether the credentials of the client are for it.
    pub(super) is_ours: bool,
}

impl Prepared {
    /// Takes time that has passed off the deadline.
    pub(super) fn after(mut self, passed: Duration) -> Self {
        self.overrides.passed += passed;
        self
    }
}

/// Sends a call, if no answer is at hand.
pub(super) async fn send(client: &Client, prepared: Prepared) -> Result<Response> {
    let inner = &*client.inner;
    #[cfg(feature = "cache")]
    if let Some(cache) = &inner.cache {
        return Box::pin(super::cache::send(inner, cache, prepared)).await;
    }
    join(inner, prepared).await
}

/// Sends a call, if no equal one is under way.
pub(super) async fn join(inner: &Inner, prepared: Prepared) -> Result<Response> {
    match &inner.flights {
        Some(flights) if is_read(&prepared.request) => {
            // Boxed, or every call would be as large as this rare one.
            Box::pin(flights.join(inner, prepared)).await
        }
        _ => drive(inner, prepared).await,
    }
}

/// Whether an answer may serve several callers.
fn is_read(request: &AttemptRequest) -> bool {
    matches!(request.method, Method::GET | Method::HEAD) && request.body.is_empty()
}

/// Drives a call to its answer.
pub(super) async fn drive(inner: &Inner, prepared: Prepared) -> Result<Response> {
    let Prepared {
        request,
        key,
        options,
        overrides,
        http,
        body_limit,
        revalidates,
        is_ours,
    } = prepared;
    let (method, url) = (request.method.as_str(), request.url.as_str());
    let span = call_span(&spans::Request::new(&options.operation, &key, method, url));
    let is_watched = inner.driver.is_observed() || !span.is_disabled();
    let operation = is_watched.then(|| options.operation.clone());
    let sending = Sending {
        inner,
        request: &request,
        limits: BodyLimits {
            limit: body_limit,
            idle: http.idle_timeout,
        },
        http: &http,
        is_ours,
        operation: operation.as_deref().unwrap_or_default(),
        key: &key,
        span: &span,
    };
    let call = Drive::new(HttpCall {
        start: |context| sending.attempt(context),
        inner,
        request: &request,
        key: &key,
        options,
        overrides,
        revalidates,
    });
    traced(span.clone(), call, |span, result| match result {
        Ok(response) => {
            let status = Some(response.status().as_u16());
            end_call(span, response.attempts(), status, None);
        }
        Err(error) => {
            let attempts = error.attempts().last().map_or(0, |last| last.number);
            end_call(span, attempts, error.status(), Some(error.kind()));
        }
    })
    .await
}

/// Returns where a call goes: below the base, or to an absolute address.
pub(super) fn resolve(client: &Client, target: &str) -> Result<Host, &'static str> {
    if !target.starts_with('/') {
        return Host::new(Url::parse(target).map_err(|_| NO_TARGET)?);
    }
    let Some(base) = &client.inner.base else {
        return Err("a path needs a client with a base address");
    };
    let root = base.url.path().trim_end_matches('/');
    // The common case has one allocation less. Two slashes would begin with another host.
    let url = if root.is_empty() && !target.starts_with("//") {
        base.url.join(target)
    } else {
        let root = base.url.as_str().trim_end_matches('/');
        Url::parse(&format!("{root}{target}"))
    };
    let url = url.map_err(|_| NO_TARGET)?;
    // `/../` must not leave the base: a part of a path may come from a user.
    let below = url.path().strip_prefix(root);
    if base.is_origin_of(&url) && below.is_some_and(|rest| rest.starts_with('/')) {
        let key = Arc::clone(&base.key);
        Ok(Host { url, key })
    } else {
        Err("target leaves the base address")
    }
}

impl<S> HttpCall<'_, S> {
    /// Adds what the answer says of quotas.
    fn with_quota(&self, raw: &Result<Answer, TransportError>, verdict: Verdict) -> Verdict {
        let (Some(parser), Ok(answer)) = (&self.inner.quotas, raw) else {
            return verdict;
        };
        let report = parser.parse(&answer.headers, self.inner.driver.unix());
        // `Retry-After` beside a success or a redirect is no refusal.
        let is_refusal = matches!(
            verdict.kind,
            Some(ErrorKind::RateLimited | ErrorKind::QuotaExhausted)
        );
        verdict.with_quota(if is_refusal {
            report
        } else {
            report.without_penalty()
        })
    }
}

struct HttpCall<'a, S> {
    start: S,
    inner: &'a Inner,
    request: &'a AttemptRequest,
    key: &'a str,
    /// Taken when the call begins.
    options: CallOptions,
    overrides: Overrides,
    revalidates: bool,
}

impl<S, F> Operation for HttpCall<'_, S>
where
    S: FnMut(AttemptContext) -> F,
    F: Future<Output = Result<Answer, TransportError>>,
{
    type Raw = Result<Answer, TransportError>;
    type Output = Response;
    type Future = F;

    fn open(&mut self) -> CallState {
        let options = std::mem::take(&mut self.options);
        self.inner
            .driver
            .open(self.key, options, Some(&self.overrides))
    }

    fn start(&mut self, context: AttemptContext) -> F {
        (self.start)(context)
    }

    fn judge(&mut self, call: &Call<'_>, raw: &Self::Raw) -> Verdict {
        match raw {
            Ok(answer) if self.revalidates && answer.status == StatusCode::NOT_MODIFIED => {
                Verdict::success()
            }
            raw => self.with_quota(raw, self.inner.classify.classify(call, raw.as_ref())),
        }
    }

    fn succeed(&mut self, raw: Self::Raw, report: impl FnOnce() -> Report) -> Result<Response> {
        let Report {
            operation,
            attempts,
            started,
        } = report();
        match raw {
            Ok(answer) => Ok(Response {
                operation,
                answer,
                attempts,
                elapsed: self.inner.driver.now().saturating_duration_since(started),
            }),
            // A classifier may call a lost answer a success, but there is none to return.
            Err(e) => Err(Error::new(e.kind, operation).with_source(e)),
        }
    }

    fn fail(&mut self, raw: Option<Self::Raw>, error: Error) -> Result<Response> {
        let error = error
            .with_context("method", &self.request.method)
            .with_url(self.request.url.as_str());
        // What our own message says is not said again by the source.
        match raw.and_then(Result::err).and_then(|e| e.source) {
            Some(source) => Err(error.with_source(source)),
            None => Err(error),
        }
    }
}
