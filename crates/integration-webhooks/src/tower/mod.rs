//! A tower layer that lets verified events through and answers everything else itself.
//!
//! The inner service gets the request with its body whole and the
//! [`WebhookEvent`](crate::WebhookEvent) in its extensions. Handshakes, oversized bodies and forged
//! deliveries are answered as the sender's contract has it, and never reach it.
//!
//! Not for routes that take anything but webhooks, and not for bodies that must stream: the body is
//! in memory before the inner service sees the request.
//!
//! Put a timeout and a concurrency limit outside, so that slow senders are bounded in time and
//! number; put whatever changes bodies (decompression) nowhere near, as the raw bytes are signed:
//!
//! ```text
//! right: ServiceBuilder::new().layer(timeout).concurrency_limit(64).layer(verify).service(inner)
//! wrong: ServiceBuilder::new().layer(decompression).layer(verify).service(inner)
//! ```
//!
//! Clones share the source's secrets and the clock; readiness is never copied.

mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::VerifyLayer, service::Verify};
