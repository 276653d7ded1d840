//! Which services are usable now, since when, and why not.
//!
//! A [`HealthRegistry`] keeps one state a service. Two things feed it:
//!
//! - the calls that are made anyway, through [`HealthRegistry::observer`]: it costs no request and
//!   knows what callers know;
//! - active checks ([`HealthCheck`]), run when someone asks, for services that are called rarely.
//!
//! | what is known | state |
//! |---|---|
//! | the circuit is open; a check failed [`failures_to_down`](HealthConfig::failures_to_down) times in a row | [`Down`](HealthStatus::Down) |
//! | the circuit is half open; the server asked for a pause that lasts; many attempts fail; a check failed | [`Degraded`](HealthStatus::Degraded) |
//! | nothing of this | [`Up`](HealthStatus::Up) |
//!
//! Many attempts fail when, in one window, at least `min_failures` of them and at least
//! `failure_percent` of all did so in a way that speaks against the service
//! ([`ErrorKind::health`](crate::ErrorKind::health)). It holds until a window has passed or most
//! attempts succeed again. A circuit is as it was told last: without calls an open circuit stays
//! open.
//!
//! # Flapping
//!
//! A state that gets worse is told at once. One that gets better is told when it has been better
//! for [`recover_after`](HealthConfig::recover_after), and then as the worst of that time. So a
//! service that comes and goes is told to be down once.
//!
//! Time alone is noticed when somebody looks: at the next event, check or
//! [`snapshot`](HealthRegistry::snapshot). The registry has no task of its own, unless
//! `HealthRegistry::spawn_checks` (feature `http`) is asked for one.
//!
//! # When not to use it
//!
//! Not to decide whether to make a call: the circuit breaker does that, for each key and in time.
//! Not as the liveness of the process: a restart does not mend someone else's service.

mod check;
mod config;
mod feed;
mod hooks;
mod registry;
mod service;
mod state;

#[cfg(test)]
mod tests;

#[cfg(feature = "http")]
pub use self::check::CheckTask;
pub use self::{
    check::HealthCheck,
    config::HealthConfig,
    feed::HealthObserver,
    registry::HealthRegistry,
    state::{HealthChange, HealthStatus, ServiceHealth, Why},
};
