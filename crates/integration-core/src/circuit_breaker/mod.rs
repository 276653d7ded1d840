//! Stops calling a service that does not work, and finds out when it works again.
//!
//! A [`CircuitBreaker`] looks at the latest results. When enough of them are bad it opens and
//! refuses every call at once, so that callers fail in microseconds instead of waiting for
//! timeouts, and the service gets room to recover. After `open_for` it lets `probes` calls through;
//! when all of them succeed it closes, when one fails it opens again for twice as long.
//!
//! - Which results it looks at, [`CircuitWindow`] says: the latest so many, those of the latest so
//!   much time, or the failures since the last success. Each slides with every result, in constant
//!   time and memory: a million successes from before do not delay opening by a single call.
//! - Bad is a failure, by `failure_rate`, and, where `slow_call_after` is set, a call that took that
//!   long, by `slow_call_rate`. Only a bad result opens the circuit. A probe must be neither.
//! - Every change of state starts a new generation. A result of a call that was admitted in an
//!   older generation is ignored, so a slow success from before the outage closes nothing.
//! - A neutral result (a 4xx, a throttle, a cancelled call) counts for nothing, and gives the slot
//!   of its probe back. Dropping a [`Permit`] is neutral.
//! - A [`CircuitMode`] overrules the results while calls run: forced open, disabled, or metrics
//!   only, which shows what a configuration would do before it does it.
//! - [`CircuitBreaker::snapshot`] and [`CircuitBreaker::restore`] carry the state over a restart,
//!   so that a new process does not send its first calls into an outage that is known.
//!
//! While the circuit is closed an admission reads one atomic word and a good result adds to it; a
//! bad result, and now and then a good one, takes a short lock. Nothing allocates. Times are read by the caller: one that lies behind what another thread
//! has brought counts as that, and a jump ahead only makes what is kept older.
//!
//! # When not to use it
//!
//! Not for a dependency without which the caller cannot do anything useful and which is retried by
//! a queue anyway; not where calls of very different fate share one key (give each its own key);
//! not for a rate of slow calls where calls take long by their nature, as uploads and streams do;
//! and not to obey a server that throttles: that server is well, and [`pause`](crate::pause) and
//! [`rate_limit`](crate::rate_limit) obey it.
//!
//! # Order
//!
//! Inside the retry loop, so that it sees every attempt, and outside the attempt timeout, so that a
//! timeout is a failure that it sees. Wrong: breaker around the retries, which hides two of three
//! failures from it; breaker inside the timeout, which sees a cancelled call where there was a
//! stalled server. It is asked twice: peeked at before the rate limit, because an open circuit must
//! burn no quota, and committed after it, because a slot for a probe must not be held while waiting.
//!
//! All clones of a client share one breaker per key.
//!
//! # Defaults
//!
//! | field | default | why |
//! |---|---|---|
//! | `window` | the latest 100 results | needs no guess at how many calls come in a second; with few or bursty calls take [`Time`](CircuitWindow::Time), so that failures of yesterday do not count, and for a single worker [`Consecutive`](CircuitWindow::Consecutive) |
//! | `min_throughput` | 20 results | one failure of two is no rate |
//! | `failure_rate` | 50 % | below it more calls succeed than fail, and retries still pay |
//! | `slow_call_after` | none | only the caller knows what is slow; half the attempt timeout is a start |
//! | `slow_call_rate` | 80 % | slow answers are still answers: nearly all must be slow |
//! | `open_for` | 5 s | long enough to restart a process, short enough for a person to wait |
//! | `max_open_for` | 60 s | doubling stops here: a service that is back is found within a minute |
//! | jitter | up to 20 % off the open time, fixed | a fleet must not probe in step; never later than said |
//! | `probes` | 3 calls | one success may be chance, and three are no load |
//! | `mode` | automatic | |

mod config;
mod control;
mod gate;
mod layer;
mod permit;
mod report;
mod state;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use self::permit::Pass;
pub use self::{
    config::{CircuitBreakerConfig, CircuitMode, CircuitWindow},
    layer::{CircuitBreakerLayer, CircuitBreakerService, ResponseFuture},
    permit::Permit,
    report::{CircuitMetrics, CircuitSnapshot, CircuitState, Settled},
    state::CircuitBreaker,
};
