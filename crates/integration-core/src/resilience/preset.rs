//! Settings that go together, for the kinds of services there are.

use std::time::Duration;

use super::Config;
#[cfg(feature = "http")]
use crate::http::HttpConfig;
use crate::{
    adaptive::AdaptiveLimitConfig, backoff::Backoff, bulkhead::BulkheadConfig,
    circuit_breaker::CircuitBreakerConfig, hedge::HedgeConfig, retry_budget::RetryBudgetConfig,
};

/// A kind of service, and the settings that suit it.
///
/// A preset is a beginning: it knows no quota, as only the provider does, and every value can be
/// replaced with a `with_*` of what it gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// An interactive API that someone waits for: the defaults of [`Config`].
    #[default]
    Standard,
    /// Calls that move money: 60 s a call, 25 s an attempt, 3 attempts.
    ///
    /// An attempt may run long, because one that is given up may still have charged. Waits begin at
    /// 500 ms, so that an answer to the first attempt is settled before its key comes again. Never
    /// hedged: a second copy at once meets the first one under the same key. The breaker asks for
    /// 40 results, as declined cards are common and an open circuit is lost sales. Retries are at
    /// most 10 percent of the calls.
    Payments,
    /// Generated text: 10 min a call, 5 min an attempt, 3 attempts, 60 s of silence.
    ///
    /// Time to the first word grows with the prompt, so silence is judged rather than length. Quotas
    /// are by the minute, so waits begin at 2 s after a rate limit and a hint of 2 min is obeyed.
    /// 32 calls at once, as each holds a connection for long. Bodies up to 32 MiB, for images.
    /// Never hedged: a second copy is paid for.
    Llm,
    /// Work that nobody waits for: 15 min a call, 60 s an attempt, 8 attempts.
    ///
    /// Waits grow from 1 s to 60 s and a hint of 10 min is obeyed, since being late costs nothing
    /// and being in the way does. 16 calls at once and retries of 10 percent at most leave room to
    /// those that someone waits for. 10,000 calls may wait. Bodies up to 64 MiB, for exports.
    Batch,
    /// A service of one's own, near by: 5 s a call, 1 s an attempt, 3 attempts.
    ///
    /// Slow safe calls are hedged after the 95th percentile, and the attempts at once find their
    /// own limit, as both sides belong to one house. The breaker looks at the latest 10 s, which at
    /// high rates tells more than 100 results. Connections take at most 500 ms, since there is no
    /// distance; 128 idle ones are kept.
    Internal,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 5] = [
        Self::Standard,
        Self::Payments,
        Self::Llm,
        Self::Batch,
        Self::Internal,
    ];

    /// Returns the name: `standard`, `payments`, `llm`, `batch` or `internal`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Payments => "payments",
            Self::Llm => "llm",
            Self::Batch => "batch",
            Self::Internal => "internal",
        }
    }

    /// Returns the preset of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Returns the settings of the policies.
    #[must_use]
    pub fn policies(self) -> Config {
        let config = Config::default();
        match self {
            Self::Standard => config,
            Self::Payments => config
                .with_timeouts(secs(60), secs(25))
                .with_backoff(Backoff::exponential(millis(500), secs(8)))
                .with_hint_cap(secs(30))
                .with_retry_budget(RetryBudgetConfig::default().with_percent(10))
                .with_circuit_breaker(CircuitBreakerConfig::default().with_window(100, 40)),
            Self::Llm => config
                .with_timeouts(secs(600), secs(300))
                .with_backoff(Backoff::exponential(secs(1), secs(30)))
                .with_rate_limited_backoff(Backoff::exponential(secs(2), secs(60)))
                .with_hint_cap(secs(120))
                .with_bulkhead(BulkheadConfig::default().with_max_in_flight(32)),
            Self::Batch => {
                let bulkhead = BulkheadConfig::default();
                config
                    .with_timeouts(secs(900), secs(60))
                    .with_max_attempts(8)
                    .with_backoff(Backoff::exponential(secs(1), secs(60)))
                    .with_rate_limited_backoff(Backoff::exponential(secs(5), secs(120)))
                    .with_hint_cap(secs(600))
                    .with_retry_budget(RetryBudgetConfig::default().with_percent(10))
                    .with_bulkhead(bulkhead.with_max_in_flight(16).with_max_queue(10_000))
            }
            Self::Internal => config
                .with_timeouts(secs(5), secs(1))
                .with_backoff(Backoff::exponential(millis(25), secs(1)))
                .with_rate_limited_backoff(Backoff::exponential(millis(100), secs(1)))
                .with_hint_cap(secs(1))
                .with_circuit_breaker(
                    CircuitBreakerConfig::default().with_time_window(secs(10), 20),
                )
                .with_adaptive(AdaptiveLimitConfig::default())
                .with_hedge(HedgeConfig::default().with_max_delay(millis(500))),
        }
    }

    /// Returns the settings of connections and bodies.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(self) -> HttpConfig {
        const MIB: usize = 1024 * 1024;
        let config = HttpConfig::default();
        match self {
            Self::Standard | Self::Payments => config,
            Self::Llm => config.with_idle_timeout(secs(60)).with_body_limit(32 * MIB),
            Self::Batch => config.with_idle_timeout(secs(30)).with_body_limit(64 * MIB),
            Self::Internal => config
                .with_connect_timeout(millis(500))
                .with_idle_timeout(secs(1))
                .with_pool_per_host(128),
        }
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::{Config, Preset};

    #[test]
    fn every_preset_is_valid_and_found_by_its_name() {
        for preset in Preset::ALL {
            assert!(preset.policies().validate().is_ok(), "{preset:?}");
            assert_eq!(Preset::from_name(preset.name()), Some(preset));
        }
        assert_eq!(Preset::from_name("Standard"), None);
    }

    #[test]
    fn standard_is_the_default_and_the_others_differ_from_it() {
        assert_eq!(Preset::Standard.policies(), Config::default());
        for preset in &Preset::ALL[1..] {
            assert_ne!(preset.policies(), Config::default(), "{preset:?}");
        }
    }

    #[test]
    fn only_internal_calls_are_hedged() {
        for preset in Preset::ALL {
            let is_hedged = preset.policies().hedge.is_some();
            assert_eq!(is_hedged, preset == Preset::Internal, "{preset:?}");
        }
    }
}
