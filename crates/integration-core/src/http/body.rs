//! Reads a body inside its attempt, up to a limit, and notices when it stalls.

use std::{future::poll_fn, pin::Pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body::Body;
use tokio::time::timeout;

use super::{
    response::Answer,
    transport::{RawBody, RawResponse, TransportError},
};
use crate::error::ErrorKind;

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// Bytes that are taken at most.
    pub(super) limit: usize,
    /// Longest silence between two pieces.
    pub(super) idle: Duration,
}

/// Reads the whole answer.
pub(super) async fn read(
    response: RawResponse,
    limits: BodyLimits,
) -> Result<Answer, TransportError> {
    let RawResponse {
        status,
        headers,
        body,
    } = response;
    let body = match body {
        RawBody::Full(bytes) if bytes.len() > limits.limit => return Err(too_large(limits.limit)),
        RawBody::Full(bytes) => bytes,
        RawBody::Stream(stream) => collect(stream, limits).await?,
    };
    Ok(Answer {
        status,
        headers,
        body,
    })
}

async fn collect(
    mut stream: Pin<Box<dyn Body<Data = Bytes, Error = TransportError> + Send>>,
    limits: BodyLimits,
) -> Result<Bytes, TransportError> {
    // Its own hint and not the header, which for a `HEAD` tells of a body that does not come.
    let announced = usize::try_from(stream.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.limit {
        return Err(too_large(limits.limit));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut len = 0_usize;
    loop {
        let frame = timeout(limits.idle, poll_fn(|cx| stream.as_mut().poll_frame(cx)));
        let Some(frame) = frame
            .await
            .map_err(|_| stalled(limits.idle, len))?
            .transpose()?
        else {
            break;
        };
        // Trailers count for nothing.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        len = len.saturating_add(data.len());
        if len > limits.limit {
            return Err(too_large(limits.limit));
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

fn too_large(limit: usize) -> TransportError {
    TransportError::new(ErrorKind::BodyTooLarge)
        .with_message(format!("answer is larger than {limit} bytes"))
}

fn stalled(idle: Duration, len: usize) -> TransportError {
    TransportError::new(ErrorKind::AttemptTimeout)
        .with_message(format!("body stalled for {idle:?} after {len} bytes"))
}
