//! An answer whose body is read by the caller, as it comes.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use ::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    client::Inner,
    read::{stalled, too_large},
    response::Response,
    transport::{RawBody, TransportError},
};
use crate::{
    driver::Held,
    error::{Delivery, Error, ErrorKind, Result},
    observe::{BodyEnd, Exchange, Passing, Target},
    sse::SseStream,
};

/// A 2xx answer whose body comes in pieces: a [`Stream`] of [`Bytes`].
///
/// Nothing is read ahead: a caller that is slow makes the server wait. A silence longer than
/// `idle_timeout` ends the stream while the caller waits for it, and so does the deadline of the
/// call, which goes on until the last byte. The attempt ended with the head, so what breaks
/// afterwards is not retried; only the caller knows what it has done with the first half. The place
/// of the call in its bulkhead is given back when the stream is dropped or at its end.
///
/// ```no_run
/// # async fn run(client: integration_core::http::Client) -> integration_core::Result<()> {
/// let mut export = client.get("/v1/exports/7").send_streaming().await?;
/// while let Some(piece) = export.chunk().await? {
///     println!("{} bytes", piece.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct StreamingResponse {
    /// Its body is empty.
    head: Response,
    /// `None` when it is over.
    body: Option<RawBody>,
    watch: Watch,
    told: Told,
    /// The place in the bulkhead.
    held: Option<Held>,
}

/// What bounds the stream.
pub(super) struct Watch {
    limit: Option<usize>,
    idle: Duration,
    deadline: Option<Instant>,
    /// When the caller began to wait for the piece that does not come.
    waits_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    len: usize,
}

/// What errors and observers are told.
pub(super) struct Told {
    pub(super) client: super::Client,
    pub(super) key: std::sync::Arc<str>,
    pub(super) method: ::http::Method,
    pub(super) url: url::Url,
}

impl StreamingResponse {
    pub(super) fn new(
        head: Response,
        body: RawBody,
        watch: Watch,
        told: Told,
        held: Option<Held>,
    ) -> Self {
        Self {
            head,
            body: Some(body),
            watch,
            told,
            held,
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// Returns the answer without its body: attempts, request id, quota.
    #[must_use]
    pub fn head(&self) -> &Response {
        &self.head
    }

    /// Returns how many bytes have come so far.
    #[must_use]
    pub fn received(&self) -> usize {
        self.watch.len
    }

    /// Returns the next piece, or `None` at the end. Cancel safe: no byte is lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AttemptTimeout`] for a silence longer than `idle_timeout`,
    /// [`ErrorKind::DeadlineExceeded`] when the deadline of the call is over,
    /// [`ErrorKind::BodyTooLarge`] beyond a limit that was asked for,
    /// [`ErrorKind::ConnectionReset`] or [`ErrorKind::Incomplete`] when it broke off. After an
    /// error the stream is over.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|cx| self.poll_chunk(cx)).await.transpose()
    }

    /// Reads the rest, up to `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk), and [`ErrorKind::BodyTooLarge`] beyond the limit.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes> {
        let limit = self.watch.len.saturating_add(limit);
        self.watch.limit = Some(self.watch.limit.map_or(limit, |own| own.min(limit)));
        let mut all = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// Reads it as server-sent events.
    #[must_use]
    pub fn events(self) -> SseStream<Self> {
        SseStream::new(self)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let inner = &*self.told.client.inner;
        let polled = match poll_piece(body, cx) {
            Poll::Pending => Poll::Ready(Err(ready!(self.watch.poll(inner, cx)))),
            ready => ready,
        };
        match ready!(polled) {
            Ok(Some(piece)) => match self.watch.count(&piece) {
                Ok(()) => Poll::Ready(Some(Ok(piece))),
                Err(error) => Poll::Ready(Some(Err(self.fail(error)))),
            },
            Ok(None) => {
                self.end(BodyEnd::Complete);
                Poll::Ready(None)
            }
            Err(error) => Poll::Ready(Some(Err(self.fail(error)))),
        }
    }

    fn fail(&mut self, error: TransportError) -> Error {
        self.end(BodyEnd::Failed(error.kind));
        let message = error.to_string();
        let ours = Error::new(error.kind, self.head.operation.clone())
            .with_message(message)
            .with_status(self.status().as_u16())
            .with_delivery(Delivery::Executed)
            .with_context("method", &self.told.method)
            .with_context("received", self.watch.len)
            .with_url(self.told.url.as_str());
        let ours = match self.head.request_id() {
            Some(id) => ours.with_request_id(id),
            None => ours,
        };
        match error.source {
            Some(source) => ours.with_source(source),
            None => ours,
        }
    }

    /// Frees the connection and the place, and tells of it.
    fn end(&mut self, how: BodyEnd) {
        if self.body.take().is_none() {
            return;
        }
        self.held = None;
        self.watch.timer = None;
        let Told {
            client,
            key,
            method,
            url,
        } = &self.told;
        if client.inner.driver.is_observed() {
            let what = Passing::Body {
                bytes: u64::try_from(self.watch.len).unwrap_or(u64::MAX),
                how,
            };
            let operation = &self.head.operation;
            let target = Target::new(url.as_str());
            let exchange = Exchange::new(operation, key, method.as_str(), target, what);
            let exchange = exchange.with_attempt(self.head.attempts);
            client.inner.driver.exchange(&exchange);
        }
    }
}

impl Watch {
    pub(super) fn new(limit: Option<usize>, idle: Duration, deadline: Option<Instant>) -> Self {
        Self {
            limit,
            idle,
            deadline,
            waits_since: None,
            timer: None,
            len: 0,
        }
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), TransportError> {
        self.waits_since = None;
        self.len = self.len.saturating_add(piece.len());
        match self.limit {
            Some(limit) if self.len > limit => Err(too_large(limit)),
            _ => Ok(()),
        }
    }

    /// Resolves when nobody may wait any longer, with the reason.
    fn poll(&mut self, inner: &Inner, cx: &mut Context<'_>) -> Poll<TransportError> {
        let since = *self.waits_since.get_or_insert_with(|| inner.driver.now());
        let silent = since + self.idle;
        let until = self
            .deadline
            .map_or(silent, |deadline| silent.min(deadline));
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(if until == silent {
            stalled(self.idle, self.len)
        } else {
            TransportError::new(ErrorKind::DeadlineExceeded).with_message(format!(
                "deadline of the call was over after {} bytes of the body",
                self.len
            ))
        })
    }
}

/// Returns the next piece that is not empty; trailers count for nothing.
fn poll_piece(
    body: &mut RawBody,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, TransportError>> {
    let stream = match body {
        RawBody::Full(bytes) if bytes.is_empty() => return Poll::Ready(Ok(None)),
        RawBody::Full(bytes) => return Poll::Ready(Ok(Some(std::mem::take(bytes)))),
        RawBody::Stream(stream) => stream,
    };
    while let Some(frame) = ready!(stream.as_mut().poll_frame(cx)) {
        if let Ok(data) = frame?.into_data()
            && !data.is_empty()
        {
            return Poll::Ready(Ok(Some(data)));
        }
    }
    Poll::Ready(Ok(None))
}

impl Stream for StreamingResponse {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}

impl Drop for StreamingResponse {
    fn drop(&mut self) {
        self.end(BodyEnd::Dropped);
    }
}

impl fmt::Debug for StreamingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingResponse")
            .field("head", &self.head)
            .field("received", &self.watch.len)
            .field("is_over", &self.body.is_none())
            .finish_non_exhaustive()
    }
}
