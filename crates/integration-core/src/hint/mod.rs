//! What a server says about when to come back.
//!
//! A hint is obeyed to the millisecond: never early, and not at all when it is longer than the cap
//! or the deadline, where the call fails at once instead of sleeping in vain.
//!
//! What is read, first found wins: `retry-after-ms` and `x-ms-retry-after-ms` (milliseconds), then
//! `Retry-After` as seconds or as an HTTP date. A date is compared with the server's own `Date`
//! where it sent one, so that a wrong clock on our side does not count. Garbage is no hint; a date
//! in the past is a hint of nothing.
//!
//! Some servers also say whether to come back at all: `should_retry`, with the feature `http`.
//!
//! [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)

mod parse;

#[cfg(test)]
mod tests;

pub use self::parse::{MAX_HINT, millis, retry_after};

#[cfg(feature = "http")]
pub(crate) use self::parse::{date, server_time};
#[cfg(feature = "http")]
pub use self::parse::{from_headers, should_retry};
