//! The bodies of both directions.

use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::timeout;

use super::super::{Body, BodyError, StreamingResponse};
use crate::error::{Delivery, Error, ErrorKind, Result};

/// Bytes of a request that are held so that they can be sent again; a larger body is sent once.
pub const MAX_REPLAYED: usize = 64 << 10;

/// The body of an answer: here already, or read as it comes.
#[derive(Debug)]
pub struct ServiceBody(Kind);

enum Kind {
    /// `None` when it was taken or is empty.
    Whole(Option<Bytes>),
    Streamed(Box<StreamingResponse>),
}

impl ServiceBody {
    pub(super) fn whole(body: Bytes) -> Self {
        Self(Kind::Whole(Some(body).filter(|body| !body.is_empty())))
    }

    pub(super) fn streamed(answer: StreamingResponse) -> Self {
        Self(Kind::Streamed(Box::new(answer)))
    }
}

impl http_body::Body for ServiceBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Kind::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Kind::Streamed(answer) => {
                let piece = ready!(Pin::new(&mut **answer).poll_next(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, length)),
            Kind::Streamed(_) => SizeHint::new(),
        }
    }
}

impl fmt::Debug for Kind {
    /// Shows no content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(body) => write!(f, "Whole({} bytes)", body.as_ref().map_or(0, length)),
            Self::Streamed(answer) => answer.fmt(f),
        }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Holds a small body, and makes a stream of any other, which exists once.
pub(super) async fn held<B>(body: B, stalls_after: Duration) -> Result<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    let len = http_body::Body::size_hint(&body).exact();
    let is_small = |len: u64| usize::try_from(len).is_ok_and(|len| len <= MAX_REPLAYED);
    if !len.is_some_and(is_small) {
        let stream = Body::once(Pieces { body });
        return Ok(match len {
            Some(len) => stream.with_length(len),
            None => stream,
        });
    }
    let broken = |message: String| {
        Error::new(ErrorKind::Serialize, "http.service")
            .with_message(message)
            .with_delivery(Delivery::NotSent)
    };
    match timeout(stalls_after, collect(Pieces { body })).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(cause)) => {
            Err(broken("body of the request broke off".to_owned()).with_source(cause))
        }
        Err(_) => Err(broken(format!(
            "body of the request stalled for {stalls_after:?}"
        ))),
    }
}

/// Reads a body that has announced that it is small, and believes it no further.
async fn collect<S>(stream: S) -> Result<Bytes, BodyError>
where
    S: Stream<Item = Result<Bytes, BodyError>>,
{
    let mut stream = pin!(stream);
    let mut all = BytesMut::new();
    while let Some(piece) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        all.extend_from_slice(&piece?);
        if all.len() > MAX_REPLAYED {
            return Err("body of the request is larger than it announced".into());
        }
    }
    Ok(all.freeze())
}

pin_project! {
    /// The data of a body; what is no data is dropped.
    struct Pieces<B> {
        #[pin]
        body: B,
    }
}

impl<B> Stream for Pieces<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.project().body;
        loop {
            let Some(frame) = ready!(body.as_mut().poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            match frame.map_err(Into::into)?.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(_trailers) => {}
            }
        }
    }
}
