//! Finds out how many calls at once a service bears, and allows no more.
//!
//! An [`AdaptiveLimit`] watches how long attempts take and which are turned away, and moves the
//! number of places of a [`Bulkhead`](crate::bulkhead::Bulkhead) between `min` and `max`. A service
//! whose capacity shrinks gets fewer calls before it collapses, and more again when it recovers;
//! nobody has to know the right number beforehand.
//!
//! - [`Aimd`] adds one place a round trip and takes a part away when an attempt is turned away or
//!   takes too long. It needs a service that refuses, or a `max_rtt`.
//! - [`Gradient2`] compares the latest latency with that of the long run and gives way before
//!   anything is refused. Under load that never ends the long run would learn the latency of the
//!   queue that the limit itself made, so now and then it looks at a third of the limit.
//!
//! One round trip is as many samples as the limit. Whoever was turned away together with others of
//! the same round trip is counted once. A limit that is not used up does not grow.
//!
//! # When not to use it
//!
//! Not where the service tells its limit (set `bulkhead.max_in_flight`); not for a quota of calls
//! per time ([`rate_limit`](crate::rate_limit)); and not for calls whose latency depends on their
//! content more than on load, such as generated text of any length: there only [`Aimd`] without
//! `max_rtt` makes sense. Off by default.
//!
//! # Order
//!
//! Inside the retry loop and for each attempt, after the rate limit: what is measured is an attempt,
//! not its waits. Before the breaker commits, because a slot for a probe must not be held while
//! waiting here. Wrong: around the retries, where a call that sleeps between attempts counts as load.
//!
//! A cancelled attempt, a refusal of our own and a 4xx are neutral and change nothing. Dropping a
//! [`Permit`] is neutral.

mod config;
mod control;
mod permit;
mod state;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use self::{
    config::{Adaptive, AdaptiveLimitConfig, Aimd, Gradient2},
    permit::Permit,
    state::{AdaptiveLimit, Outcome},
};
