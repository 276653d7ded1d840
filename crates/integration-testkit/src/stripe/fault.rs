//! What goes wrong, and when.

use std::{collections::VecDeque, time::Duration};

use integration_core::{Rng, SeededRng};

use crate::Reply;

/// How a request to the fake goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StripeFault {
    /// 429 with the header `Stripe-Rate-Limited-Reason: global-rate`; not executed.
    Throttle,
    /// 429 `lock_timeout`: another request changes the same object; not executed.
    LockTimeout,
    /// 500 `api_error`; not executed.
    ErrorBefore,
    /// 409; not executed.
    Conflict,
    /// The connection is reset; not executed.
    ResetBefore,
    /// Nothing comes: the client times out; not executed.
    SilenceBefore,
    /// Executed, then the connection is reset.
    ResetAfter,
    /// Executed, then a 500.
    ErrorAfter,
    /// Executed, then nothing comes: the client times out.
    SilenceAfter,
    /// Answered after this time. Until then, its idempotency key is in use: another request with it
    /// gets 409 `idempotency_key_in_use`.
    Slow(Duration),
}

impl StripeFault {
    /// Those that come by chance.
    const ALL: [Self; 9] = [
        Self::Throttle,
        Self::LockTimeout,
        Self::ErrorBefore,
        Self::Conflict,
        Self::ResetBefore,
        Self::SilenceBefore,
        Self::ResetAfter,
        Self::ErrorAfter,
        Self::SilenceAfter,
    ];

    /// The answer in the place of the right one, which `Slow` keeps.
    pub(super) fn reply(self, right: Reply) -> Reply {
        let error = |status, kind, code| {
            let body = format!(r#"{{"error":{{"type":"{kind}","code":"{code}"}}}}"#);
            Reply::status(status)
                .header("content-type", "application/json")
                .body(body)
        };
        match self {
            Self::Throttle => error(429, "invalid_request_error", "rate_limit")
                .header("stripe-rate-limited-reason", "global-rate"),
            Self::LockTimeout => error(429, "invalid_request_error", "lock_timeout"),
            Self::Conflict => error(409, "api_error", "lock_timeout"),
            Self::ErrorBefore | Self::ErrorAfter => error(500, "api_error", "internal"),
            Self::ResetBefore | Self::ResetAfter => Reply::reset(),
            Self::SilenceBefore | Self::SilenceAfter => Reply::silence(),
            Self::Slow(delay) => right.delay(delay),
        }
    }

    /// Whether the request is executed all the same.
    pub(super) fn is_executed(self) -> bool {
        matches!(
            self,
            Self::ResetAfter | Self::ErrorAfter | Self::SilenceAfter | Self::Slow(_)
        )
    }

    /// How long the idempotency key of the request is in use.
    pub(super) fn lasts(self) -> Duration {
        match self {
            Self::Slow(delay) => delay,
            _ => Duration::ZERO,
        }
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    next: VecDeque<StripeFault>,
    random: Option<(SeededRng, f64)>,
}

impl Faults {
    pub(super) fn inject(&mut self, faults: impl IntoIterator<Item = StripeFault>) {
        self.next.extend(faults);
    }

    pub(super) fn at_random(&mut self, seed: u64, rate: f64) {
        self.random = Some((SeededRng::new(seed), rate));
    }

    pub(super) fn take(&mut self) -> Option<StripeFault> {
        self.next.pop_front().or_else(|| {
            let (rng, rate) = self.random.as_ref()?;
            // What is below the rate is spread over all faults.
            let share = rng.fraction() / rate;
            let mut bounds = StripeFault::ALL.iter().zip(1_u32..);
            let count = f64::from(u32::try_from(StripeFault::ALL.len()).ok()?);
            bounds.find_map(|(fault, n)| (share < f64::from(n) / count).then_some(*fault))
        })
    }
}
