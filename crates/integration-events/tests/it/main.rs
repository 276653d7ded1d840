//! Proves the store and the dispatcher on real files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod crash;
mod dispatch;
mod known;
mod lifecycle;
mod log;
mod model;
mod opening;
mod support;
