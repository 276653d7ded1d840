//! What the calls of one client share.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::time::Instant;

use super::{call::Queue, nested::Noted};
use crate::{
    adaptive::AdaptiveLimit,
    bulkhead::Bulkhead,
    circuit_breaker::CircuitBreaker,
    clock::SharedClock,
    config::invalid,
    error::Result,
    hedge::LatencyTracker,
    keyed::Keyed,
    observer::{Event, Happening, Observer},
    pause::Pause,
    rate_limit::{Cost, Quota, RateLimit, RateLimitConfig},
    resilience::{Config, Parts},
    retry_budget::RetryBudget,
    rng::Rng,
    shared_store::{Demand, Demands, Fleet},
};

/// Configuration, clock, chance and the policies of all keys.
pub(crate) struct Shared {
    pub(super) config: Config,
    pub(super) clock: SharedClock,
    pub(super) rng: Arc<dyn Rng>,
    /// `None` costs one branch an event.
    observer: Option<Arc<dyn Observer>>,
    pub(super) nested: Noted,
    pub(super) fleet: Option<SharedFleet>,
    keys: Keyed<Policies>,
}

/// The policies of one key.
pub(crate) struct Policies {
    pub(super) key: Box<str>,
    pub(super) pause: Pause,
    pub(super) breaker: Option<CircuitBreaker>,
    /// Empty until there is a quota, by configuration or at run time.
    pub(super) limit: OnceLock<RateLimit>,
    pub(super) budget: RetryBudget,
    pub(super) bulkhead: Option<Bulkhead>,
    pub(super) adaptive: Option<AdaptiveLimit>,
    pub(super) latency: Option<LatencyTracker>,
}

/// The fleet that this process is part of, and the quotas that it shares.
pub(crate) struct SharedFleet {
    pub(super) fleet: Arc<Fleet>,
    quotas: RateLimitConfig,
}

impl Shared {
    /// Validates the configuration and starts without any key.
    pub(crate) fn new(config: Config, parts: Parts) -> Result<Self> {
        let config = config.validate()?;
        let keys = Keyed::from_valid(config.keys.clone(), parts.clock.now());
        let fleet = parts
            .fleet
            .map(|fleet| SharedFleet::new(fleet, config.rate_limit.unwrap_or_default()))
            .transpose()?;
        Ok(Self {
            config,
            clock: parts.clock,
            rng: parts.rng,
            observer: parts.observer,
            nested: Noted::default(),
            fleet,
            keys,
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    #[cfg(feature = "http")]
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    #[cfg(feature = "cache")]
    pub(crate) fn unix(&self) -> std::time::Duration {
        self.clock.unix()
    }

    /// Tells the observer, if there is one.
    pub(crate) fn emit(&self, operation: &str, key: &str, what: Happening) {
        if let Some(observer) = &self.observer {
            observer.on_event(&Event {
                operation,
                key,
                what,
            });
        }
    }

    /// Gives a key a quota, or replaces the one it has.
    pub(crate) fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        if self.fleet.is_some() {
            let rule =
                "is that of the configuration, as every process of a fleet must have the same";
            return Err(invalid("rate_limit", rule));
        }
        let now = self.clock.now();
        let limit = self.policies(key, now);
        limit.learning_limit(now).set_quota(quota, now)
    }

    pub(super) fn policies(&self, key: &str, now: Instant) -> Arc<Policies> {
        self.keys.get(key, now, || self.create(key, now))
    }

    fn create(&self, key: &str, now: Instant) -> Policies {
        let config = &self.config;
        let limit = OnceLock::new();
        if let Some(quota) = config.rate_limit {
            limit.get_or_init(|| RateLimit::from_valid(quota, now));
        }
        Policies {
            key: Box::from(key),
            pause: Pause::new(now),
            breaker: config
                .circuit_breaker
                .clone()
                .map(|breaker| CircuitBreaker::from_valid(breaker, Arc::clone(&self.rng))),
            limit,
            budget: RetryBudget::from_valid(&config.retry_budget, now),
            bulkhead: config.bulkhead.as_ref().map(Bulkhead::from_valid),
            adaptive: config.adaptive.as_ref().map(AdaptiveLimit::from_valid),
            latency: config
                .hedge
                .clone()
                .map(|hedge| LatencyTracker::from_valid(hedge, now)),
        }
    }
}

impl Policies {
    /// Returns the rate limit; one without any quota, which only follows the server, if there is
    /// none.
    pub(super) fn learning_limit(&self, now: Instant) -> &RateLimit {
        self.limit
            .get_or_init(|| RateLimit::from_valid(RateLimitConfig::new(), now))
    }

    pub(super) fn queue(&self, queue: Queue) -> Option<&Bulkhead> {
        match queue {
            Queue::Call => self.bulkhead.as_ref(),
            Queue::Attempt => self
                .adaptive
                .as_ref()
                .map(|adaptive| &**adaptive.bulkhead()),
        }
    }
}

impl SharedFleet {
    fn new(fleet: Arc<Fleet>, quotas: RateLimitConfig) -> Result<Self> {
        let shared = Self { fleet, quotas };
        shared.fleet.check(&shared.list(&Cost::ONE)?)?;
        Ok(shared)
    }

    /// What a call of this cost takes from each quota.
    pub(super) fn demands(&self, cost: &Cost) -> Demands {
        self.list(cost).unwrap_or(Demands::NONE)
    }

    fn list(&self, cost: &Cost) -> Result<Demands> {
        let quotas = self.quotas.quotas().iter();
        let demands = quotas.map(|quota| Demand::new(*quota, cost.of(quota.unit())));
        Demands::new(&demands.collect::<Vec<_>>())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
