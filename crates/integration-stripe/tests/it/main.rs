//! Contract tests: the exact request, and an answer with a field we do not know.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code that says what it skips"
)]

mod calls;
mod corpus;
mod events;
#[cfg(feature = "full")]
mod generated;
mod surface;
