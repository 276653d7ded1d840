//! Bounds the calls that run at once, so that one slow service cannot take everything we have.
//!
//! A [`Bulkhead`] lets `max_in_flight` calls run and `max_queue` wait, first come, first served.
//! Whoever comes when both are full is refused at once: a queue that only grows turns every call
//! into a timeout.
//!
//! # When not to use it
//!
//! Not to obey a quota of calls per time (that is [`rate_limit`](crate::rate_limit)). A service
//! that tells its limit of concurrent calls wants exactly that number here.
//!
//! # Order
//!
//! Around the retry loop: a call keeps its place while it waits between attempts, so a failing
//! service slows its callers down instead of being called by more of them. Inside the deadline:
//! waiting in the queue counts. Wrong: inside the rate limit, where a slot of the quota would be
//! taken by a call that then waits for a place.
//!
//! All clones of a client share one bulkhead per key. Dropping a [`Place`] or a [`Ticket`] hands
//! the place to the next in the queue.

mod config;
mod layer;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    config::BulkheadConfig,
    layer::{BulkheadLayer, BulkheadService, ResponseFuture},
    state::{Admission, Bulkhead, Place, Ticket},
};
