//! The server keeps to its script, as seen by a client that knows nothing but sockets.
#![expect(clippy::unwrap_used, reason = "test code")]

mod canary;
#[cfg(feature = "record")]
mod cassette;
mod fault;
#[cfg(feature = "mocks")]
mod mocks;
#[cfg(feature = "oauth")]
mod oauth;
mod server;
mod stream;
#[cfg(feature = "stripe")]
mod stripe;
