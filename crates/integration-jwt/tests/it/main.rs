//! Tests of the crate from outside, one binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "test code"
)]

#[cfg(all(feature = "axum", feature = "tower"))]
mod adapter;
mod cache;
mod corpus;
mod flood;
mod id_tokens;
mod leaks;
mod profiles;
mod properties;
#[cfg(feature = "sign")]
mod signing;
mod support;
mod threats;
mod tokens;
