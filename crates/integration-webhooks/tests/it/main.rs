//! Contract tests of the crate, one binary.

#![expect(clippy::unwrap_used, reason = "test code")]

mod corpus;
mod explain;
mod roundtrip;
mod source;
mod vectors;
