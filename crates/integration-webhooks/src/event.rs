//! What verification yields.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

/// Longest id an event takes from a sender, in bytes; a longer one in a body is not used.
pub const MAX_ID_BYTES: usize = 256;

/// Longest event type, in bytes; a longer one is not used.
pub const MAX_TYPE_BYTES: usize = 256;

/// What a verified delivery turned out to be.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum Verified {
    /// An event to store and handle.
    Event(WebhookEvent),
    /// A question of the sender about this endpoint; send the answer and store nothing.
    Handshake(Answer),
}

/// One verified webhook.
#[non_exhaustive]
#[derive(Clone)]
pub struct WebhookEvent {
    /// Name of the [`Source`](crate::Source) that verified it.
    pub source: Arc<str>,
    /// Identifier: the sender's, or the lower-case hex SHA-256 of the body.
    pub id: String,
    /// Where [`id`](Self::id) was taken from.
    pub id_origin: IdOrigin,
    /// Equal for every delivery of the same event, whatever unsigned headers say.
    pub dedup: DedupKey,
    /// The sender's word for what happened, `None` when it gives none.
    pub event_type: Option<String>,
    /// The signed time of sending, since the Unix epoch; `None` where the scheme has none.
    pub timestamp: Option<Duration>,
    /// The bytes that were signed.
    pub body: Bytes,
    /// `content-type` and the sender's own headers, without the signature.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Index of the secret that matched, in the order given to [`Source::new`](crate::Source::new).
    pub secret_no: usize,
}

/// Where an event's id was taken from.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdOrigin {
    /// From bytes the signature covers.
    Signed,
    /// From a header nobody signed: good for looking up, not for deduplication.
    Header,
    /// The hash of the signed body, as the sender gives no id that stays the same.
    ContentHash,
}

/// The key equal deliveries share: SHA-256 over the source's name and the signed id or body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey(pub [u8; 32]);

/// A ready answer to a sender's handshake.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `content-type`.
    pub content_type: &'static str,
    /// Body, possibly empty.
    pub body: Bytes,
}

impl fmt::Debug for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEvent")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("id_origin", &self.id_origin)
            .field("event_type", &self.event_type)
            .field("timestamp", &self.timestamp)
            .field("body_bytes", &self.body.len())
            .field("headers", &self.headers.len())
            .field("secret_no", &self.secret_no)
            .finish_non_exhaustive()
    }
}

impl DedupKey {
    /// Derives the key from an id the signature covers.
    #[must_use]
    pub fn from_signed_id(source: &str, id: &str) -> Self {
        Self::derive(source, b"id", id.as_bytes())
    }

    /// Derives the key from the signed body, where no signed id exists.
    #[must_use]
    pub fn from_body(source: &str, body: &[u8]) -> Self {
        Self::derive(source, b"body", body)
    }

    /// Returns the key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn derive(source: &str, kind: &[u8], what: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [source.as_bytes(), kind] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(what);
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DedupKey({self})")
    }
}

impl fmt::Display for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
