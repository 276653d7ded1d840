//! Tests of the crate from outside, one binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code"
)]

mod credential;
#[cfg(feature = "axum")]
mod leaks;
#[cfg(feature = "sqlite")]
mod lifecycle;
mod login;
mod peers;
mod provider;
mod seal;
mod stores;
mod tables;
