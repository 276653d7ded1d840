//! The kinds of failure, and in one table what follows from each.

use super::{Delivery, Health, Retriability};

/// What went wrong.
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

/// What follows from a kind unless a classifier says otherwise.
struct Defaults {
    summary: &'static str,
    retriability: Retriability,
    delivery: Delivery,
    health: Health,
    price: u32,
}

/// Tokens that a retry costs after the server or the network failed.
const PRICE_FAILURE: u32 = 10;
/// Tokens that a retry costs after the server only asked to wait.
const PRICE_WAIT: u32 = 5;

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
        self.defaults().summary
    }

    /// Returns whether a call that failed like this may be tried again.
    #[must_use]
    pub const fn retriability(self) -> Retriability {
        self.defaults().retriability
    }

    /// Returns whether the server may have acted on a call that failed like this.
    #[must_use]
    pub const fn delivery(self) -> Delivery {
        self.defaults().delivery
    }

    /// Returns what a failure like this says about the health of the service.
    #[must_use]
    pub const fn health(self) -> Health {
        self.defaults().health
    }

    /// Returns what a retry after a failure like this costs the retry budget, in tokens.
    #[must_use]
    pub const fn price(self) -> u32 {
        self.defaults().price
    }

    /// The table of what follows from each kind; every other function only reads it.
    const fn defaults(self) -> Defaults {
        use Delivery::{Executed, MaybeExecuted, NotSent};
        use Health::{Failure, Neutral};
        use Retriability::{Always, IfIdempotent, Never};

        const fn row(
            summary: &'static str,
            delivery: Delivery,
            retriability: Retriability,
            health: Health,
            price: u32,
        ) -> Defaults {
            Defaults {
                summary,
                retriability,
                delivery,
                health,
                price,
            }
        }

        match self {
            Self::Config => row("configuration is wrong", NotSent, Never, Neutral, 0),
            Self::Serialize => row("request could not be built", NotSent, Never, Neutral, 0),
            Self::Validation => row(
                "request was refused as invalid",
                Executed,
                Never,
                Neutral,
                0,
            ),
            Self::Unauthenticated => row("credentials were refused", Executed, Never, Neutral, 0),
            Self::PermissionDenied => row("permission denied", Executed, Never, Neutral, 0),
            Self::NotFound => row("not found", Executed, Never, Neutral, 0),
            Self::PreconditionFailed => row("precondition failed", Executed, Never, Neutral, 0),
            Self::Conflict => row("conflict", Executed, Never, Neutral, PRICE_WAIT),
            Self::IdempotencyMismatch => row(
                "idempotency key belongs to another request",
                Executed,
                Never,
                Neutral,
                0,
            ),
            Self::IdempotencyInProgress => {
                let still = "first request with this idempotency key is still running";
                row(still, MaybeExecuted, IfIdempotent, Neutral, PRICE_WAIT)
            }
            Self::RateLimited => row("rate limited", NotSent, Always, Neutral, PRICE_WAIT),
            Self::QuotaExhausted => row("quota exhausted", NotSent, Never, Neutral, 0),
            Self::Unavailable => row(
                "service unavailable",
                MaybeExecuted,
                IfIdempotent,
                Failure,
                PRICE_FAILURE,
            ),
            Self::Internal => row(
                "service failed",
                MaybeExecuted,
                IfIdempotent,
                Failure,
                PRICE_FAILURE,
            ),
            Self::Connect => row("connection failed", NotSent, Always, Failure, PRICE_FAILURE),
            Self::Dns => row(
                "host was not found",
                NotSent,
                Always,
                Failure,
                PRICE_FAILURE,
            ),
            Self::TlsHandshake => row(
                "tls handshake failed",
                NotSent,
                Always,
                Failure,
                PRICE_FAILURE,
            ),
            Self::ConnectionReset => row(
                "connection broke",
                MaybeExecuted,
                IfIdempotent,
                Failure,
                PRICE_FAILURE,
            ),
            Self::Incomplete => row(
                "answer ended early",
                MaybeExecuted,
                IfIdempotent,
                Failure,
                PRICE_FAILURE,
            ),
            Self::AttemptTimeout => row(
                "attempt timed out",
                MaybeExecuted,
                IfIdempotent,
                Failure,
                PRICE_FAILURE,
            ),
            Self::DeadlineExceeded => row("deadline exceeded", MaybeExecuted, Never, Neutral, 0),
            Self::Cancelled => row("cancelled", MaybeExecuted, Never, Neutral, 0),
            Self::CircuitOpen => row("circuit is open", NotSent, Always, Neutral, 0),
            Self::LimitedLocally => row("over our own rate limit", NotSent, Always, Neutral, 0),
            Self::BulkheadFull => row("too many calls at once", NotSent, Always, Neutral, 0),
            Self::Paused => row("paused by the server's hint", NotSent, Always, Neutral, 0),
            Self::Decode => row("answer could not be decoded", Executed, Never, Neutral, 0),
            Self::BodyTooLarge => row("answer is too large", Executed, Never, Neutral, 0),
            Self::Storage => row("storage failed", NotSent, IfIdempotent, Neutral, 0),
            Self::Other => row("call failed", MaybeExecuted, Never, Neutral, 0),
        }
    }
}
