//! What every policy answers when it does not let a call pass.

use tokio::time::Instant;

/// A policy refuses for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The earliest instant at which asking again can help; `None` when it depends on other calls.
    pub until: Option<Instant>,
}

impl Denied {
    /// Refuses until `until`.
    #[must_use]
    pub const fn until(until: Instant) -> Self {
        Self { until: Some(until) }
    }

    /// Refuses for an unknown time.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { until: None }
    }
}
