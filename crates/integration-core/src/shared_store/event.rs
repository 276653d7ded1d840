//! What a fleet tells.

use std::time::Duration;

use super::link::Reason;
use crate::error::Error;

/// Something changed between this process and the store. Told once a change, never once a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum FleetEvent<'a> {
    /// The store is not used from now on; local limits apply.
    Degraded {
        /// Why.
        reason: Reason,
        /// What the store or the connection said; `None` when it said nothing in time.
        error: Option<&'a Error>,
    },
    /// The store is used again.
    Restored {
        /// How long it was not.
        away: Duration,
    },
    /// The store works, but what it holds for this key is not ours. Local limits apply to the key.
    KeyUnusable {
        /// The key.
        key: &'a str,
        /// What the store said.
        error: &'a Error,
    },
}
