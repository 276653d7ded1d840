//! The registry: all services, who is told, and the checks.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::{
    HealthChange, HealthCheck, HealthConfig, HealthObserver, HealthStatus, ServiceHealth,
    check::{Checks, DynCheck, Running},
    hooks::Hooks,
    service::{Fact, Service},
};
use crate::{
    clock::{SharedClock, SystemClock},
    config::invalid,
    error::{ErrorKind, Result},
};

/// Knows which services are usable. A clone is cheap and shares everything.
///
/// ```
/// use integration_core::health::{HealthConfig, HealthRegistry, HealthStatus};
///
/// let health = HealthRegistry::new(HealthConfig::default())?;
/// health.on_change(|change| println!("{} is {}", change.to.service, change.to.status));
/// let observer = health.observer(); // for `ClientBuilder::observer` or `Parts::with_observer`
/// assert_eq!(health.overall(), HealthStatus::Up);
/// # drop(observer);
/// # Ok::<(), integration_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HealthRegistry {
    inner: Arc<Inner>,
}

/// What clones and observers share.
pub(super) struct Inner {
    config: HealthConfig,
    clock: SharedClock,
    services: RwLock<BTreeMap<Arc<str>, Arc<Watched>>>,
    hooks: Hooks,
}

/// A service of the registry.
pub(super) struct Watched {
    name: Arc<str>,
    service: Mutex<Service>,
    check: RwLock<Option<Arc<dyn DynCheck>>>,
}

impl HealthRegistry {
    /// Creates a registry without services.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration is not valid.
    pub fn new(config: HealthConfig) -> Result<Self> {
        Self::with_clock(config, SystemClock::shared())
    }

    /// Creates a registry that reads this clock.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_clock(config: HealthConfig, clock: SharedClock) -> Result<Self> {
        let inner = Inner {
            config: config.validate()?,
            clock,
            services: RwLock::default(),
            hooks: Hooks::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns an observer whose services are the keys of the calls.
    #[must_use]
    pub fn observer(&self) -> HealthObserver {
        HealthObserver::new(Arc::clone(&self.inner), None)
    }

    /// Returns an observer whose services are named `name/key`.
    #[must_use]
    pub fn observer_of(&self, name: &str) -> HealthObserver {
        HealthObserver::new(Arc::clone(&self.inner), Some(Box::from(name)))
    }

    /// Adds a service with its check, or gives a known one a check. It is up until it is checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is no room for a further service.
    pub fn register(&self, service: &str, check: impl HealthCheck) -> Result<()> {
        let Some(watched) = self.inner.watch(service) else {
            return Err(invalid("health.capacity", "leaves no room for a service"));
        };
        *watched.check.write() = Some(Arc::new(check));
        Ok(())
    }

    /// Adds a hook that is told of every change, once and in order.
    ///
    /// It runs outside all locks, in the thread that found the change, which may be that of a
    /// call: hand slow work on. It may use the registry. While a hook runs, changes wait, 1,024 of
    /// them at most ([`lost_changes`](Self::lost_changes)).
    pub fn on_change(&self, hook: impl Fn(&HealthChange) + Send + Sync + 'static) {
        self.inner.hooks.add(hook);
    }

    /// Returns how many changes no hook was told of, as others took too long.
    #[must_use]
    pub fn lost_changes(&self) -> u64 {
        self.inner.hooks.lost()
    }

    /// Returns the state of every service, in the order of their names.
    #[must_use]
    pub fn snapshot(&self) -> Vec<ServiceHealth> {
        let now = self.inner.clock.now();
        let services = self.inner.all();
        let states = services.iter().map(|watched| self.inner.look(watched, now));
        let states = states.collect();
        self.inner.hooks.run();
        states
    }

    /// Returns the state of one service; `None` when it is not known.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<ServiceHealth> {
        let watched = self.inner.services.read().get(name).cloned()?;
        let state = self.inner.look(&watched, self.inner.clock.now());
        self.inner.hooks.run();
        Some(state)
    }

    /// Returns the worst status of all services; up when there is none.
    #[must_use]
    pub fn overall(&self) -> HealthStatus {
        let states = self.snapshot().into_iter();
        states.map(|state| state.status).max().unwrap_or_default()
    }

    /// Runs every check once, a few at a time, each with its deadline, and returns the snapshot.
    ///
    /// Takes at most `check_deadline` times the number of checks over `max_checks`, rounded up.
    /// Cancel safe: what has not ended leaves no result.
    pub async fn run_checks(&self) -> Vec<ServiceHealth> {
        let deadline = self.inner.config.check_deadline;
        let checks = self.inner.all().into_iter().filter_map(|watched| {
            let check = watched.check.read().clone()?;
            let start: Box<dyn FnOnce() -> Running + Send> = Box::new(move || check.run(deadline));
            Some((watched, start))
        });
        let inner = &self.inner;
        Checks {
            waiting: checks.collect(),
            running: Vec::new(),
            max: inner.config.max_checks,
            on_result: |watched: &Arc<Watched>, kind: Option<ErrorKind>| {
                inner.learn(watched, Fact::Checked(kind));
            },
        }
        .await;
        self.snapshot()
    }

    /// Runs the checks in a task of its own, now and then after every `interval` (at least 1 s),
    /// until what it returns is dropped.
    ///
    /// # Panics
    ///
    /// Outside a runtime of tokio.
    #[cfg(feature = "http")]
    pub fn spawn_checks(&self, interval: std::time::Duration) -> super::CheckTask {
        let interval = interval.max(std::time::Duration::from_secs(1));
        let interval = interval.min(crate::config::MAX_DURATION);
        let registry = self.clone();
        super::CheckTask(tokio::spawn(async move {
            loop {
                registry.run_checks().await;
                tokio::time::sleep(interval).await;
            }
        }))
    }
}

impl Inner {
    /// Returns a service, which is made at its first use; `None` when there is no room for it.
    pub(super) fn watch(&self, name: &str) -> Option<Arc<Watched>> {
        {
            let services = self.services.read();
            if let Some(watched) = services.get(name) {
                return Some(Arc::clone(watched));
            }
            // Events of those without a place must not lock out the others.
            if services.len() >= self.config.capacity {
                return None;
            }
        }
        let now = self.clock.now();
        let mut services = self.services.write();
        if let Some(watched) = services.get(name) {
            return Some(Arc::clone(watched));
        }
        if services.len() >= self.config.capacity {
            return None;
        }
        let name: Arc<str> = Arc::from(name);
        let watched = Arc::new(Watched {
            name: Arc::clone(&name),
            service: Mutex::new(Service::new(now)),
            check: RwLock::new(None),
        });
        services.insert(name, Arc::clone(&watched));
        Some(watched)
    }

    /// Takes in what was learnt, and tells who wants to know.
    pub(super) fn learn(&self, watched: &Watched, fact: Fact) {
        let now = self.clock.now();
        let changed = {
            let mut service = watched.service.lock();
            let before = service.told().0;
            service.learn(fact, &self.config, now);
            self.note(watched, before, &service)
        };
        if changed {
            self.hooks.run();
        }
    }

    /// Lets time pass and returns the state. Whoever calls it runs the hooks.
    fn look(&self, watched: &Watched, now: Instant) -> ServiceHealth {
        let mut service = watched.service.lock();
        let before = service.told().0;
        service.advance(&self.config, now);
        self.note(watched, before, &service);
        watched.state(&service)
    }

    /// Puts a change in line while the service is locked, so that its changes keep their order.
    fn note(&self, watched: &Watched, from: HealthStatus, service: &Service) -> bool {
        let changed = service.told().0 != from;
        if changed {
            let to = watched.state(service);
            self.hooks.push(HealthChange { from, to });
        }
        changed
    }

    fn all(&self) -> Vec<Arc<Watched>> {
        self.services.read().values().cloned().collect()
    }
}

impl Watched {
    fn state(&self, service: &Service) -> ServiceHealth {
        let (status, why, since) = service.told();
        ServiceHealth {
            service: Arc::clone(&self.name),
            status,
            since,
            why,
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("config", &self.config)
            .field("services", &self.services.read().len())
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}
