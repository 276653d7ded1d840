//! Keeps the number of calls per time below what a service allows.
//!
//! A [`RateLimit`] is a generic cell rate algorithm: for each [`Quota`] it stores one instant,
//! spaces what is taken evenly at the rate of the quota, and lets `burst` of it go at once after a
//! pause. A caller that has to wait books its slot and learns when to go, so callers go in the
//! order in which they asked, and none is woken in vain.
//!
//! Several quotas hold at once (per second, per minute, tokens per minute): a call goes when all
//! of them have room for its [`Cost`], and nothing is taken from any before. What a call costs may
//! be known only afterwards: reserve an estimate, then
//! [`settle_cost`](RateLimit::settle_cost).
//!
//! A server's own word is taken in by [`observe`](RateLimit::observe), from what a
//! [`QuotaReport`](crate::quota::QuotaReport) has read.
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
//! limit errs on the server's side. A caller that waits for a rare unit holds up those that ask
//! after it, also for other units.

mod cell;
mod cells;
mod config;
mod cost;
mod layer;
mod learn;
mod quota;
mod state;
mod unit;

#[cfg(test)]
mod tests;

pub use self::{
    config::{Learn, RateLimitConfig},
    cost::Cost,
    layer::{RateLimitLayer, RateLimitService, ResponseFuture},
    quota::Quota,
    state::RateLimit,
    unit::Unit,
};
