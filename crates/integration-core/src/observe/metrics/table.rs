//! Handles by labels, in a map that cannot grow without end.

use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{Arc, OnceLock},
};

use foldhash::fast::RandomState;
use parking_lot::RwLock;

/// Pairs of operation and key, and keys, that get labels of their own.
pub const MAX_LABEL_SETS: usize = 512;

/// What stands for the pairs that came later.
const OTHER: &str = "other";

/// One `H` for a pair of names.
///
/// Unlike [`Keyed`](crate::keyed::Keyed) it forgets nothing, as the recorder behind it does not.
pub(super) struct Table<H> {
    /// Seeded at random, so that nobody can choose names that all meet in one place.
    hasher: RandomState,
    /// By the hash of both names, so that a search needs no owned pair.
    map: RwLock<Map<H>>,
    /// Not in the map: it is asked for without a lock once that is full.
    other: OnceLock<Arc<H>>,
}

struct Map<H> {
    entries: HashMap<u64, Vec<Entry<H>>, RandomState>,
    len: usize,
}

struct Entry<H> {
    first: Box<str>,
    second: Box<str>,
    handles: Arc<H>,
}

impl<H> Table<H> {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            map: RwLock::new(Map {
                entries: HashMap::default(),
                len: 0,
            }),
            other: OnceLock::new(),
        }
    }

    /// Returns the handles of a pair, made by `create` at its first use.
    pub(super) fn get(
        &self,
        first: &str,
        second: &str,
        create: impl Fn(&str, &str) -> H,
    ) -> Arc<H> {
        let hash = self.hasher.hash_one((first, second));
        let map = self.map.read();
        if let Some(found) = map.find(hash, first, second) {
            return found;
        }
        let is_full = map.len >= MAX_LABEL_SETS;
        drop(map);
        if is_full {
            return Arc::clone(self.other.get_or_init(|| Arc::new(create(OTHER, OTHER))));
        }
        // Outside the lock: it runs code of the recorder. Two at once get equal handles.
        let handles = Arc::new(create(first, second));
        let mut map = self.map.write();
        if let Some(found) = map.find(hash, first, second) {
            return found;
        }
        if map.len >= MAX_LABEL_SETS {
            drop(map);
            return self.get(first, second, create);
        }
        map.len += 1;
        map.entries.entry(hash).or_default().push(Entry {
            first: Box::from(first),
            second: Box::from(second),
            handles: Arc::clone(&handles),
        });
        handles
    }

    pub(super) fn len(&self) -> usize {
        self.map.read().len
    }
}

impl<H> Map<H> {
    fn find(&self, hash: u64, first: &str, second: &str) -> Option<Arc<H>> {
        let entries = self.entries.get(&hash)?;
        let entry = entries
            .iter()
            .find(|entry| &*entry.first == first && &*entry.second == second)?;
        Some(Arc::clone(&entry.handles))
    }
}
