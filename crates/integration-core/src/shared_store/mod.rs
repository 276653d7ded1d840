//! Shares one quota, one pause and one retry budget per key among several processes.
//!
//! A [`Fleet`] asks a [`SharedStore`] before each attempt. The store decides in one step and by
//! its own clock, so that neither races nor the clocks of the processes matter.
//!
//! | | |
//! |---|---|
//! | shared | the quotas of a key, the pause that a server asked for, the retry budget |
//! | not shared | circuit breaker (each process sees its own network), bulkhead, timeouts, adaptive limits, coalescing |
//!
//! # When not to use it
//!
//! Not in one process: [`RateLimit`](crate::rate_limit::RateLimit) is a thousand times cheaper. Not
//! where a quota divides well: a fleet of fixed size under even load needs no store when each
//! process has its part. Not for more attempts a second than one store can count (about 50,000),
//! and not to protect a service of our own: that one can count for itself.
//!
//! # Order
//!
//! [`Fleet::admit`] takes the place of the pause gate and of the rate limit: after the breaker was
//! peeked at, because an open circuit must burn no quota of the fleet. [`Fleet::pause`] follows
//! every hint, [`Fleet::deposit`] every call, and [`Fleet::withdraw`] comes last before a retry.
//!
//! # Cost of an attempt
//!
//! One round trip on one shared connection. None during a pause that is known here, and none while
//! the store is away. Nothing is leased ahead: a lease of `n` slots would add `n` for each process
//! to what can go at once. One retry is one more round trip, and so is every sixteenth call.
//!
//! # How much can go
//!
//! With the store: in any window of length `per` at most `permits + burst - 1`, in the whole fleet.
//! A store that comes back without its data gives no burst within one `per`, so this holds across
//! its restart too, but for the slots that were booked: those are at most one burst ahead.
//!
//! When the store fails, or takes longer than the [bound](FleetConfig::timeout), each process uses
//! `permits / members` without any burst, and asks the store again after a back-off by chance. It
//! says so once, to [`Fleet::on_change`], and all the time in [`Fleet::health`]. After the return
//! both limits apply for as long as another process may not have found the store again: the
//! longest [back-off](FleetConfig::backoff), the bound, and 250 ms for slots that were booked
//! without the store. The same holds for a store that has no past yet.
//!
//! In a window that meets a loss or a return, it is one burst more: `permits + 2 * burst`. (Where
//! `per` is longer than the loss and that time together, the bursts of before and after may meet
//! in one window, and it is two.)
//!
//! What no rule here can bound: processes that alone lost a store which still serves the others
//! add their part, `permits / members` each; and a store that was restored from an old copy, or
//! that threw keys away for want of memory, has forgotten what it granted. There must not be more
//! processes than `members`, and no fewer permits ([`Fleet::check`]).
//!
//! A pause that was asked for while the store was away holds in the process that was asked. The
//! retry budget of a fleet without its store is divided like the quota; what each process may
//! have saved up by then comes on top once.
//!
//! ```
//! # async fn example() -> integration_core::Result<()> {
//! use std::{sync::Arc, time::Duration};
//!
//! use integration_core::{
//!     FastRng, SystemClock,
//!     rate_limit::Quota,
//!     shared_store::{Demands, Fleet, FleetConfig, MemoryStore, Verdict},
//! };
//!
//! let clock = SystemClock::shared();
//! let store = Arc::new(MemoryStore::new(Default::default(), clock.clone())?);
//! let fleet = Fleet::new(store, FleetConfig::new(4), clock, Arc::new(FastRng))?
//!     .on_change(|event| eprintln!("{event:?}"));
//! let demands = Demands::one(Quota::per_second(100).with_burst(10))?;
//! fleet.check(&demands)?;
//! let verdict = fleet.admit("api.example.com", &demands, Duration::from_secs(5)).await;
//! assert_eq!(verdict, Verdict::Go);
//! # Ok(())
//! # }
//! ```

mod config;
mod event;
mod fleet;
mod gcra;
mod link;
mod member;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod share;
mod store;

#[cfg(test)]
mod tests;

#[cfg(feature = "redis")]
pub use self::redis::{RedisConfig, RedisStore};
pub use self::{
    config::FleetConfig,
    event::FleetEvent,
    fleet::Fleet,
    link::{FleetHealth, Reason},
    memory::MemoryStore,
    store::{Answer, Demand, Demands, Grant, MAX_DEMANDS, Payment, SharedStore, Verdict},
};
