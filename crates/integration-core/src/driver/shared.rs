//! What the calls of one client share.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::time::Instant;

use super::{
    call::{CallOptions, CallState, Queue},
    nested::Noted,
};
use crate::{
    adaptive::AdaptiveLimit,
    bulkhead::{Bulkhead, Pass},
    circuit_breaker::CircuitBreaker,
    clock::SharedClock,
    config::invalid,
    error::Result,
    hedge::LatencyTracker,
    keyed::Keyed,
    observer::{Event, Happening, Observer},
    pause::Pause,
    rate_limit::{Cost, Quota, RateLimit, RateLimitConfig},
    resilience::{Config, KeyPolicies, Parts},
    retry_budget::RetryBudget,
    rng::Rng,
    shared_store::{Demand, Demands, Fleet},
};

/// The policies of all keys, and what they stand on.
pub(crate) struct Shared {
    common: Arc<Common>,
    keys: Keyed<Policies>,
}

/// Configuration, clock, chance, and who is told.
pub(crate) struct Common {
    pub(super) config: Config,
    pub(super) clock: SharedClock,
    pub(super) rng: Arc<dyn Rng>,
    /// `None` costs one branch an event.
    observer: Option<Arc<dyn Observer>>,
    pub(super) nested: Noted,
    pub(super) fleet: Option<SharedFleet>,
}

/// The policies of one key.
pub(crate) struct Policies {
    /// Here, so that a call counts one pointer and not two.
    pub(super) common: Arc<Common>,
    pub(crate) key: Box<str>,
    pub(crate) pause: Pause,
    pub(crate) breaker: Option<CircuitBreaker>,
    /// Empty until there is a quota, by configuration or at run time.
    pub(crate) limit: OnceLock<RateLimit>,
    pub(crate) budget: RetryBudget,
    pub(crate) bulkhead: Option<Bulkhead>,
    pub(crate) adaptive: Option<AdaptiveLimit>,
    pub(crate) latency: Option<LatencyTracker>,
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
        let common = Arc::new(Common {
            config,
            clock: parts.clock,
            rng: parts.rng,
            observer: parts.observer,
            nested: Noted::default(),
            fleet,
        });
        Ok(Self { common, keys })
    }

    /// Begins a call.
    #[inline]
    pub(crate) fn open(&self, key: &str, options: CallOptions) -> CallState {
        let now = self.common.clock.now();
        CallState::new(self.policies(key, now), options, now)
    }

    #[inline]
    pub(crate) fn config(&self) -> &Config {
        &self.common.config
    }

    #[cfg(feature = "http")]
    pub(crate) fn now(&self) -> Instant {
        self.common.clock.now()
    }

    #[cfg(feature = "http")]
    pub(crate) fn unix(&self) -> std::time::Duration {
        self.common.clock.unix()
    }

    /// Tells the observer, if there is one.
    #[cfg(feature = "http")]
    pub(crate) fn emit(&self, operation: &str, key: &str, what: Happening) {
        self.common.emit(operation, key, what);
    }

    #[cfg(feature = "http")]
    pub(crate) fn is_observed(&self) -> bool {
        self.common.has_observer()
    }

    /// Tells the observer, if there is one, what passes on the wire.
    #[cfg(feature = "http")]
    pub(crate) fn exchange(&self, exchange: &crate::observe::Exchange<'_>) {
        if let Some(observer) = &self.common.observer {
            observer.on_exchange(exchange);
        }
    }

    /// Returns the policies of a key, for those who watch and steer them.
    pub(crate) fn of(&self, key: &str) -> KeyPolicies {
        KeyPolicies(self.policies(key, self.common.clock.now()))
    }

    /// Gives a key a quota, or replaces the one it has.
    pub(crate) fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        if self.common.fleet.is_some() {
            let rule =
                "is that of the configuration, as every process of a fleet must have the same";
            return Err(invalid("rate_limit", rule));
        }
        let now = self.common.clock.now();
        let policies = self.policies(key, now);
        policies.learning_limit(now).set_quota(quota, now)
    }

    #[inline]
    fn policies(&self, key: &str, now: Instant) -> Arc<Policies> {
        self.keys.get(key, now, || self.create(key, now))
    }

    fn create(&self, key: &str, now: Instant) -> Policies {
        let config = &self.common.config;
        let limit = OnceLock::new();
        if let Some(quota) = config.rate_limit {
            limit.get_or_init(|| RateLimit::from_valid(quota, now));
        }
        Policies {
            common: Arc::clone(&self.common),
            key: Box::from(key),
            pause: Pause::new(now),
            breaker: config
                .circuit_breaker
                .clone()
                .map(|breaker| CircuitBreaker::from_valid(breaker, Arc::clone(&self.common.rng))),
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

impl Common {
    pub(super) fn has_observer(&self) -> bool {
        self.observer.is_some()
    }

    pub(super) fn emit(&self, operation: &str, key: &str, what: Happening) {
        if let Some(observer) = &self.observer {
            observer.on_event(&Event {
                operation,
                key,
                what,
            });
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

    pub(super) fn leave(&self, queue: Queue, place: Pass) {
        if let Some(places) = self.queue(queue) {
            places.leave(place);
        }
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
            .field("config", &self.common.config)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
