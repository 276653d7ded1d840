//! The decoder on a stream of bytes.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{OPERATION, decoder::Decoder, event::Event};
use crate::error::{Error, ErrorKind, Result};

pin_project! {
    /// The events of a body, in their order.
    ///
    /// Ends with the body, or after its first error; the body is dropped then, and with it its
    /// connection. Dropping the stream drops the body. A future of [`next`](Self::next) that is
    /// dropped loses no event.
    pub struct SseStream<S> {
        #[pin]
        body: Option<S>,
        decoder: Decoder,
        cut: bool,
    }
}

impl<S> SseStream<S> {
    /// Reads `body` with the defaults of [`SseConfig`](super::SseConfig).
    pub fn new(body: S) -> Self {
        Self::with_decoder(body, Decoder::default())
    }

    /// Reads `body` with a decoder of your own.
    pub fn with_decoder(body: S, decoder: Decoder) -> Self {
        Self {
            body: Some(body),
            decoder,
            cut: false,
        }
    }

    /// Returns the id to resume after, as of the events returned so far; empty if there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// Returns how long the server asks to wait before reconnecting, at most 30 days.
    #[must_use]
    pub const fn reconnection_time(&self) -> Option<Duration> {
        self.decoder.reconnection_time()
    }

    /// Returns whether the body ended, well or not, before the blank line of its last event.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns the next event.
    ///
    /// # Errors
    ///
    /// Those of the [`Stream`].
    pub async fn next<E>(&mut self) -> Option<Result<Event>>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

/// Yields [`ErrorKind::BodyTooLarge`] for an event over the limit; the body's own [`Error`] as it
/// is, and any other error of the body as the source of an [`ErrorKind::Incomplete`].
impl<S, E> Stream for SseStream<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Item = Result<Event>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            match this.decoder.next_event() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(error) => {
                    this.body.set(None);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            let Some(body) = this.body.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            match ready!(body.poll_next(cx)) {
                Some(Ok(chunk)) => this.decoder.feed(chunk),
                None => {
                    *this.cut = this.decoder.is_inside_event();
                    this.body.set(None);
                    this.decoder.finish();
                }
                Some(Err(error)) => {
                    *this.cut = this.decoder.is_inside_event();
                    this.body.set(None);
                    this.decoder.abandon();
                    return Poll::Ready(Some(Err(broken(error.into()))));
                }
            }
        }
    }
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => Error::new(ErrorKind::Incomplete, OPERATION).with_source(other),
    }
}

impl<S> fmt::Debug for SseStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseStream")
            .field("decoder", &self.decoder)
            .field("cut", &self.cut)
            .finish_non_exhaustive()
    }
}
