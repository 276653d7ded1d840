//! The words of choices.

use super::form::Word;
use crate::{
    backoff::Jitter, circuit_breaker::CircuitMode, http::Proxy, rate_limit::Learn,
    resilience::Preset,
};

impl Word for Preset {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Standard.name(), Self::Standard),
        (Self::Payments.name(), Self::Payments),
        (Self::Llm.name(), Self::Llm),
        (Self::Batch.name(), Self::Batch),
        (Self::Internal.name(), Self::Internal),
    ];
}

impl Word for Jitter {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("full", Self::Full),
        ("equal", Self::Equal),
        ("decorrelated", Self::Decorrelated),
        ("none", Self::None),
    ];
}

impl Word for CircuitMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("automatic", Self::Automatic),
        ("forced_open", Self::ForcedOpen),
        ("disabled", Self::Disabled),
        ("metrics_only", Self::MetricsOnly),
    ];
}

impl Word for Learn {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("ignore", Self::Ignore),
        ("slow_down", Self::SlowDown),
        ("follow", Self::Follow),
    ];
}

impl Word for Proxy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("environment", Self::FromEnvironment)];
}
