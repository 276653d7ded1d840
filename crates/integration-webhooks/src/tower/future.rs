//! The future of a verified call.

use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited, combinators::Collect};
use integration_core::clock::SharedClock;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    event::Answer,
    receive::{check_length, verdict},
    rejection::Refusal,
    source::Source,
};

pin_project! {
    /// Reads the body, verifies it, calls the inner service.
    ///
    /// Dropped while reading, it has called nothing; dropped later, it drops the inner call.
    pub struct ResponseFuture<B, S>
    where
        B: Body,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
        S: Service<Request<Full<Bytes>>>,
    {
        source: Source,
        clock: SharedClock,
        #[pin]
        state: State<B, S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<B, S>
    where
        B: Body,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
        S: Service<Request<Full<Bytes>>>,
    {
        Reading { #[pin] body: Collect<Limited<B>>, request: Request<()>, inner: S },
        Calling { #[pin] call: S::Future },
        Refused { refusal: Refusal },
    }
}

impl<B, S> ResponseFuture<B, S>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    S: Service<Request<Full<Bytes>>>,
{
    pub(super) fn new(inner: S, source: Source, clock: SharedClock, request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        let state = match check_length(&source, body.size_hint().lower()) {
            Err(refusal) => State::Refused { refusal },
            Ok(()) => State::Reading {
                body: Limited::new(body, source.body_limit()).collect(),
                request: Request::from_parts(parts, ()),
                inner,
            },
        };
        Self {
            source,
            clock,
            state,
        }
    }
}

impl<B, S, R> Future for ResponseFuture<B, S>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Calling { call } => return call.poll(cx),
                StateProjection::Refused { refusal } => {
                    let answer = refusal.answer(&this.source.contract());
                    return Poll::Ready(Ok(response(answer)));
                }
                StateProjection::Reading {
                    body,
                    request,
                    inner,
                } => {
                    let read = ready!(body.poll(cx));
                    // Taken once: whatever comes next, this state is left.
                    let mut request = mem::take(request);
                    match verdict(this.source, this.clock, request.headers(), read) {
                        Err(refusal) => State::Refused { refusal },
                        Ok(event) => {
                            let body = Full::new(event.body.clone());
                            request.extensions_mut().insert(event);
                            State::Calling {
                                call: inner.call(request.map(|()| body)),
                            }
                        }
                    }
                }
            };
            this.state.set(next);
        }
    }
}

impl<B, S> fmt::Debug for ResponseFuture<B, S>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    S: Service<Request<Full<Bytes>>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

fn response<R: From<Bytes>>(answer: Answer) -> Response<R> {
    let mut response = Response::new(R::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(answer.content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
