//! Contract tests of the crate, one binary.

#![expect(clippy::unwrap_used, reason = "test code")]

#[cfg(any(feature = "axum", feature = "tower"))]
mod adapters;
mod corpus;
mod explain;
mod parsers;
mod roundtrip;
mod source;
mod vectors;
