//! Where the bytes of a streamed body come from.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use parking_lot::Mutex;
use pin_project_lite::pin_project;

use super::{BodyError, BodyStream};

/// A stream, or what makes streams.
pub(super) enum Source {
    Replayable(Box<dyn Fn() -> BodyStream + Send + Sync>),
    /// Taken by the first attempt.
    Once(Mutex<Option<BodyStream>>),
}

impl Source {
    pub(super) fn replayable<S, E>(make: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Self::Replayable(Box::new(move || boxed(make())))
    }

    pub(super) fn once<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Self::Once(Mutex::new(Some(boxed(stream))))
    }

    pub(super) fn is_replayable(&self) -> bool {
        matches!(self, Self::Replayable(_))
    }

    /// Returns the stream, held to its length; `None` when there was one and it is gone.
    pub(super) fn open(&self, length: Option<u64>) -> Option<BodyStream> {
        let stream = match self {
            Self::Replayable(make) => make(),
            Self::Once(stream) => stream.lock().take()?,
        };
        Some(match length {
            Some(left) => Box::pin(Announced { stream, left }),
            None => stream,
        })
    }
}

fn boxed<S, E>(stream: S) -> BodyStream
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BodyError> + 'static,
{
    Box::pin(Erased { stream })
}

pin_project! {
    /// A stream whose errors have lost their type.
    struct Erased<S> {
        #[pin]
        stream: S,
    }
}

impl<S, E> Stream for Erased<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BodyError>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(next.map(|piece| piece.map_err(Into::into)))
    }
}

/// Holds a stream to the length that was announced for it: one byte more would be read as the
/// beginning of the next request.
struct Announced {
    stream: BodyStream,
    left: u64,
}

impl Stream for Announced {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.stream.as_mut().poll_next(cx)).transpose()?;
        let Some(piece) = next else {
            let missing = std::mem::take(&mut self.left);
            return Poll::Ready((missing > 0).then(|| Err(Short(missing).into())));
        };
        let len = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Poll::Ready(Some(match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                Ok(piece)
            }
            None => Err(Long.into()),
        }))
    }
}

#[derive(Debug)]
struct Short(u64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "body ended {} bytes before its announced length", self.0)
    }
}

impl std::error::Error for Short {}

#[derive(Debug)]
struct Long;

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body is longer than its announced length")
    }
}

impl std::error::Error for Long {}
