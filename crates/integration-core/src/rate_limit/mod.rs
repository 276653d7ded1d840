//! Keeps the number of calls per time below what a service allows.
//!
//! A [`RateLimit`] is a generic cell rate algorithm: it stores one instant, spaces calls evenly at
//! the rate of its [`Quota`], and lets `burst` of them go at once after a pause. A caller that has
//! to wait books its slot and learns when to go, so callers go in the order in which they asked,
//! and none is woken in vain.
//!
//! # When not to use it
//!
//! Not to protect our own process (that is the [`bulkhead`](crate::bulkhead): calls at once, not
//! calls per time). It counts for this process only: a fleet that shares one quota must divide it.
//!
//! # Order
//!
//! Inside the retry loop, because servers count attempts. After the breaker was peeked at, because
//! an open circuit must burn no quota. Before the attempt timeout starts, because a wait here is
//! not the server's fault.
//!
//! All clones of a client share one limit per key. A slot whose caller is dropped is lost: the
//! limit errs on the server's side.

mod layer;
mod quota;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    layer::{RateLimitLayer, RateLimitService, ResponseFuture},
    quota::Quota,
    state::RateLimit,
};
