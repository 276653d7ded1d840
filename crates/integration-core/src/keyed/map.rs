//! The bounded map.

use std::{
    collections::HashMap,
    fmt,
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use foldhash::fast::RandomState;
use parking_lot::RwLock;
use tokio::time::Instant;

use super::{
    KeyedConfig,
    front::{Found, Front},
};
use crate::error::Result;

/// Holds one value per key. See the [module](super).
pub struct Keyed<T> {
    config: KeyedConfig,
    origin: Instant,
    /// Seeded at random, so that nobody can choose keys that all meet in one place.
    hasher: RandomState,
    front: Front<T>,
    map: RwLock<Map<T>>,
}

struct Map<T> {
    entries: HashMap<Arc<str>, Entry<T>, RandomState>,
    /// Shared by the keys that found no room.
    overflow: Option<Arc<T>>,
    /// When looking for idle keys is worth while again, in milliseconds after the origin.
    sweep_at: u64,
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
        let hasher = RandomState::default();
        let map = Map {
            entries: HashMap::with_hasher(hasher.clone()),
            overflow: None,
            sweep_at: 0,
        };
        Self {
            front: Front::new(config.capacity),
            config,
            origin: now,
            hasher,
            map: RwLock::new(map),
        }
    }

    /// Returns the value of `key`, made by `create` at its first use.
    #[inline]
    pub fn get(&self, key: &str, now: Instant, create: impl FnOnce() -> T) -> Arc<T> {
        let hash = self.hasher.hash_one(key);
        match self.front.find(hash, key) {
            Found::Here(value) => Arc::clone(value),
            Found::Elsewhere => self.find(hash, key, now, create),
            Found::Nowhere => self.insert(hash, key, self.millis(now), create),
        }
    }

    /// Lends the value of `key`, made by `create` at its first use.
    ///
    /// Faster than [`get`](Self::get) for the keys that came first, as nothing is counted for
    /// them. No lock is held while `use_it` runs.
    #[inline]
    pub fn with<R>(
        &self,
        key: &str,
        now: Instant,
        create: impl FnOnce() -> T,
        use_it: impl FnOnce(&T) -> R,
    ) -> R {
        let hash = self.hasher.hash_one(key);
        match self.front.find(hash, key) {
            Found::Here(value) => use_it(value),
            Found::Elsewhere => use_it(&self.find(hash, key, now, create)),
            Found::Nowhere => use_it(&self.insert(hash, key, self.millis(now), create)),
        }
    }

    /// Returns how many keys are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.front.len() + self.map.read().entries.len()
    }

    /// Tells whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks behind the lock, where the keys are that came later.
    fn find(&self, hash: u64, key: &str, now: Instant, create: impl FnOnce() -> T) -> Arc<T> {
        let at = self.millis(now);
        let map = self.map.read();
        if let Some(entry) = map.entries.get(key) {
            // Read first: most uses fall into the same millisecond, and a write would be contended.
            if entry.used_at.load(Ordering::Relaxed) < at {
                entry.used_at.store(at, Ordering::Relaxed);
            }
            return Arc::clone(&entry.value);
        }
        // A full map is not locked for each of the keys that share one value.
        if let Some(shared) = &map.overflow
            && map.entries.len() >= self.room()
            && at < map.sweep_at
        {
            return Arc::clone(shared);
        }
        drop(map);
        self.insert(hash, key, at, create)
    }

    /// The slow path: a new key also pays for forgetting old ones.
    fn insert(&self, hash: u64, key: &str, at: u64, create: impl FnOnce() -> T) -> Arc<T> {
        let mut map = self.map.write();
        if let Found::Here(value) = self.front.find(hash, key) {
            return Arc::clone(value);
        }
        if let Some(entry) = map.entries.get(key) {
            return Arc::clone(&entry.value);
        }
        let is_nowhere = matches!(self.front.find(hash, key), Found::Nowhere);
        if !is_nowhere && map.entries.len() >= self.room() && at >= map.sweep_at {
            let idle = u64::try_from(self.config.idle.as_millis()).unwrap_or(u64::MAX);
            map.make_room(at.saturating_sub(idle));
            // Looking through all keys for each new one would make a full map slow.
            map.sweep_at = at.saturating_add(idle / 16);
        }
        if !is_nowhere && map.entries.len() >= self.room() {
            return Arc::clone(map.overflow.get_or_insert_with(|| Arc::new(create())));
        }
        let value = Arc::new(create());
        self.put(&mut map, key, &value, at);
        value
    }

    /// Gives a new key a place, in front if one is free there, unless there is no room at all.
    fn put(&self, map: &mut Map<T>, key: &str, value: &Arc<T>, at: u64) {
        let hash = self.hasher.hash_one(key);
        if self.front.insert(hash, key, value) || map.entries.len() >= self.room() {
            return;
        }
        let entry = Entry {
            value: Arc::clone(value),
            used_at: AtomicU64::new(at),
        };
        map.entries.insert(Arc::from(key), entry);
    }

    /// Makes a map of another size, in which each key has what `make` makes of its present value.
    ///
    /// Keys that find no room in it are forgotten.
    pub(crate) fn carried(
        &self,
        config: KeyedConfig,
        now: Instant,
        make: impl Fn(&T) -> T,
    ) -> Self {
        let carried = Self::from_valid(config, self.origin);
        let at = self.millis(now);
        let (from, mut to) = (self.map.read(), carried.map.write());
        for (key, value) in self.front.iter() {
            carried.put(&mut to, key, &Arc::new(make(value)), at);
        }
        for (key, entry) in &from.entries {
            let used_at = entry.used_at.load(Ordering::Relaxed);
            carried.put(&mut to, key, &Arc::new(make(&entry.value)), used_at);
        }
        to.overflow = from.overflow.as_deref().map(|value| Arc::new(make(value)));
        drop(to);
        carried
    }

    /// Returns how many keys fit behind the lock.
    fn room(&self) -> usize {
        self.config.capacity - self.front.places()
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
