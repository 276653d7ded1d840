//! What the axum and tower adapters share: a bounded body, a verdict, an answer.

use std::error::Error as StdError;

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body_util::{Collected, LengthLimitError};
use integration_core::clock::SharedClock;

use crate::{
    contract::SenderContract,
    event::{Answer, Verified, WebhookEvent},
    rejection::Rejection,
    source::Source,
};

/// Why an adapter answers in place of the handler.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The body is larger than [`Source::body_limit`].
    TooLarge,
    /// The connection broke before the body was complete.
    Unreadable,
    /// The delivery does not verify.
    Rejected(Rejection),
    /// The delivery is a handshake, which needs an answer and no handler.
    Handshake(Answer),
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

/// Says whether a body of which at least `announced` bytes are to come is worth reading.
pub(crate) fn check_length(source: &Source, announced: u64) -> Result<(), Refusal> {
    let fits = usize::try_from(announced).is_ok_and(|bytes| bytes <= source.body_limit());
    if fits { Ok(()) } else { Err(Refusal::TooLarge) }
}

/// Verifies what was read.
pub(crate) fn verdict<D: Buf>(
    source: &Source,
    clock: &SharedClock,
    headers: &HeaderMap,
    read: Result<Collected<D>, Box<dyn StdError + Send + Sync>>,
) -> Result<WebhookEvent, Refusal> {
    let body = read.map_err(|error| match error.is::<LengthLimitError>() {
        true => Refusal::TooLarge,
        false => Refusal::Unreadable,
    })?;
    match source.verify(headers, &body.to_bytes(), clock.unix()) {
        Ok(Verified::Event(event)) => Ok(event),
        Ok(Verified::Handshake(answer)) => Err(Refusal::Handshake(answer)),
        Err(rejection) => Err(Refusal::Rejected(rejection)),
    }
}
