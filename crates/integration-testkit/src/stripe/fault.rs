//! What goes wrong, and when.

use std::collections::VecDeque;

use integration_core::{Rng, SeededRng};

use crate::Reply;

/// How a request to the fake goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StripeFault {
    /// 429 `rate_limit`; not executed.
    Throttle,
    /// 500 `api_error`; not executed.
    ErrorBefore,
    /// 409 `lock_timeout`; not executed.
    Conflict,
    /// The connection is reset; not executed.
    ResetBefore,
    /// Executed, then the connection is reset.
    ResetAfter,
    /// Executed, then a 500.
    ErrorAfter,
    /// Executed, then nothing comes: the client times out.
    SilenceAfter,
}

impl StripeFault {
    const ALL: [Self; 7] = [
        Self::Throttle,
        Self::ErrorBefore,
        Self::Conflict,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::ErrorAfter,
        Self::SilenceAfter,
    ];

    /// The answer in the place of the right one.
    pub(super) fn reply(self) -> Reply {
        let error = |status, code| {
            let body = format!(r#"{{"error":{{"type":"api_error","code":"{code}"}}}}"#);
            Reply::status(status)
                .header("content-type", "application/json")
                .body(body)
        };
        match self {
            Self::Throttle => error(429, "rate_limit"),
            Self::Conflict => error(409, "lock_timeout"),
            Self::ErrorBefore | Self::ErrorAfter => error(500, "internal"),
            Self::ResetBefore | Self::ResetAfter => Reply::reset(),
            Self::SilenceAfter => Reply::silence(),
        }
    }

    /// Whether the request is executed all the same.
    pub(super) fn is_after(self) -> bool {
        matches!(
            self,
            Self::ResetAfter | Self::ErrorAfter | Self::SilenceAfter
        )
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
