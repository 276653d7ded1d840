//! Contract tests: the exact request, and an answer with a field we do not know.
#![expect(clippy::unwrap_used, reason = "test code")]

mod calls;
mod client;
mod errors;
mod fake;
mod lists;
mod oauth;
mod retries;
mod support;
mod webhooks;
