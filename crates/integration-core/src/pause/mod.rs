//! Makes every caller of a key wait when the server asks one of them to.
//!
//! A server that answers `Retry-After: 60` means the account, not the call. A [`Pause`] remembers
//! until when, so that the other callers wait or fail at once instead of each collecting its own
//! 429, which many services punish by a longer ban.
//!
//! # When not to use it
//!
//! Not where one key stands for several accounts: one of them would pause the others. Choose the
//! key by account there.
//!
//! # Order
//!
//! First of all that is asked for an attempt, before breaker and rate limit: nothing must be taken
//! from those by a call that does not go. All clones of a client share one pause per key.

mod state;

#[cfg(test)]
mod tests;

pub use self::state::{MAX_PAUSE, Pause};
