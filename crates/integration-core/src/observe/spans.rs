//! Spans of calls and attempts, with the names that OpenTelemetry has for HTTP clients.
//!
//! One span a call (`otel.kind = "internal"`), named after its operation, and below it one span an
//! attempt (`otel.kind = "client"`), named after its method, as the [conventions] ask for: each
//! request on the wire is a client span of its own, and a further one has
//! `http.request.resend_count`. A bridge such as `tracing-opentelemetry` turns them into traces.
//!
//! Both are at DEBUG with the target `integration_core::span`, so that
//! `integration_core::span=debug` in a filter gives traces without the log of every request.
//! Without a subscriber that wants them, all functions here return at once: no address is read and
//! nothing is allocated.
//!
//! [conventions]: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
//!
//! ```
//! use integration_core::observe::spans::{self, Request};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let request = Request::new("demo.charges.get", "demo", "GET", "https://api.example.com/v1/x")
//!     .with_template("/v1/{charge}");
//! let call = spans::call_span(&request);
//! let attempt = spans::attempt_span(&call, &request, 1, 0);
//! let answer = spans::traced(attempt, async { 200_u16 }, |span, status| {
//!     spans::end_attempt(span, Some(*status), None);
//! });
//! assert_eq!(answer.await, 200);
//! # });
//! ```

use std::{
    cell::LazyCell,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tracing::{Span, debug_span, field::Empty};

use super::{Target, shown::Name, words};
use crate::error::ErrorKind;

/// The target of all spans.
const SPAN: &str = "integration_core::span";

/// What a span tells about the request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The operation of the call.
    pub operation: &'a str,
    /// The key whose policies apply.
    pub key: &'a str,
    /// The method.
    pub method: &'a str,
    /// The whole address; what may not be shown of it is not shown.
    pub url: &'a str,
    /// The path with names in place of values, as `/v1/charges/{id}`. Default: not known.
    pub template: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Describes a request whose template is not known.
    #[must_use]
    pub const fn new(operation: &'a str, key: &'a str, method: &'a str, url: &'a str) -> Self {
        Self {
            operation,
            key,
            method,
            url,
            template: None,
        }
    }

    /// Sets the path with names in place of values.
    #[must_use]
    pub const fn with_template(mut self, template: &'a str) -> Self {
        self.template = Some(template);
        self
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("key", &self.key)
            .field("method", &self.method)
            .field("url", &Target::new(self.url))
            .field("template", &self.template)
            .finish()
    }
}

/// Begins the span of a call, below the span that is entered now.
#[inline]
#[must_use]
pub fn call_span(request: &Request<'_>) -> Span {
    // Read when the first field asks for it, which none does without a subscriber.
    let target = LazyCell::new(|| Target::new(request.url).parts());
    debug_span!(
        target: SPAN,
        "call",
        otel.name = %Name(request.operation),
        otel.kind = "internal",
        otel.status_code = Empty,
        integration.operation = %Name(request.operation),
        integration.key = %Name(request.key),
        integration.attempts = Empty,
        http.request.method = method(request.method),
        server.address = target.host,
        server.port = target.port,
        url.template = request.template,
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

/// Begins the span of an attempt.
///
/// `number` counts from 1, hedges included; `resend_count` is how often the request went out
/// before.
#[inline]
#[must_use]
pub fn attempt_span(parent: &Span, request: &Request<'_>, number: u32, resend_count: u32) -> Span {
    let target = LazyCell::new(|| Target::new(request.url).parts());
    debug_span!(
        target: SPAN,
        parent: parent,
        "attempt",
        otel.name = %SpanName(request),
        otel.kind = "client",
        otel.status_code = Empty,
        integration.operation = %Name(request.operation),
        integration.attempt = number,
        http.request.method = method(request.method),
        server.address = target.host,
        server.port = target.port,
        url.full = %*target,
        url.template = request.template,
        http.request.resend_count = (resend_count > 0).then_some(resend_count),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

/// Writes down how an attempt ended; `kind` is `None` for success.
#[inline]
pub fn end_attempt(span: &Span, status: Option<u16>, kind: Option<ErrorKind>) {
    if !span.is_disabled() {
        end(span, status, kind);
    }
}

/// Writes down how a call ended; `kind` is `None` for success.
#[inline]
pub fn end_call(span: &Span, attempts: u32, status: Option<u16>, kind: Option<ErrorKind>) {
    if !span.is_disabled() {
        span.record("integration.attempts", attempts);
        end(span, status, kind);
    }
}

#[cold]
fn end(span: &Span, status: Option<u16>, kind: Option<ErrorKind>) {
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    let Some(kind) = kind else { return };
    span.record("otel.status_code", "ERROR");
    match status {
        // The conventions want the status where there is one.
        Some(status @ 400..) => span.record("error.type", tracing::field::display(status)),
        _ => span.record("error.type", words::of_kind(kind)),
    };
}

/// The methods that the conventions know; a foreign one could be anything a caller chose.
fn method(method: &str) -> &str {
    let known = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
    ];
    if known.contains(&method) {
        method
    } else {
        "_OTHER"
    }
}

struct SpanName<'a>(&'a Request<'a>);

impl fmt::Display for SpanName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match method(self.0.method) {
            "_OTHER" => "HTTP",
            method => method,
        })?;
        match self.0.template {
            Some(template) => write!(f, " {}", Name(template)),
            None => Ok(()),
        }
    }
}

/// Runs a future inside a span, and hands its output to `on_end` for [`end_attempt`] or
/// [`end_call`].
///
/// A future that is dropped before its end (a timeout, the slower of two hedges, a caller who went
/// away) leaves `error.type = "cut_off"`.
#[inline]
pub fn traced<F, E>(span: Span, future: F, on_end: E) -> Traced<F, E>
where
    F: Future,
    E: FnOnce(&Span, &F::Output),
{
    Traced {
        future,
        span,
        on_end: Some(on_end),
    }
}

pin_project! {
    /// A future inside a span. Made by [`traced`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Traced<F, E> {
        #[pin]
        future: F,
        span: Span,
        on_end: Option<E>,
    }

    impl<F, E> PinnedDrop for Traced<F, E> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.on_end.is_some() && !this.span.is_disabled() {
                this.span.record("otel.status_code", "ERROR");
                this.span.record("error.type", "cut_off");
            }
        }
    }
}

impl<F, E> Future for Traced<F, E>
where
    F: Future,
    E: FnOnce(&Span, &F::Output),
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let output = ready!(this.future.poll(cx));
        if let Some(on_end) = this.on_end.take()
            && !this.span.is_disabled()
        {
            on_end(this.span, &output);
        }
        Poll::Ready(output)
    }
}

impl<F, E> fmt::Debug for Traced<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("span", &self.span)
            .finish_non_exhaustive()
    }
}
