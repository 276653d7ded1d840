//! The words for kinds of failure that labels and fields are made of. They are an interface:
//! dashboards name them.

use super::BodyEnd;
use crate::{circuit_breaker::CircuitState, error::ErrorKind};

/// Returns the kind in one word.
pub(super) const fn of_kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "config",
        ErrorKind::Serialize => "serialize",
        ErrorKind::Validation => "validation",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::PermissionDenied => "permission_denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::PreconditionFailed => "precondition_failed",
        ErrorKind::Conflict => "conflict",
        ErrorKind::IdempotencyMismatch => "idempotency_mismatch",
        ErrorKind::IdempotencyInProgress => "idempotency_in_progress",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::QuotaExhausted => "quota_exhausted",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Internal => "internal",
        ErrorKind::Connect => "connect",
        ErrorKind::Dns => "dns",
        ErrorKind::TlsHandshake => "tls_handshake",
        ErrorKind::ConnectionReset => "connection_reset",
        ErrorKind::Incomplete => "incomplete",
        ErrorKind::AttemptTimeout => "attempt_timeout",
        ErrorKind::DeadlineExceeded => "deadline_exceeded",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::CircuitOpen => "circuit_open",
        ErrorKind::LimitedLocally => "limited_locally",
        ErrorKind::BulkheadFull => "bulkhead_full",
        ErrorKind::Paused => "paused",
        ErrorKind::Decode => "decode",
        ErrorKind::BodyTooLarge => "body_too_large",
        ErrorKind::Storage => "storage",
        ErrorKind::Other => "other",
    }
}

/// Returns the kind in one word, or the word for success.
pub(super) const fn of_result(kind: Option<ErrorKind>) -> &'static str {
    match kind {
        None => "ok",
        Some(kind) => of_kind(kind),
    }
}

/// Returns the state of a circuit in one word.
pub(super) const fn of_circuit(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half_open",
    }
}

/// Returns how a streamed body ended in one word; a kind of error if it failed.
pub(super) const fn of_body_end(how: BodyEnd) -> &'static str {
    match how {
        BodyEnd::Complete => "complete",
        BodyEnd::Failed(kind) => of_kind(kind),
        BodyEnd::Dropped => "dropped",
    }
}
