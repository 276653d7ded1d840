//! The table of settings, for documentation and for programs that show it.

use super::{field::Values, table::FIELDS};
use crate::{
    adaptive::{Adaptive, AdaptiveLimitConfig},
    circuit_breaker::CircuitBreakerConfig,
    hedge::HedgeConfig,
    rate_limit::RateLimitConfig,
    resilience::Preset,
};

/// One setting, as documentation states it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// Its path below the service, such as `retry.max_attempts`.
    pub path: &'static str,
    /// How it is written.
    pub form: String,
    /// What it means, with its range.
    pub help: &'static str,
    /// The value of the preset `standard` as TOML, or that of its section when this is off there.
    pub default: Option<String>,
}

/// Returns every setting, in the order in which they are shown.
///
/// ```
/// let keys = integration_core::settings::keys();
/// assert!(keys.iter().any(|key| key.path == "retry.max_attempts"));
/// ```
#[must_use]
pub fn keys() -> Vec<Key> {
    let mut standard = Values::of(Preset::Standard);
    let mut gradient2 = with_all(Adaptive::gradient2());
    let mut aimd = with_all(Adaptive::aimd());
    let fields = FIELDS.iter();
    let keys = fields.map(|field| Key {
        path: field.path,
        form: (field.form)(),
        help: field.help,
        default: (field.show)(&mut standard)
            .or_else(|| (field.show)(&mut gradient2))
            .or_else(|| (field.show)(&mut aimd)),
    });
    keys.collect()
}

fn with_all(algorithm: Adaptive) -> Values {
    let mut values = Values::of(Preset::Standard);
    values.policies = values
        .policies
        .with_circuit_breaker(CircuitBreakerConfig::default())
        .with_rate_limit(RateLimitConfig::default())
        .with_adaptive(AdaptiveLimitConfig::default().with_algorithm(algorithm))
        .with_hedge(HedgeConfig::default());
    values
}
