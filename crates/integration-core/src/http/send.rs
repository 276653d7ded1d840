//! A call on its way through the driver.

use std::{
    borrow::Cow,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use ::http::{Method, StatusCode};
use tokio::time::Instant;
use tracing::Span;
use url::Url;

use super::{
    attempt::Sending,
    client::{Client, Host},
    config::HttpConfig,
    read::{Arrived, Reading},
    request::Substitute,
    response::{Answer, Response, find_request_id},
    stream::{StreamingResponse, Told, Watch},
    transport::{AttemptRequest, RawBody, TransportError},
};
use crate::{
    classify::{Call, Verdict},
    driver::{AttemptContext, CallOptions, CallState, Drive, Held, Operation, Overrides, Report},
    error::{Error, ErrorKind, Result},
    fallback::UNAVAILABLE,
    observe::spans::{self, call_span, end_call, traced},
    quota::QuotaReport,
};

/// The rule for targets, in words.
const NO_TARGET: &str = "target must be an address or a path that begins with a slash";

/// A call whose mistakes have been found.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) client: Client,
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
    /// Whether the caller reads the body.
    pub(super) is_streamed: bool,
    /// Whether an answer that is not 2xx is an answer, too.
    pub(super) any_status: bool,
}

impl Prepared {
    /// How the answer is read.
    pub(super) fn reading(&self) -> Reading {
        Reading {
            limit: self.body_limit,
            idle: self.http.idle_timeout,
            is_streamed: self.is_streamed,
        }
    }

    /// Returns the options, what the call is named for those who watch, and its span.
    fn begin(&mut self) -> (CallOptions, Option<Cow<'static, str>>, Span) {
        let options = std::mem::take(&mut self.options);
        let (method, url) = (self.request.method.as_str(), self.request.url.as_str());
        let request = spans::Request::new(&options.operation, &self.key, method, url);
        let span = call_span(&request);
        let is_watched = self.client.inner.driver.is_observed() || !span.is_disabled();
        let operation = is_watched.then(|| options.operation.clone());
        (options, operation, span)
    }

    /// Takes time that has passed off the deadline.
    pub(super) fn after(mut self, passed: Duration) -> Self {
        self.overrides.passed += passed;
        self
    }
}

/// A call on its way. In a box, as a future is moved once for each `await` around it, and this one
/// is large.
type Sent = Pin<Box<dyn Future<Output = Result<Driven>> + Send>>;

/// Sends a call, if no answer is at hand.
pub(super) fn send(prepared: Prepared) -> Sent {
    if prepared.any_status {
        // Neither shared nor kept: for other callers it may be an error.
        return Box::pin(run(prepared));
    }
    #[cfg(feature = "cache")]
    if prepared.client.inner.cache.is_some() {
        return Box::pin(async { super::cache::send(prepared).await.map(Driven::whole) });
    }
    join(prepared)
}

/// Sends a call, if no equal one is under way.
pub(super) fn join(prepared: Prepared) -> Sent {
    if prepared.client.inner.flights.is_some() && is_read(&prepared.request) {
        return Box::pin(async { super::coalesce::join(prepared).await.map(Driven::whole) });
    }
    Box::pin(run(prepared))
}

/// Sends a call whose answer the caller reads.
pub(super) async fn stream(
    mut prepared: Prepared,
    limit: Option<usize>,
    fallback: Option<Substitute>,
) -> Result<StreamingResponse> {
    prepared.is_streamed = true;
    prepared.options.keeps_place = true;
    let told = Told {
        client: prepared.client.clone(),
        key: Arc::clone(&prepared.key),
        method: prepared.request.method.clone(),
        url: prepared.request.url.clone(),
    };
    let idle = prepared.http.idle_timeout;
    let driven = Box::pin(run(prepared)).await;
    let Driven { mut head, rest } = match (driven, fallback) {
        (Err(error), Some(fallback)) => Driven::whole(substitute(error, fallback)?),
        (driven, _) => driven?,
    };
    let rest = rest.map_or_else(
        || Rest {
            body: RawBody::Full(std::mem::take(&mut head.answer.body)),
            held: None,
            deadline: None,
        },
        |rest| *rest,
    );
    let watch = Watch::new(limit, idle, rest.deadline);
    Ok(StreamingResponse::new(
        head, rest.body, watch, told, rest.held,
    ))
}

/// Answers in the place of a service that cannot be had.
pub(super) fn substitute(error: Error, fallback: Substitute) -> Result<Response> {
    if !UNAVAILABLE.contains(&error.kind()) {
        return Err(error);
    }
    let mut response = Response::at_hand(error.operation().to_owned().into(), fallback(&error));
    response.attempts = attempts(&error);
    response.elapsed = error.elapsed();
    response.is_fallback = true;
    Ok(response)
}

/// Returns how many attempts a failed call had.
fn attempts(error: &Error) -> u32 {
    error.attempts().last().map_or(0, |last| last.number)
}

/// Whether an answer may serve several callers.
fn is_read(request: &AttemptRequest) -> bool {
    matches!(request.method, Method::GET | Method::HEAD) && request.body.is_empty()
}

/// The answer of a call, and its body if the caller reads that.
pub(super) struct Driven {
    pub(super) head: Response,
    rest: Option<Box<Rest>>,
}

struct Rest {
    body: RawBody,
    held: Option<Held>,
    /// When its call has to be over.
    deadline: Option<Instant>,
}

impl Driven {
    fn whole(head: Response) -> Self {
        Self { head, rest: None }
    }
}

/// Drives a call to its answer.
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` holds twice what it is given"
)]
pub(super) fn run(mut prepared: Prepared) -> impl Future<Output = Result<Driven>> + Send {
    async move {
        let (options, operation, span) = prepared.begin();
        let sending = Sending {
            prepared: &prepared,
            operation: operation.as_deref().unwrap_or_default(),
            span: &span,
        };
        // Pinned where it is: moved into the span, it would be copied whole.
        let call = pin!(Drive::new(HttpCall {
            // Two boxes that allocators have at hand, instead of one for which they have to search.
            start: |context| Box::pin(sending.attempt(context)),
            prepared: &prepared,
            options,
            quota: None,
        }));
        traced(span.clone(), call, |span, result| match result {
            Ok(Driven { head, .. }) => {
                let status = head.status().as_u16();
                let kind = ErrorKind::from_status(status);
                end_call(span, head.attempts(), Some(status), kind);
            }
            Err(error) => end_call(span, attempts(error), error.status(), Some(error.kind())),
        })
        .await
    }
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
    fn respond(
        &mut self,
        operation: Cow<'static, str>,
        answer: Answer,
        attempts: u32,
        elapsed: Duration,
    ) -> Response {
        Response {
            operation,
            answer,
            attempts,
            elapsed,
            quota: self.quota.take(),
            request_id_header: self.prepared.client.inner.naming.request_id,
            is_fallback: false,
        }
    }

    /// Looks at the provider's own header for the id, which the classifier need not know.
    fn with_request_id(&self, raw: &Raw, verdict: Verdict) -> Verdict {
        let (Some(own), Ok(arrived)) = (self.prepared.client.inner.naming.request_id, raw) else {
            return verdict;
        };
        let id = find_request_id(&arrived.answer.headers, Some(own));
        verdict.with_request_id(id.map(str::to_owned))
    }

    /// Adds what the answer says of quotas.
    fn with_quota(&mut self, raw: &Raw, verdict: Verdict) -> Verdict {
        let inner = &self.prepared.client.inner;
        let (Some(parser), Ok(arrived)) = (&inner.quotas, raw) else {
            return verdict;
        };
        let report = parser.parse(&arrived.answer.headers, inner.driver.unix());
        self.quota = Some(Box::new(report));
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
    prepared: &'a Prepared,
    /// Taken when the call begins.
    options: CallOptions,
    /// What the latest answer said of quotas.
    quota: Option<Box<QuotaReport>>,
}

pub(super) type Raw = Result<Arrived, TransportError>;

impl<S, F> Operation for HttpCall<'_, S>
where
    S: FnMut(AttemptContext) -> F,
    F: Future<Output = Raw>,
{
    type Raw = Raw;
    type Output = Driven;
    type Future = F;

    fn open(&mut self) -> CallState {
        let options = std::mem::take(&mut self.options);
        let Prepared {
            client,
            key,
            overrides,
            ..
        } = self.prepared;
        client.inner.driver.open(key, options, Some(overrides))
    }

    fn start(&mut self, context: AttemptContext) -> F {
        (self.start)(context)
    }

    fn judge(&mut self, call: &Call<'_>, raw: &Self::Raw) -> Verdict {
        let answer = raw.as_ref().map(|arrived| &arrived.answer);
        match answer {
            Ok(answer)
                if self.prepared.revalidates && answer.status == StatusCode::NOT_MODIFIED =>
            {
                Verdict::success()
            }
            answer => {
                let verdict = self.prepared.client.inner.classify.classify(call, answer);
                let verdict = self.with_request_id(raw, verdict);
                self.with_quota(raw, verdict)
            }
        }
    }

    fn succeed(&mut self, raw: Self::Raw, report: impl FnOnce() -> Report) -> Result<Driven> {
        let Report {
            operation,
            attempts,
            started,
            deadline,
            held,
        } = report();
        match raw {
            Ok(Arrived { answer, rest }) => {
                let now = self.prepared.client.inner.driver.now();
                let elapsed = now.saturating_duration_since(started);
                let head = self.respond(operation, answer, attempts, elapsed);
                let rest = rest.map(|body| {
                    Box::new(Rest {
                        body: *body,
                        held,
                        deadline: Some(deadline),
                    })
                });
                Ok(Driven { head, rest })
            }
            // A classifier may call a lost answer a success, but there is none to return.
            Err(e) => Err(Error::new(e.kind, operation).with_source(e)),
        }
    }

    fn fail(&mut self, raw: Option<Self::Raw>, error: Error) -> Result<Driven> {
        let raw = match raw {
            Some(Ok(arrived)) if self.prepared.any_status => {
                let operation = error.operation().to_owned().into();
                let (attempts, elapsed) = (attempts(&error), error.elapsed());
                let head = self.respond(operation, arrived.answer, attempts, elapsed);
                return Ok(Driven::whole(head));
            }
            raw => raw,
        };
        let request = &self.prepared.request;
        let error = error
            .with_context("method", &request.method)
            .with_url(request.url.as_str());
        // What our own message says is not said again by the source.
        match raw.and_then(Result::err).and_then(|e| e.source) {
            Some(source) => Err(error.with_source(source)),
            None => Err(error),
        }
    }
}
