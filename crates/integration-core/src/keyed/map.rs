//! The bounded map.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;
use tokio::time::Instant;

use crate::{config::invalid, error::Result};

/// Configures a [`Keyed`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedConfig {
    /// Keys held at once, 1 to 1,000,000. Default: 1,024.
    pub capacity: usize,
    /// How long a key is held after its last use. Default: 10 min.
    ///
    /// Longer than the longest pause that matters: a forgotten key has no pause and no open circuit.
    pub idle: Duration,
}

impl KeyedConfig {
    /// Sets how many keys are held at once.
    #[must_use]
    pub const fn with_capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// Sets how long a key is held after its last use.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.capacity == 0 || self.capacity > 1_000_000 {
            return Err(invalid("keys.capacity", "must be 1 to 1000000"));
        }
        if self.idle.is_zero() {
            return Err(invalid("keys.idle", "must be above 0"));
        }
        Ok(self)
    }
}

impl Default for KeyedConfig {
    fn default() -> Self {
        Self {
            capacity: 1_024,
            idle: Duration::from_secs(600),
        }
    }
}

/// Holds one value per key. See the [module](super).
pub struct Keyed<T> {
    config: KeyedConfig,
    origin: Instant,
    map: RwLock<Map<T>>,
}

struct Map<T> {
    entries: HashMap<Arc<str>, Entry<T>>,
    /// Shared by the keys that found no room.
    overflow: Option<Arc<T>>,
}

struct Entry<T> {
    value: Arc<T>,
    /// Milliseconds after `origin`.
    used_at: AtomicU64,
}

impl<T> Keyed<T> {
    /// Creates an empty map.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: KeyedConfig, now: Instant) -> Result<Self> {
        Ok(Self::from_valid(config.validate()?, now))
    }

    /// Creates an empty map from a configuration that has been validated.
    pub(crate) fn from_valid(config: KeyedConfig, now: Instant) -> Self {
        let map = Map {
            entries: HashMap::new(),
            overflow: None,
        };
        Self {
            config,
            origin: now,
            map: RwLock::new(map),
        }
    }

    /// Returns the value of `key`, made by `create` at its first use.
    pub fn get(&self, key: &str, now: Instant, create: impl FnOnce() -> T) -> Arc<T> {
        let at = self.millis(now);
        if let Some(entry) = self.map.read().entries.get(key) {
            // Read first: most uses fall into the same millisecond, and a write would be contended.
            if entry.used_at.load(Ordering::Relaxed) < at {
                entry.used_at.store(at, Ordering::Relaxed);
            }
            return Arc::clone(&entry.value);
        }
        self.insert(key, at, create)
    }

    /// Returns how many keys are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.read().entries.len()
    }

    /// Tells whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slow path of [`get`](Self::get): a new key also pays for forgetting old ones.
    fn insert(&self, key: &str, at: u64, create: impl FnOnce() -> T) -> Arc<T> {
        let mut map = self.map.write();
        if let Some(entry) = map.entries.get(key) {
            return Arc::clone(&entry.value);
        }
        if map.entries.len() >= self.config.capacity {
            let idle = u64::try_from(self.config.idle.as_millis()).unwrap_or(u64::MAX);
            map.make_room(at.saturating_sub(idle));
        }
        if map.entries.len() >= self.config.capacity {
            return Arc::clone(map.overflow.get_or_insert_with(|| Arc::new(create())));
        }
        let value = Arc::new(create());
        let entry = Entry {
            value: Arc::clone(&value),
            used_at: AtomicU64::new(at),
        };
        map.entries.insert(Arc::from(key), entry);
        value
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}

impl<T> Map<T> {
    /// Forgets the keys that no call uses and whose last use was before `idle_since`.
    fn make_room(&mut self, idle_since: u64) {
        self.entries.retain(|_, entry| {
            Arc::strong_count(&entry.value) > 1
                || entry.used_at.load(Ordering::Relaxed) >= idle_since
        });
    }
}

impl<T> fmt::Debug for Keyed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
