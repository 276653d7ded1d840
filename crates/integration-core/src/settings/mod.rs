//! Settings of services from a TOML file and the environment, checked, shown, and reloaded.
//!
//! Each service has a table. It begins with a [`Preset`](crate::resilience::Preset), which the program
//! chooses and the table may replace; the file says what differs, the environment what differs on
//! this machine.
//!
//! ```toml
//! [stripe]
//! base = "https://api.stripe.com"
//! preset = "payments"
//! deadline = "30s"
//! secret = "env:STRIPE_SECRET_KEY"
//! retry.max_attempts = 4
//! rate_limit.quotas = ["100 calls per 1s burst 20"]
//! hedge = false
//! ```
//!
//! ```text
//! INTEGRATION__STRIPE__RETRY__MAX_ATTEMPTS=2       # wins over the file
//! ```
//!
//! ```
//! use integration_core::{http::Client, resilience::Preset, settings::Settings};
//!
//! # fn main() -> integration_core::Result<()> {
//! // `Settings::load(path)` reads a file and the environment of the process.
//! let file = "[stripe]\nbase = \"http://127.0.0.1:12111\"\nretry.max_attempts = 4";
//! let settings = Settings::from_toml(file)?
//!     .with_env([("INTEGRATION__STRIPE__DEADLINE", "20s")])?;
//! settings.only(&["stripe"])?;
//! let stripe = settings.service("stripe", Preset::Payments).unwrap_err();
//! assert!(stripe.to_string().contains("`attempt_timeout` is \"25s\" (preset payments)"));
//!
//! let stripe = settings.service("stripe", Preset::Standard)?;
//! assert_eq!(stripe.policies().max_attempts, 4);
//! let base = stripe.base().unwrap_or("https://api.stripe.com");
//! let client = Client::standard(base)?.settings(&stripe).build()?;
//!
//! let changed = Settings::from_toml("[stripe]\nretry.max_attempts = 2")?;
//! client.reload(&changed.service("stripe", Preset::Standard)?)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Mistakes
//!
//! A key that is no setting is refused with the nearest one that is, a value with the rule it
//! breaks, and values that contradict each other with where each came from. A time needs its unit,
//! `"250ms"`, since a bare number says nothing. A secret is never written here but named, as
//! `"env:NAME"` or `"file:PATH"`: settings are shown, copied and committed.
//!
//! # When not to use it
//!
//! Not for a program with one service and two numbers: set them in code, with
//! [`Config`](crate::resilience::Config) and [`HttpConfig`](crate::http::HttpConfig).
//!
//! # Reload
//!
//! [`Client::reload`](crate::http::Client::reload) takes the settings of a service while calls run.
//! When to read the file again is up to the program: on a signal, or every so often. What is refused
//! leaves everything as it is.

mod compound;
mod document;
mod field;
mod form;
mod given;
mod keys;
mod nearest;
mod read;
mod secret;
mod section;
mod service;
mod table;
mod time;
mod words;

#[cfg(test)]
mod tests;

pub use self::{
    document::Settings,
    keys::{Key, keys},
    service::ServiceSettings,
};
