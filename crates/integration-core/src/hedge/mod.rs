//! Sends a second copy of a call that takes longer than most, and takes whichever answers first.
//!
//! A [`LatencyTracker`] measures how long attempts take, and says after what delay a call is one of
//! the slow ones: by default longer than 95 of 100. Such a call has a twin on another connection,
//! maybe another machine, which is often faster than what is left of the first: the slowest calls
//! become as fast as the usual ones, for at most one request in twenty more.
//!
//! - There is no delay, and no hedge, until enough was measured.
//! - The measure is of the latest one to two windows: a service that became slower as a whole raises
//!   the delay instead of being sent everything twice.
//! - It is read from a histogram of fixed size, so it is up to 6.25 % above the true percentile and
//!   never below it: no call is hedged early.
//!
//! # When not to use it
//!
//! Only for calls that do no harm the second time. Not where a request is paid for by what it
//! produces (generated text), and not where calls are slow because the service is busy: there the
//! second copy is more of the same, which the retry budget that hedges share bounds. Off by default.
//!
//! # Order
//!
//! Inside the retry loop: a retry may be hedged, a hedge is not retried. Around everything that is
//! for one attempt: each copy passes pause, breaker, rate limit and limits of its own.
//!
//! # What to record
//!
//! Every attempt that was answered. An attempt that lost to its twin counts with the time it had
//! run, which is less than it would have taken: without it the slow ones would be missing from the
//! measure, and the delay would fall from window to window.

mod config;
mod histogram;
mod state;

#[cfg(test)]
mod tests;

pub use self::{config::HedgeConfig, state::LatencyTracker};
