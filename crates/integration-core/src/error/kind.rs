//! The kinds of failure, and in one table what follows from each.

use super::{Charge, Delivery, Health, Retriability};

/// What went wrong.
///
/// # Troubleshooting
///
/// How each kind looks in a log, its usual causes and what to change: [docs/TROUBLESHOOTING.md].
///
/// [docs/TROUBLESHOOTING.md]: https://github.com/integration-rs/integration/blob/main/docs/TROUBLESHOOTING.md
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Our configuration is wrong.
    Config,
    /// The request could not be built.
    Serialize,
    /// The server refuses the content of the request (400, 422).
    Validation,
    /// The credentials are missing, wrong or expired (401).
    Unauthenticated,
    /// The credentials do not allow this (403).
    PermissionDenied,
    /// There is no such thing (404, 410).
    NotFound,
    /// A condition of the request does not hold (412).
    PreconditionFailed,
    /// The request conflicts with the state on the server (409).
    Conflict,
    /// The idempotency key was used before with another request.
    IdempotencyMismatch,
    /// The first request with this idempotency key is still running.
    IdempotencyInProgress,
    /// Too many requests just now (429, or 503 with a hint).
    RateLimited,
    /// The quota is used up until it is renewed or raised (402, or 429 that says so).
    QuotaExhausted,
    /// The service is down or overloaded (502, 503, 504).
    Unavailable,
    /// The service failed (500 and other 5xx).
    Internal,
    /// No connection could be made.
    Connect,
    /// The name of the host could not be resolved.
    Dns,
    /// The TLS handshake failed.
    TlsHandshake,
    /// The connection broke.
    ConnectionReset,
    /// The answer ended before it was complete.
    Incomplete,
    /// One attempt took too long, or its body stalled.
    AttemptTimeout,
    /// The whole call took too long.
    DeadlineExceeded,
    /// The caller no longer wants it.
    Cancelled,
    /// The circuit breaker of the key is open.
    CircuitOpen,
    /// Our own rate limit has no room in time.
    LimitedLocally,
    /// Too many calls are running and waiting.
    BulkheadFull,
    /// The server asked every caller of the key to wait.
    Paused,
    /// The answer is not what its description promises.
    Decode,
    /// The answer is larger than the limit.
    BodyTooLarge,
    /// Our own store failed.
    Storage,
    /// None of the above.
    Other,
}

impl ErrorKind {
    /// Returns the kind that a plain HTTP status stands for; `None` below 400.
    ///
    /// A 503 with a hint is [`RateLimited`](Self::RateLimited), which its status alone cannot say.
    #[must_use]
    pub const fn from_status(status: u16) -> Option<Self> {
        Some(match status {
            ..400 => return None,
            400 | 422 => Self::Validation,
            401 => Self::Unauthenticated,
            402 => Self::QuotaExhausted,
            403 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            // The server closes a connection on which it waited for the request in vain.
            408 => Self::Incomplete,
            409 => Self::Conflict,
            412 => Self::PreconditionFailed,
            429 => Self::RateLimited,
            502..=504 => Self::Unavailable,
            500..=599 => Self::Internal,
            _ => Self::Other,
        })
    }

    /// Returns the kind in words, lower case.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.row().1
    }

    /// Returns whether the server may have acted on a call that failed like this.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        self.row().2
    }

    /// Returns whether a call that failed like this may be tried again.
    #[must_use]
    pub const fn retriability(self) -> Retriability {
        self.row().3
    }

    /// Returns what a failure like this says about the health of the service.
    #[must_use]
    pub const fn health(self) -> Health {
        self.row().4
    }

    /// Returns what a retry after a failure like this is booked as.
    ///
    /// The price is in [`RetryBudgetConfig`](crate::retry_budget::RetryBudgetConfig).
    #[must_use]
    pub const fn charge(self) -> Charge {
        self.row().5
    }

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// What follows from a kind unless a classifier says otherwise: kind, words, did it arrive, may it
/// be tried again, what it says about the service, what a retry is booked as.
type Row = (
    ErrorKind,
    &'static str,
    Delivery,
    Retriability,
    Health,
    Charge,
);

/// In the order of the enum, which a test holds.
#[rustfmt::skip]
const TABLE: [Row; 30] = {
    use Charge::{Free, Throttle, Timeout};
    use Delivery::{Executed, MaybeExecuted, NotSent};
    use ErrorKind as K;
    use Health::{Failure, Neutral};
    use Retriability::{Always, IfIdempotent, Never};
    [
        (K::Config,                "configuration is wrong",                      NotSent,       Never,        Neutral, Free),
        (K::Serialize,             "request could not be built",                  NotSent,       Never,        Neutral, Free),
        (K::Validation,            "request was refused as invalid",              Executed,      Never,        Neutral, Free),
        (K::Unauthenticated,       "credentials were refused",                    Executed,      Never,        Neutral, Free),
        (K::PermissionDenied,      "permission denied",                           Executed,      Never,        Neutral, Free),
        (K::NotFound,              "not found",                                   Executed,      Never,        Neutral, Free),
        (K::PreconditionFailed,    "precondition failed",                         Executed,      Never,        Neutral, Free),
        (K::Conflict,              "conflict",                                    Executed,      Never,        Neutral, Throttle),
        (K::IdempotencyMismatch,   "idempotency key belongs to another request",  Executed,      Never,        Neutral, Free),
        (K::IdempotencyInProgress, "first request with this key is still running", MaybeExecuted, IfIdempotent, Neutral, Throttle),
        (K::RateLimited,           "rate limited",                                NotSent,       Always,       Neutral, Throttle),
        (K::QuotaExhausted,        "quota exhausted",                             NotSent,       Never,        Neutral, Free),
        (K::Unavailable,           "service unavailable",                         MaybeExecuted, IfIdempotent, Failure, Charge::Failure),
        (K::Internal,              "service failed",                              MaybeExecuted, IfIdempotent, Failure, Charge::Failure),
        (K::Connect,               "connection failed",                           NotSent,       Always,       Failure, Charge::Failure),
        (K::Dns,                   "host was not found",                          NotSent,       Always,       Failure, Charge::Failure),
        (K::TlsHandshake,          "tls handshake failed",                        NotSent,       Always,       Failure, Charge::Failure),
        (K::ConnectionReset,       "connection broke",                            MaybeExecuted, IfIdempotent, Failure, Charge::Failure),
        (K::Incomplete,            "answer ended early",                          MaybeExecuted, IfIdempotent, Failure, Charge::Failure),
        (K::AttemptTimeout,        "attempt timed out",                           MaybeExecuted, IfIdempotent, Failure, Timeout),
        (K::DeadlineExceeded,      "deadline exceeded",                           MaybeExecuted, Never,        Neutral, Free),
        (K::Cancelled,             "cancelled",                                   MaybeExecuted, Never,        Neutral, Free),
        (K::CircuitOpen,           "circuit is open",                             NotSent,       Always,       Neutral, Free),
        (K::LimitedLocally,        "over our own rate limit",                     NotSent,       Always,       Neutral, Free),
        (K::BulkheadFull,          "too many calls at once",                      NotSent,       Always,       Neutral, Free),
        (K::Paused,                "paused by the server's hint",                 NotSent,       Always,       Neutral, Free),
        (K::Decode,                "answer could not be decoded",                 Executed,      Never,        Neutral, Free),
        (K::BodyTooLarge,          "answer is too large",                         Executed,      Never,        Neutral, Free),
        (K::Storage,               "storage failed",                              MaybeExecuted, IfIdempotent, Neutral, Free),
        (K::Other,                 "call failed",                                 MaybeExecuted, Never,        Neutral, Free),
    ]
};

#[cfg(test)]
mod tests;
