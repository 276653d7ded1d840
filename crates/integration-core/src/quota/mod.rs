//! Reads what servers say about their quotas, so that a limit can follow them.
//!
//! A `QuotaParser` turns the headers of an answer into a [`QuotaReport`], and
//! [`RateLimit::observe`](crate::rate_limit::RateLimit::observe) makes calls slower by it before
//! the server has to refuse any. `Preset` has the formats that are in use; `Preset::Standard` reads
//! the ones that need no knowledge of the service. A parser never fails: what it does not
//! understand says nothing.
//!
//! Reading headers needs the feature `http`; a report can also be made by hand.
//!
//! # When not to use it
//!
//! Not for services that share one host name among several quotas (per method, per model), unless
//! the key tells them apart: what is said of one would hold up the others. Not as the only guard of
//! a fleet: every process learns of the others only by what remains.
//!
//! # Order
//!
//! After every answer, successes too, as those say how much remains. The penalty counts only
//! beside a refusal: [`without_penalty`](QuotaReport::without_penalty) drops it for the others.

#[cfg(feature = "http")]
mod fields;
#[cfg(feature = "http")]
mod preset;
#[cfg(feature = "http")]
mod read;
mod report;
#[cfg(feature = "http")]
mod value;

#[cfg(feature = "http")]
#[cfg(test)]
mod tests;

#[cfg(feature = "http")]
pub use self::preset::{Preset, QuotaParser};
pub use self::report::{QuotaEntry, QuotaReport, Reach, Refill};
