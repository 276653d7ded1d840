//! Why a delivery was refused.

use std::time::Duration;

use bytes::Bytes;

use crate::{contract::SenderContract, event::Answer};

/// Why a delivery was refused. `Display` is for logs; answer the sender with
/// [`public_reason`](Self::public_reason).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A header the scheme needs is absent.
    #[error("header {0} is missing")]
    MissingHeader(String),
    /// A header the scheme reads is there more than once.
    #[error("header {0} is there more than once")]
    DuplicateHeader(String),
    /// A header the scheme reads does not have the scheme's form.
    #[error("header {name} is malformed: {reason}")]
    MalformedHeader {
        /// Name of the header.
        name: String,
        /// What is wrong with it, without quoting it.
        reason: &'static str,
    },
    /// The signed time lies too far in the past.
    #[error("timestamp is {} s old, tolerance {} s", age.as_secs(), tolerance.as_secs())]
    TimestampTooOld {
        /// Now minus the signed time.
        age: Duration,
        /// The source's tolerance.
        tolerance: Duration,
    },
    /// The signed time lies too far in the future.
    #[error("timestamp is {} s ahead, tolerance {} s", ahead.as_secs(), tolerance.as_secs())]
    TimestampInFuture {
        /// The signed time minus now.
        ahead: Duration,
        /// The source's tolerance.
        tolerance: Duration,
    },
    /// No signature fits any secret that is in force.
    #[error("no signature matches, secrets tried: {tried}")]
    SignatureMismatch {
        /// How many secrets were in force.
        tried: usize,
    },
    /// Every secret is outside its validity.
    #[error("no secret is in force")]
    NoUsableSecret,
}

/// Why a request is answered without a handler having seen an event.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The body is larger than [`Source::body_limit`](crate::Source::body_limit).
    TooLarge,
    /// The connection broke before the body was complete.
    Unreadable,
    /// The delivery does not verify.
    Rejected(Rejection),
    /// The delivery is a handshake, which needs an answer and no handler.
    Handshake(Answer),
}

impl Rejection {
    /// Returns the text to answer the sender with: constant per class, so it teaches a forger nothing.
    #[must_use]
    pub fn public_reason(&self) -> &'static str {
        match self {
            Self::TimestampTooOld { .. } | Self::TimestampInFuture { .. } => {
                "timestamp outside the tolerance"
            }
            Self::MissingHeader(_) | Self::DuplicateHeader(_) | Self::MalformedHeader { .. } => {
                "signature headers missing or malformed"
            }
            Self::SignatureMismatch { .. } | Self::NoUsableSecret => "signature does not match",
        }
    }

    /// Returns a short word for metrics, constant per variant.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing_header",
            Self::DuplicateHeader(_) => "duplicate_header",
            Self::MalformedHeader { .. } => "malformed_header",
            Self::TimestampTooOld { .. } => "timestamp_too_old",
            Self::TimestampInFuture { .. } => "timestamp_in_future",
            Self::SignatureMismatch { .. } => "signature_mismatch",
            Self::NoUsableSecret => "no_usable_secret",
        }
    }
}

impl Refusal {
    /// Returns what this sender is to be answered with; the body gives no reason away.
    #[must_use]
    pub fn answer(&self, contract: &SenderContract) -> Answer {
        let (status, reason) = match self {
            Self::TooLarge => (contract.too_large, "body too large"),
            Self::Unreadable => (400, "body incomplete"),
            Self::Rejected(rejection) => (contract.bad_signature, rejection.public_reason()),
            Self::Handshake(answer) => return answer.clone(),
        };
        Answer {
            status,
            content_type: "text/plain",
            body: Bytes::from_static(reason.as_bytes()),
        }
    }
}
