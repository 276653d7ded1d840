//! What the calls of one client share.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::time::Instant;

use super::{
    call::{CallOptions, CallState, Queue},
    current::Current,
    limits::Overrides,
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
    current: Current<Generation>,
}

/// What holds from one configuration to the next. A call keeps the one that it began with.
struct Generation {
    common: Arc<Common>,
    keys: Keyed<Policies>,
}

/// Configuration, clock, chance, and who is told. All but the first is the same in all generations.
pub(crate) struct Common {
    pub(super) config: Config,
    pub(super) clock: SharedClock,
    pub(super) rng: Arc<dyn Rng>,
    /// `None` costs one branch an event.
    observer: Option<Arc<dyn Observer>>,
    pub(super) nested: Arc<Noted>,
    pub(super) fleet: Option<SharedFleet>,
}

/// The policies of one key. Shared by all generations in which their configuration is the same.
pub(crate) struct Policies {
    /// Here, so that a call counts one pointer and not two.
    pub(super) common: Arc<Common>,
    pub(crate) key: Box<str>,
    pub(crate) pause: Arc<Pause>,
    pub(crate) breaker: Option<Arc<CircuitBreaker>>,
    /// Empty until there is a quota, by configuration or at run time.
    pub(crate) limit: Arc<OnceLock<RateLimit>>,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) bulkhead: Option<Arc<Bulkhead>>,
    pub(crate) adaptive: Option<Arc<AdaptiveLimit>>,
    pub(crate) latency: Option<Arc<LatencyTracker>>,
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
            nested: Arc::default(),
            fleet,
        });
        let current = Current::new(Generation { common, keys });
        Ok(Self { current })
    }

    /// Replaces the configuration for the calls that begin from now on.
    pub(crate) fn reconfigure(&self, config: Config) -> Result<()> {
        let config = config.validate()?;
        let now = self.parts().clock.now();
        self.current.replace(|present| present.next(config, now))
    }

    /// Begins a call.
    #[inline]
    pub(crate) fn open(
        &self,
        key: &str,
        options: CallOptions,
        wishes: Option<&Overrides>,
    ) -> CallState {
        let now = self.parts().clock.now();
        CallState::new(self.policies(key, now), options, wishes, now)
    }

    /// Returns what is the same whatever the configuration.
    #[inline]
    fn parts(&self) -> &Common {
        &self.current.first().common
    }

    #[cfg(feature = "http")]
    pub(crate) fn now(&self) -> Instant {
        self.parts().clock.now()
    }

    #[cfg(feature = "http")]
    pub(crate) fn unix(&self) -> std::time::Duration {
        self.parts().clock.unix()
    }

    /// Tells the observer, if there is one.
    #[cfg(feature = "http")]
    pub(crate) fn emit(&self, operation: &str, key: &str, what: Happening) {
        self.parts().emit(operation, key, what);
    }

    #[cfg(feature = "http")]
    pub(crate) fn is_observed(&self) -> bool {
        self.parts().has_observer()
    }

    /// Tells the observer, if there is one, what passes on the wire.
    #[cfg(feature = "http")]
    pub(crate) fn exchange(&self, exchange: &crate::observe::Exchange<'_>) {
        if let Some(observer) = &self.parts().observer {
            observer.on_exchange(exchange);
        }
    }

    /// Returns the policies of a key, for those who watch and steer them.
    pub(crate) fn of(&self, key: &str) -> KeyPolicies {
        KeyPolicies(self.policies(key, self.parts().clock.now()))
    }

    /// Gives a key a quota, or replaces the one it has.
    pub(crate) fn set_rate_limit(&self, key: &str, quota: Quota) -> Result<()> {
        if self.parts().fleet.is_some() {
            let rule =
                "is that of the configuration, as every process of a fleet must have the same";
            return Err(invalid("rate_limit", rule));
        }
        let now = self.parts().clock.now();
        let policies = self.policies(key, now);
        policies.learning_limit(now).set_quota(quota, now)
    }

    #[inline]
    fn policies(&self, key: &str, now: Instant) -> Arc<Policies> {
        self.current
            .read(|now_valid| now_valid.keys.get(key, now, || now_valid.create(key, now)))
    }
}

impl Generation {
    fn create(&self, key: &str, now: Instant) -> Policies {
        let config = &self.common.config;
        let limit = OnceLock::new();
        if let Some(quota) = config.rate_limit {
            limit.get_or_init(|| RateLimit::from_valid(quota, now));
        }
        Policies {
            common: Arc::clone(&self.common),
            key: Box::from(key),
            pause: Arc::new(Pause::new(now)),
            breaker: config.circuit_breaker.clone().map(|breaker| {
                let rng = Arc::clone(&self.common.rng);
                Arc::new(CircuitBreaker::from_valid(breaker, rng))
            }),
            limit: Arc::new(limit),
            budget: Arc::new(RetryBudget::from_valid(&config.retry_budget, now)),
            bulkhead: config
                .bulkhead
                .as_ref()
                .map(|bulkhead| Arc::new(Bulkhead::from_valid(bulkhead))),
            adaptive: config
                .adaptive
                .as_ref()
                .map(|adaptive| Arc::new(AdaptiveLimit::from_valid(adaptive))),
            latency: config
                .hedge
                .clone()
                .map(|hedge| Arc::new(LatencyTracker::from_valid(hedge, now))),
        }
    }

    /// Makes the generation of another configuration.
    fn next(&self, config: Config, now: Instant) -> Result<Self> {
        let fleet = match &self.common.fleet {
            Some(shared) => {
                let quotas = config.rate_limit.unwrap_or_default();
                Some(SharedFleet::new(Arc::clone(&shared.fleet), quotas)?)
            }
            None => None,
        };
        let common = Arc::new(Common {
            config,
            clock: Arc::clone(&self.common.clock),
            rng: Arc::clone(&self.common.rng),
            observer: self.common.observer.clone(),
            nested: Arc::clone(&self.common.nested),
            fleet,
        });
        let capacity = common.config.keys.clone();
        let keys = Keyed::from_valid(capacity.clone(), now);
        let next = Self { common, keys };
        let keys = self
            .keys
            .carried(capacity, now, |policies| next.carry(policies, now));
        Ok(Self { keys, ..next })
    }

    /// Makes the policies of a key out of those that it had under another configuration.
    ///
    /// What is configured as before stays what it is. Quotas and places change where they are, so
    /// that what was taken stays taken; the others begin anew.
    fn carry(&self, before: &Policies, now: Instant) -> Policies {
        let (old, new) = (&before.common.config, &self.common.config);
        let fresh = self.create(&before.key, now);
        if old.rate_limit != new.rate_limit
            && let Some(quotas) = new.rate_limit
        {
            let limit = before.learning_limit(now);
            limit.reconfigure(&quotas, now);
        }
        if let (Some(places), Some(bulkhead)) = (&before.bulkhead, &new.bulkhead)
            && old.bulkhead != new.bulkhead
        {
            places.reconfigure(bulkhead);
        }
        let has_limit = new.rate_limit.is_some() || old.rate_limit.is_none();
        Policies {
            pause: Arc::clone(&before.pause),
            breaker: kept(old.circuit_breaker == new.circuit_breaker, &before.breaker)
                .or(fresh.breaker),
            limit: if has_limit {
                Arc::clone(&before.limit)
            } else {
                fresh.limit
            },
            budget: if old.retry_budget == new.retry_budget {
                Arc::clone(&before.budget)
            } else {
                fresh.budget
            },
            bulkhead: kept(new.bulkhead.is_some(), &before.bulkhead).or(fresh.bulkhead),
            adaptive: kept(old.adaptive == new.adaptive, &before.adaptive).or(fresh.adaptive),
            latency: kept(old.hedge == new.hedge, &before.latency).or(fresh.latency),
            ..fresh
        }
    }
}

fn kept<T>(is_kept: bool, policy: &Option<Arc<T>>) -> Option<Arc<T>> {
    policy.as_ref().filter(|_| is_kept).cloned()
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
            Queue::Call => self.bulkhead.as_deref(),
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
        self.current.read(|generation| {
            f.debug_struct("Shared")
                .field("config", &generation.common.config)
                .field("keys", &generation.keys)
                .finish_non_exhaustive()
        })
    }
}
