//! What the calls of one client share.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::time::Instant;

use super::nested::Noted;
use crate::{
    bulkhead::Bulkhead,
    circuit_breaker::CircuitBreaker,
    clock::SharedClock,
    error::Result,
    keyed::Keyed,
    observer::{Event, Happening, Observer},
    pause::Pause,
    rate_limit::{Quota, RateLimit},
    resilience::Config,
    retry_budget::RetryBudget,
    rng::Rng,
};

/// Configuration, clock, chance and the policies of all keys.
pub(crate) struct Shared {
    pub(super) config: Config,
    pub(super) clock: SharedClock,
    pub(super) rng: Arc<dyn Rng>,
    /// `None` costs one branch an event.
    observer: Option<Arc<dyn Observer>>,
    pub(super) nested: Noted,
    keys: Keyed<Policies>,
}

/// The policies of one key.
pub(crate) struct Policies {
    pub(super) key: Box<str>,
    pub(super) pause: Pause,
    pub(super) breaker: Option<Arc<CircuitBreaker>>,
    /// Empty until there is a quota, by configuration or at run time.
    pub(super) limit: OnceLock<RateLimit>,
    pub(super) budget: RetryBudget,
    pub(super) bulkhead: Option<Arc<Bulkhead>>,
}

impl Shared {
    /// Validates the configuration and starts without any key.
    pub(crate) fn new(
        config: Config,
        clock: SharedClock,
        rng: Arc<dyn Rng>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self> {
        let config = config.validate()?;
        let keys = Keyed::from_valid(config.keys.clone(), clock.now());
        Ok(Self {
            config,
            clock,
            rng,
            observer,
            nested: Noted::default(),
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
        let quota = quota.validate()?;
        let now = self.clock.now();
        let policies = self.policies(key, now);
        let limit = policies
            .limit
            .get_or_init(|| RateLimit::from_valid(quota, now));
        limit.set_quota(quota, now)
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
            breaker: config.circuit_breaker.clone().map(|breaker| {
                Arc::new(CircuitBreaker::from_valid(breaker, Arc::clone(&self.rng)))
            }),
            limit,
            budget: RetryBudget::from_valid(&config.retry_budget, now),
            bulkhead: config
                .bulkhead
                .as_ref()
                .map(|bulkhead| Arc::new(Bulkhead::from_valid(bulkhead))),
        }
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
