//! A body that can go wrong half way.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{
    payload::Payload,
    reply::{Fault, Length, Reply},
    wire::Control,
};

/// Sends what the script says, then ends, stalls or fails.
pub(super) struct ScriptedBody {
    payload: Payload,
    at: u64,
    /// Where it ends, stalls or fails.
    until: u64,
    /// What is announced, also where something else comes.
    announced: Option<u64>,
    pieces: super::reply::Pieces,
    pause: Option<Pin<Box<Sleep>>>,
    end: End,
    control: Control,
}

enum End {
    Regular,
    Stall,
    Close,
    Reset,
}

impl ScriptedBody {
    pub(super) fn new(reply: &Reply, control: Control) -> Self {
        let len = reply.payload.len();
        let announced = match reply.length {
            Length::True => Some(len),
            Length::Chunked => None,
            Length::Lie(lie) => Some(lie),
        };
        let (until, end) = match reply.fault {
            Some(Fault::StallAfter(bytes)) => (bytes, End::Stall),
            Some(Fault::CutAfter(bytes)) => (bytes, End::Close),
            Some(Fault::ResetAfter(bytes)) => (bytes, End::Reset),
            // The client waits for bytes that do not exist.
            _ if announced > Some(len) => (len, End::Close),
            _ => (len, End::Regular),
        };
        let body = Self {
            payload: reply.payload.clone(),
            at: 0,
            until: until.min(len).min(announced.unwrap_or(len)),
            announced,
            pieces: reply.pieces,
            pause: None,
            end,
            control,
        };
        body.instruct();
        body
    }

    fn next_piece(&mut self) -> Bytes {
        let most = self.pieces.bytes.min(self.until - self.at);
        let piece = self.payload.piece(self.at, most);
        self.at += piece.len() as u64;
        if self.at < self.until && !self.pieces.pause.is_zero() {
            self.pause = Some(Box::pin(sleep(self.pieces.pause)));
        }
        self.instruct();
        piece
    }

    /// Leaves to the wire what hyper would not do: to send what was not announced, and to end when
    /// everything is written.
    fn instruct(&self) {
        if self.at < self.until {
            return;
        }
        match self.end {
            End::Regular => self.control.append(self.payload.piece(self.at, u64::MAX)),
            End::Stall => {}
            End::Close => self.control.close(),
            End::Reset => self.control.reset(),
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
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if self.at < self.until {
            return Poll::Ready(Some(Ok(Frame::data(self.next_piece()))));
        }
        match self.end {
            End::Regular => Poll::Ready(None),
            End::Stall | End::Close | End::Reset => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Regular) && self.at == self.until
    }

    fn size_hint(&self) -> SizeHint {
        self.announced
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
