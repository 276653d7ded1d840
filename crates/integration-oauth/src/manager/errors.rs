//! What callers are told when there is no token for them.

use std::time::Duration;

use integration_core::{Delivery, Error, ErrorKind};

use crate::connection::{ConnectionKey, ConnectionState};

/// A connection has no tokens that work; reached with [`Error::provider`].
///
/// ```
/// use integration_oauth::{Error, connection::ConnectionKey, manager::Unusable};
///
/// /// Whom to ask to log in again.
/// fn to_log_in(error: &Error) -> Option<&ConnectionKey> {
///     error.provider::<Unusable>().map(|unusable| &unusable.key)
/// }
/// # let _ = to_log_in;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unusable {
    /// Which connection it is.
    pub key: ConnectionKey,
    /// How it is doing: never active.
    pub state: ConnectionState,
}

/// The operation under which missing tokens are reported.
pub(super) const TOKENS: &str = "oauth.tokens";

/// The error of a connection that only a login helps, or nothing.
pub(super) fn unusable(key: &ConnectionKey, state: ConnectionState) -> Error {
    let message = match &state {
        ConnectionState::Revoked => "connection was revoked by the provider",
        ConnectionState::Disconnected => "connection was ended",
        _ => "connection needs a new login",
    };
    Error::new(ErrorKind::Unauthenticated, TOKENS)
        .with_message(message)
        .with_delivery(Delivery::NotSent)
        .with_context("provider", key.provider())
        .with_provider(Unusable {
            key: key.clone(),
            state,
        })
}

/// The error of a connection that is not there.
pub(super) fn unknown(key: &ConnectionKey) -> Error {
    Error::new(ErrorKind::NotFound, TOKENS)
        .with_message("there is no such connection")
        .with_delivery(Delivery::NotSent)
        .with_context("provider", key.provider())
}

/// The error of a write that others were faster at too often.
pub(super) fn contended() -> Error {
    Error::new(ErrorKind::Conflict, "oauth.connection")
        .with_message("others changed the connection again and again")
}

/// The error of a caller for whom there is no token, and why the last try to get one failed.
pub(super) fn refusal(cause: Option<&Error>, wait: Duration) -> Error {
    match cause {
        // Its kind is that of the cause: callers tell an outage from a client that is set up wrong.
        Some(cause) => cause.clone().with_retry_after(wait),
        None => Error::new(ErrorKind::Unavailable, TOKENS)
            .with_message("no token is at hand")
            .with_delivery(Delivery::NotSent)
            .with_retry_after(wait),
    }
}

/// The error of a caller whose time was over.
pub(super) fn late() -> Error {
    Error::new(ErrorKind::DeadlineExceeded, TOKENS)
        .with_message("the token was not there before the deadline")
        .with_delivery(Delivery::NotSent)
}

/// The error of a caller who waited for what was broken off.
pub(super) fn broken_off() -> Error {
    Error::new(ErrorKind::Cancelled, TOKENS)
        .with_message("getting a token was broken off")
        .with_delivery(Delivery::NotSent)
}

/// The error of tokens that were over when they came.
pub(super) fn stillborn() -> Error {
    Error::new(ErrorKind::Decode, TOKENS)
        .with_message("the new token has expired already; is the clock of this machine right?")
        .with_delivery(Delivery::NotSent)
}
