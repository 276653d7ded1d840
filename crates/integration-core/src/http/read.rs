//! Reads the body of an answer inside its attempt, up to a limit, and notices when it stalls.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use ::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use tokio::time::{Sleep, sleep};

use super::{
    response::Answer,
    transport::{RawBody, RawResponse, TransportError},
};
use crate::error::ErrorKind;

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Bytes that are taken at most.
    pub(super) limit: usize,
    /// Longest silence between two pieces.
    pub(super) idle: Duration,
    /// Whether the body of a 2xx answer is left to the caller.
    pub(super) is_streamed: bool,
}

/// What came in: an answer, and its body if that is left to the caller.
pub(super) struct Arrived {
    pub(super) answer: Answer,
    /// Boxed, as it is rare.
    pub(super) rest: Option<Box<RawBody>>,
}

impl Arrived {
    pub(super) fn whole(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let answer = Answer {
            status,
            headers,
            body,
        };
        Self { answer, rest: None }
    }

    pub(super) fn head(status: StatusCode, headers: HeaderMap, rest: RawBody) -> Self {
        Self {
            rest: Some(Box::new(rest)),
            ..Self::whole(status, headers, Bytes::new())
        }
    }
}

/// A body that comes in pieces.
pub(super) trait Pieces {
    /// Returns how many bytes are announced at least: by the body itself and not by the header,
    /// which for a `HEAD` tells of a body that does not come.
    fn announced(&self) -> u64;

    /// Returns the next piece; trailers count for nothing.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, TransportError>> + Send;
}

/// Named, as the compiler loses the lifetime of a bare object on the way through futures.
struct Boxed(Pin<Box<dyn Body<Data = Bytes, Error = TransportError> + Send>>);

impl Pieces for Boxed {
    fn announced(&self) -> u64 {
        self.0.size_hint().lower()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        while let Some(frame) = poll_fn(|cx| self.0.as_mut().poll_frame(cx)).await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// Reads the whole answer.
pub(super) async fn read(
    response: RawResponse,
    reading: &Reading,
) -> Result<Arrived, TransportError> {
    let RawResponse {
        status,
        headers,
        body,
    } = response;
    if reading.is_streamed && status.is_success() {
        return Ok(Arrived::head(status, headers, body));
    }
    let body = match body {
        RawBody::Full(bytes) if bytes.len() > reading.limit => {
            return Err(too_large(reading.limit));
        }
        RawBody::Full(bytes) => bytes,
        RawBody::Stream(stream) => collect(&mut Boxed(stream), reading).await?,
    };
    Ok(Arrived::whole(status, headers, body))
}

pub(super) async fn collect(
    pieces: &mut impl Pieces,
    reading: &Reading,
) -> Result<Bytes, TransportError> {
    let announced = usize::try_from(pieces.announced()).unwrap_or(usize::MAX);
    if announced > reading.limit {
        return Err(too_large(reading.limit));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut len = 0_usize;
    loop {
        let Some(data) = next(pieces, reading.idle, len).await? else {
            break;
        };
        len = len.saturating_add(data.len());
        if len > reading.limit {
            return Err(too_large(reading.limit));
        }
        // A body of one piece, which most are, is not copied.
        if first.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Waits for the next piece, up to `idle`. Most pieces are there: only one that is not costs a timer.
async fn next(
    pieces: &mut impl Pieces,
    idle: Duration,
    len: usize,
) -> Result<Option<Bytes>, TransportError> {
    let mut piece = pin!(pieces.next());
    let mut silence = pin!(None::<Sleep>);
    poll_fn(|cx| {
        if let Poll::Ready(piece) = piece.as_mut().poll(cx) {
            return Poll::Ready(piece);
        }
        if silence.is_none() {
            silence.set(Some(sleep(idle)));
        }
        let silence = silence.as_mut().as_pin_mut();
        silence.map_or(Poll::Pending, |silence| {
            silence.poll(cx).map(|()| Err(stalled(idle, len)))
        })
    })
    .await
}

pub(super) fn too_large(limit: usize) -> TransportError {
    TransportError::new(ErrorKind::BodyTooLarge)
        .with_message(format!("answer is larger than {limit} bytes"))
}

pub(super) fn stalled(idle: Duration, len: usize) -> TransportError {
    TransportError::new(ErrorKind::AttemptTimeout)
        .with_message(format!("body stalled for {idle:?} after {len} bytes"))
}
