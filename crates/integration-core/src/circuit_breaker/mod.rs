//! Stops calling a service that does not work, and finds out when it works again.
//!
//! A [`CircuitBreaker`] looks at the latest `window` results. When enough of them failed it opens
//! and refuses every call at once, so that callers fail in microseconds instead of waiting for
//! timeouts, and the service gets room to recover. After `open_for` it lets `probes` calls through;
//! when all of them succeed it closes, when one fails it opens again for twice as long.
//!
//! - The window slides by one result at a time, in constant time: a million successes from before
//!   do not delay opening by a single call.
//! - Every change of state starts a new generation. A result of a call that was admitted in an
//!   older generation is ignored, so a slow success from before the outage closes nothing.
//! - A neutral result (a 4xx, a throttle, a cancelled call) counts for nothing, and gives the slot
//!   of its probe back. Dropping a [`Permit`] is neutral.
//!
//! # When not to use it
//!
//! Not for a dependency without which the caller cannot do anything useful and which is retried by
//! a queue anyway; not where calls of very different fate share one key (give each its own key);
//! and not to obey a server that throttles: that server is well, and [`pause`](crate::pause) and
//! [`rate_limit`](crate::rate_limit) obey it.
//!
//! # Order
//!
//! Inside the retry loop, so that it sees every attempt, and outside the attempt timeout, so that a
//! timeout is a failure that it sees. Wrong: breaker around the retries, which hides two of three
//! failures from it. It is asked twice: peeked at before the rate limit, because an open circuit
//! must burn no quota, and committed after it, because a slot for a probe must not be held while
//! waiting.
//!
//! All clones of a client share one breaker per key.

mod config;
mod layer;
mod state;
mod window;

#[cfg(test)]
mod tests;

pub use self::{
    config::CircuitBreakerConfig,
    layer::{CircuitBreakerLayer, CircuitBreakerService, ResponseFuture},
    state::{CircuitBreaker, CircuitState, Permit, Settled},
};
