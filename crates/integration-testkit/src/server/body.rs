//! A body that can go wrong half way.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::reply::{Fault, Length, Reply};

/// Sends what the script says, then ends, stalls or fails.
pub(super) struct ScriptedBody {
    rest: Bytes,
    /// What is announced: the whole body, also where less of it comes.
    len: Option<u64>,
    end: End,
}

enum End {
    Regular,
    Stall,
    Flush,
    Cut,
}

impl ScriptedBody {
    pub(super) fn new(reply: &Reply) -> Self {
        let (send, end) = match reply.fault {
            Some(Fault::StallAfter(bytes)) => (bytes, End::Stall),
            Some(Fault::CutAfter(bytes)) => (bytes, End::Flush),
            _ => (reply.body.len(), End::Regular),
        };
        let len = match reply.length {
            Length::Announced => u64::try_from(reply.body.len()).ok(),
            Length::Chunked => None,
        };
        Self {
            rest: reply.body.slice(..send.min(reply.body.len())),
            len,
            end,
        }
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        }
        match self.end {
            End::Regular => Poll::Ready(None),
            End::Stall => Poll::Pending,
            // hyper throws away what it has not written when a body fails, so it gets to write.
            End::Flush => {
                self.end = End::Cut;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            End::Cut => Poll::Ready(Some(Err(io::Error::other("cut by the script")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Regular) && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.len
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
