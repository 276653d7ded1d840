//! Contract tests: the exact request, and an answer with a field we do not know.
#![expect(clippy::unwrap_used, reason = "test code")]

mod calls;
mod corpus;
mod events;
#[cfg(feature = "full")]
mod generated;
mod surface;
