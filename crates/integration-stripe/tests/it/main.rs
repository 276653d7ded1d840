//! Contract tests: the exact request, and an answer with a field we do not know.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code that says what it skips"
)]

mod calls;
mod client;
mod corpus;
mod errors;
mod events;
mod fake;
#[cfg(feature = "full")]
mod fake_shapes;
#[cfg(feature = "full")]
mod generated;
mod hosts;
mod lists;
mod oauth;
mod retries;
mod support;
mod surface;
mod warnings;
mod webhooks;
