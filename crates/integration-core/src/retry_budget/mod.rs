//! Keeps retries a small part of the calls, so that an outage is not multiplied by retrying.
//!
//! A [`RetryBudget`] allows retries for a share of the calls (20 %), and never less than a few a
//! second (10), which a client with little traffic needs. Both are accounted side by side and every
//! retry is booked on both, so the larger of the two counts, not their sum: 300 calls into an
//! outage make about 360 requests.
//!
//! A retry has a price by the kind of failure: full after the service failed, double after a
//! timeout, half after the service only asked to wait. Hedges are paid from the same budget. A
//! [`Booking`] that was never sent is given back in whole; one that succeeded is kept by default.
//!
//! # When not to use it
//!
//! Never without; a budget that is never reached costs nothing. Raise it for a batch that must get
//! through and whose service has room.
//!
//! # Order
//!
//! Asked last before a retry is scheduled: after kind, attempts, hint and deadline, so that nothing
//! is booked for a retry that does not happen. All clones of a client share one budget per key.

mod config;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    config::RetryBudgetConfig,
    state::{Booking, Refund, RetryBudget},
};
