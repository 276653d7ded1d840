//! Bounds the calls that run at once, so that one slow service cannot take everything we have.
//!
//! A [`Bulkhead`] lets `max_in_flight` calls run and `max_queue` wait, the important first.
//! Whoever comes when both are full is refused at once: a queue that only grows turns every call
//! into a timeout.
//!
//! - [`Priority::High`] goes before [`Priority::Normal`] before [`Priority::Low`]; within one
//!   priority, first come, first served. Nobody overtakes the queue, a newcomer of high priority
//!   only those in it.
//! - Nobody starves: of 8 places in a row that come free while someone waits, at least one goes to
//!   whoever has waited longest. With `n` who have waited longer, the turn comes within `8 (n + 1)`
//!   places.
//! - Priority orders the queue, not who gets into it: a full queue refuses high priority too.
//! - [`Bulkhead::set_max_in_flight`] changes the number of places while calls run.
//!
//! A free place costs one atomic operation to take and one to give back; the lock of the queue is
//! taken only while someone waits.
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
mod place;
mod queue;
mod state;
mod word;

#[cfg(all(test, loom))]
mod loom_model;
#[cfg(test)]
mod tests;

pub use self::{
    config::{BulkheadConfig, Priority},
    layer::{BulkheadLayer, BulkheadService, ResponseFuture},
    place::{Admission, Place, Ticket},
    state::Bulkhead,
};
// For whoever holds the bulkhead anyway, and so needs no place that does.
pub(crate) use self::{
    queue::Turn,
    state::{Entry, Pass},
};
