//! Contract tests of the crate, one binary.

#![expect(clippy::unwrap_used, reason = "test code")]

mod corpus;
