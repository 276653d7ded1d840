//! Server-sent events: from the bytes of a body to events, as the [HTML standard] reads them.
//!
//! [`SseStream`] turns any stream of bytes into a stream of [`Event`]s; [`Decoder`] is what it
//! stands on, and does no I/O. The data of an event that lies in one chunk is a slice of that
//! chunk, not a copy, so an event that is kept keeps its chunk.
//!
//! It is part of the feature `http`: whoever reads events has a client, and that client already
//! brings everything this needs.
//!
//! # When not to use it
//!
//! Not for lines of JSON: they have no fields and no blank lines.
//!
//! # Reconnecting
//!
//! A stream never reconnects by itself: only the caller knows whether the call may be made a
//! second time, and a model's answer may not. Where it may, wait for
//! [`reconnection_time`](SseStream::reconnection_time) or the next [`Backoff`](crate::Backoff)
//! delay, send [`last_event_id`](SseStream::last_event_id) as `Last-Event-ID`, and hand it to
//! [`Decoder::with_last_event_id`].
//!
//! # Order
//!
//! After decompression, before any parsing of the data. An idle guard belongs around the bytes and
//! not around the events, because comments are signs of life.
//!
//! ```
//! use bytes::Bytes;
//! use integration_core::sse::Decoder;
//!
//! let mut decoder = Decoder::default();
//! decoder.feed(Bytes::from_static(b"event: delta\ndata: {\"text\":\"Hi\"}\n\n"));
//! while let Some(event) = decoder.next_event()? {
//!     assert_eq!((event.event_type(), event.data()), ("delta", "{\"text\":\"Hi\"}"));
//! }
//! # Ok::<(), integration_core::Error>(())
//! ```
//!
//! [HTML standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html

mod block;
mod config;
mod decoder;
mod event;
#[doc(hidden)]
pub mod fuzzing;
mod lines;
mod stream;
mod text;

#[cfg(test)]
mod tests;

pub use self::{
    config::{AtEnd, SseConfig},
    decoder::Decoder,
    event::Event,
    stream::SseStream,
};

/// The operation that errors of this module name.
const OPERATION: &str = "sse";
