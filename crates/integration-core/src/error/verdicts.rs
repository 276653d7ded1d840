//! The values beside the kind: try again? why stopped? did it arrive? is the service well?
//! what does a retry cost?

use std::{fmt, time::Duration};

/// Whether the same call may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retriability {
    /// The same call will fail the same way.
    Never,
    /// Only a call whose second execution does no harm: a safe method, or one with a key.
    IfIdempotent,
    /// Any call; the server has not executed it.
    Always,
    /// Any call, but not before this time has passed.
    After(Duration),
}

/// Why no further attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// The failure is final, or the call may have been executed and has no idempotency key.
    NotRetryable,
    /// `max_attempts` were made.
    AttemptsUsed,
    /// The retry budget of the key is spent: too many of the recent calls were retries.
    BudgetEmpty,
    /// The next attempt could not start before the deadline.
    DeadlineTooClose,
    /// The server asked to wait longer than the cap for hints.
    HintTooLong,
    /// The body of the request can be sent only once.
    BodyNotReplayable,
    /// A local policy (breaker, rate limit, pause) refused the next attempt.
    Refused,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRetryable => "not_retryable",
            Self::AttemptsUsed => "attempts_used",
            Self::BudgetEmpty => "budget_empty",
            Self::DeadlineTooClose => "deadline_too_close",
            Self::HintTooLong => "hint_too_long",
            Self::BodyNotReplayable => "body_not_replayable",
            Self::Refused => "refused",
        })
    }
}

/// Whether the server may have acted on the call. Ordered from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Delivery {
    /// The server did not get it, or said that it did nothing.
    NotSent,
    /// It was sent, and its fate is unknown.
    MaybeExecuted,
    /// The server answered; what it did, its answer says.
    Executed,
}

/// What an attempt says about the health of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// The service works.
    Success,
    /// The service does not work.
    Failure,
    /// Nothing: it failed on our side, or by its caller's own fault, or was cancelled.
    Neutral,
}

/// What a retry is booked as in the retry budget, which knows the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charge {
    /// Nothing: there is no retry, or it was refused on our side.
    Free,
    /// The service is well and asked to come back later.
    Throttle,
    /// The service or the network failed.
    Failure,
    /// The attempt took too long.
    Timeout,
}
