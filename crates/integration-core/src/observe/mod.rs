//! What is made of the events of calls: log lines, spans, metrics.
//!
//! - [`TracingObserver`] writes sanitised log lines through `tracing`, at DEBUG one for every
//!   request that goes out and one for what comes back.
//! - [`spans`] makes the spans of calls and attempts, with the names of OpenTelemetry.
//! - `MetricsObserver` (feature `metrics`) counts and measures through the facade `metrics`.
//! - [`Observers`] tells several observers, [`from_fn`] makes one of a closure.
//!
//! A line or span that no subscriber wants costs a few nanoseconds. A metric costs the search for
//! its handles, some 50 ns an event, with or without a recorder: leave the observer out where
//! nobody records.
//!
//! ```
//! use std::sync::Arc;
//!
//! use integration_core::{
//!     observe::{Observers, TracingObserver, from_fn},
//!     observer::{Event, Happening, Observer},
//! };
//!
//! let alarm = from_fn(|event: &Event<'_>| {
//!     if let Happening::CircuitChanged { to } = event.what {
//!         println!("{}: {to:?}", event.key);
//!     }
//! });
//! let observer: Arc<dyn Observer> = Arc::new(
//!     Observers::new()
//!         .with(Arc::new(TracingObserver::new()))
//!         .with(Arc::new(alarm)),
//! );
//! # drop(observer);
//! ```
//!
//! # What is never shown
//!
//! Values of headers, bodies, queries, fragments and credentials of addresses. Of a path, the
//! parts that look like a token, a long identifier or an e-mail address are masked; what a part
//! that looks like a word says, is shown. Operations and keys are names that the application
//! chose: a key that is a secret must be hashed before it becomes a key.
//!
//! # When not to use it
//!
//! Not to act on events in the way of a call (an alert by mail, a write to a database): an
//! observer runs inside the call. [`health`](crate::health) has hooks for that, or hand the event
//! to a bounded channel.

mod exchange;
mod fan_out;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod shown;
pub mod spans;
mod words;

#[cfg(test)]
mod tests;

#[cfg(feature = "metrics")]
pub use self::metrics::{MAX_LABEL_SETS, MetricsObserver};
pub use self::{
    exchange::{BodyEnd, Exchange, Passing, Target},
    fan_out::{FromFn, Observers, from_fn},
    log::TracingObserver,
};
