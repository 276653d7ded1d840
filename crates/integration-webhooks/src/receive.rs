//! What the axum and tower adapters share: a bounded body, a verdict, an answer.

use std::error::Error as StdError;

use bytes::Buf;
use http::HeaderMap;
use http_body_util::{Collected, LengthLimitError};
use integration_core::clock::SharedClock;

use crate::{
    event::{Verified, WebhookEvent},
    rejection::Refusal,
    source::Source,
};

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
