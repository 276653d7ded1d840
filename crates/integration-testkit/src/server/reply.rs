//! What the service does with a request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// One scripted answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
    pub(super) length: Length,
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
    StallAfter(usize),
    /// The head and this many bytes, then the end of the connection.
    CutAfter(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Announced,
    Chunked,
}

impl Reply {
    /// Answers with this status and no body. A number that is no status becomes 500.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            delay: Duration::ZERO,
            fault: None,
            length: Length::Announced,
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
        self.body = body.into();
        self
    }

    /// Sends the body in chunks, without its length.
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
        self.fault(Fault::StallAfter(bytes))
    }

    /// Sends the head and this many bytes of the body, then ends the connection.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        self.fault(Fault::CutAfter(bytes))
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}
