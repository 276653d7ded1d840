//! What the service does with a request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::payload::Payload;

/// One scripted answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
    pub(super) length: Length,
    pub(super) pieces: Pieces,
}

/// How an answer goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// No answer; the connection stays open.
    Silence,
    /// No answer; the connection is closed.
    Close,
    /// No answer; the connection is reset.
    Reset,
    /// No answer, but bytes that are no HTTP; then the connection is closed.
    Garbage,
    /// The head and this many bytes, then nothing more.
    StallAfter(u64),
    /// The head and this many bytes, then the end of the connection.
    CutAfter(u64),
    /// The head and this many bytes, then a reset of the connection.
    ResetAfter(u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    True,
    Chunked,
    Lie(u64),
}

/// In what pieces a body is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    pub(super) bytes: u64,
    pub(super) pause: Duration,
}

impl Reply {
    /// Answers with this status and no body. A number that is no status becomes 500.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            payload: Payload::Given(Bytes::new()),
            delay: Duration::ZERO,
            fault: None,
            length: Length::True,
            pieces: Pieces {
                bytes: u64::MAX,
                pause: Duration::ZERO,
            },
        }
    }

    /// Answers 200 with this body.
    #[must_use]
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::status(200).body(body)
    }

    /// Never answers, and keeps the connection open.
    #[must_use]
    pub fn silence() -> Self {
        Self::status(200).fault(Fault::Silence)
    }

    /// Closes the connection instead of answering.
    #[must_use]
    pub fn close() -> Self {
        Self::status(200).fault(Fault::Close)
    }

    /// Resets the connection instead of answering.
    #[must_use]
    pub fn reset() -> Self {
        Self::status(200).fault(Fault::Reset)
    }

    /// Answers with bytes that are no HTTP, and closes the connection.
    #[must_use]
    pub fn garbage() -> Self {
        Self::status(200).fault(Fault::Garbage)
    }

    /// Adds a header; what is no header is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            self.headers.append(name, value);
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.payload = Payload::Given(body.into());
        self
    }

    /// Answers 200 with a body of this many bytes, which is produced while it is sent and never
    /// held in memory: `abc..zabc..`. With [`u64::MAX`] and [`chunked`](Self::chunked) it is
    /// without end.
    ///
    /// ```
    /// use integration_testkit::Reply;
    ///
    /// let ten_gigabytes = Reply::of_size(10_000_000_000);
    /// let endless = Reply::of_size(u64::MAX).chunked();
    /// # let _ = (ten_gigabytes, endless);
    /// ```
    #[must_use]
    pub fn of_size(bytes: u64) -> Self {
        let mut reply = Self::status(200);
        reply.payload = Payload::produced(bytes);
        reply
    }

    /// Sets a body that is compressed already, and says so in `content-encoding`.
    ///
    /// ```
    /// // `gzip` of nothing.
    /// let bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    /// let reply = integration_testkit::Reply::status(200).gzip(&bytes[..]);
    /// # let _ = reply;
    /// ```
    #[must_use]
    pub fn gzip(self, compressed: impl Into<Bytes>) -> Self {
        self.body(compressed).header("content-encoding", "gzip")
    }

    /// Announces this length, whatever the body has.
    ///
    /// Where it is too long, the connection ends after the body. Where it is too short, the rest
    /// of the body comes all the same, where the client expects the next answer or nothing.
    ///
    /// ```
    /// use integration_testkit::Reply;
    ///
    /// let too_long = Reply::ok("0123").announce(10);
    /// let too_short = Reply::ok("0123").announce(2);
    /// # let _ = (too_long, too_short);
    /// ```
    #[must_use]
    pub fn announce(mut self, bytes: u64) -> Self {
        self.length = Length::Lie(bytes);
        self
    }

    /// Sends the body in pieces of this many bytes, at least 1, with a pause between two of them.
    ///
    /// Each piece is a chunk where the body is [`chunked`](Self::chunked).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pause = Duration::from_millis(10);
    /// let slow = integration_testkit::Reply::ok("data: 1\n\ndata: 2\n\n").pieces(9, pause);
    /// # let _ = slow;
    /// ```
    #[must_use]
    pub fn pieces(mut self, bytes: u64, pause: Duration) -> Self {
        self.pieces = Pieces {
            bytes: bytes.max(1),
            pause,
        };
        self
    }

    /// Sends the body in chunks, without its length.
    ///
    /// With [`stall_after`](Self::stall_after) or [`cut_after`](Self::cut_after) the last chunk,
    /// which says that it is the last, never comes.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.length = Length::Chunked;
        self
    }

    /// Waits before the head.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the head and this many bytes of the body, then nothing more, for ever.
    #[must_use]
    pub fn stall_after(self, bytes: usize) -> Self {
        self.fault(Fault::StallAfter(bytes as u64))
    }

    /// Sends the head and this many bytes of the body, then ends the connection.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        self.fault(Fault::CutAfter(bytes as u64))
    }

    /// Sends the head and this many bytes of the body, then resets the connection.
    ///
    /// They are written before the reset. A client that has not made room for them does not get
    /// them all, as with any reset.
    ///
    /// ```
    /// use integration_testkit::Reply;
    ///
    /// let body = "0123456789";
    /// let everywhere = (0..=10).map(|bytes| Reply::ok(body).reset_after(bytes));
    /// # let _ = everywhere;
    /// ```
    #[must_use]
    pub fn reset_after(self, bytes: usize) -> Self {
        self.fault(Fault::ResetAfter(bytes as u64))
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}
