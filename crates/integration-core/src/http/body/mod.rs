//! What a request carries.

mod multipart;
mod source;

#[cfg(test)]
mod tests;

use std::{fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_core::Stream;

pub use self::multipart::{Multipart, Part};
use self::source::Source;
use super::TransportError;
use crate::error::{Delivery, ErrorKind, Retriability};

/// Why a stream of yours could not go on.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of a body, as they come.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// The body of a request: bytes, a stream that can be made again, or one that cannot.
///
/// Bytes are sent again on every attempt without being copied. A [`replayable`](Self::replayable)
/// body is made anew for each attempt. A [`once`](Self::once) body is sent by the first attempt and
/// by no other: a call that carries one is never sent a second time, whatever went wrong.
///
/// ```
/// use integration_core::http::Body;
///
/// assert!(Body::from("a=1").is_replayable());
/// assert_eq!(Body::default().length(), Some(0));
/// ```
#[derive(Clone)]
pub struct Body(Kind);

#[derive(Clone)]
enum Kind {
    Bytes(Bytes),
    Stream {
        source: Arc<Source>,
        length: Option<u64>,
    },
}

/// A body that is about to be sent.
#[non_exhaustive]
pub enum OpenBody {
    /// All of it.
    Bytes(Bytes),
    /// It comes in pieces; a length that was announced is kept to, or the stream fails.
    Stream {
        /// The bytes that will come, if that is known before.
        length: Option<u64>,
        /// The pieces.
        stream: BodyStream,
    },
}

impl Body {
    /// Sends what `make` gives, which is asked once for each attempt.
    ///
    /// It must give the same bytes every time: a service that compares bodies under one idempotency
    /// key refuses a second one that differs.
    #[must_use]
    pub fn replayable<S, E>(make: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Self::stream(Source::replayable(make))
    }

    /// Sends a stream that exists only once, such as the body of a request that comes in.
    #[must_use]
    pub fn once<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Self::stream(Source::once(stream))
    }

    fn stream(source: Source) -> Self {
        Self(Kind::Stream {
            source: Arc::new(source),
            length: None,
        })
    }

    /// Announces how many bytes a stream has. Without it the body is sent in chunks, which some
    /// services refuse. A stream that then has fewer or more bytes fails the attempt.
    ///
    /// Of bytes the length is known: it stays.
    #[must_use]
    pub fn with_length(self, bytes: u64) -> Self {
        match self.0 {
            Kind::Stream { source, .. } => Self(Kind::Stream {
                source,
                length: Some(bytes),
            }),
            kind @ Kind::Bytes(_) => Self(kind),
        }
    }

    /// Returns the bytes, if they are there.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Stream { .. } => None,
        }
    }

    /// Returns how many bytes will be sent, if that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Kind::Stream { length, .. } => *length,
        }
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_some_and(Bytes::is_empty)
    }

    /// Whether it can be sent a second time.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        match &self.0 {
            Kind::Bytes(_) => true,
            Kind::Stream { source, .. } => source.is_replayable(),
        }
    }

    /// Begins to send it; for transports.
    ///
    /// # Errors
    ///
    /// Never retried: a body that exists once was opened before.
    pub fn open(&self) -> Result<OpenBody, TransportError> {
        let (source, length) = match &self.0 {
            Kind::Bytes(bytes) => return Ok(OpenBody::Bytes(bytes.clone())),
            Kind::Stream { source, length } => (source, *length),
        };
        match source.open(length) {
            Some(stream) => Ok(OpenBody::Stream { length, stream }),
            None => Err(TransportError::new(ErrorKind::Serialize)
                .with_message("body exists only once and was sent before")
                .with_retriability(Retriability::Never)
                .with_delivery(Delivery::NotSent)),
        }
    }
}

impl Default for Body {
    /// No body.
    fn default() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl fmt::Debug for Body {
    /// Shows no content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.length())
            .field("is_replayable", &self.is_replayable())
            .finish()
    }
}

impl fmt::Debug for OpenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}
