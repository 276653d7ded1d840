//! The places of the first keys, which are found without a lock.

use std::sync::{Arc, OnceLock};

/// The most places; a power of two.
const MAX_PLACES: usize = 128;

/// Places that are looked at for one key.
const PROBES: usize = 4;

/// Places that are taken once and never given away, so that reading them needs no lock.
pub(super) struct Front<T>(Box<[OnceLock<Held<T>>]>);

struct Held<T> {
    hash: u64,
    key: Box<str>,
    value: Arc<T>,
}

/// What the places know of a key.
pub(super) enum Found<'a, T> {
    Here(&'a Arc<T>),
    /// All places of the key are taken by others: it may be elsewhere.
    Elsewhere,
    /// A place is free, so that the key is nowhere: no place is ever given up.
    Nowhere,
}

impl<T> Front<T> {
    /// Takes an eighth of the capacity, as a power of two; none of a capacity below 8.
    pub(super) fn new(capacity: usize) -> Self {
        let places = match (capacity / 8).min(MAX_PLACES) {
            0 => 0,
            eighth => 1 << eighth.ilog2(),
        };
        Self((0..places).map(|_| OnceLock::new()).collect())
    }

    /// Returns how many keys fit.
    pub(super) fn places(&self) -> usize {
        self.0.len()
    }

    /// Returns how many keys are held.
    pub(super) fn len(&self) -> usize {
        self.0.iter().filter(|place| place.get().is_some()).count()
    }

    /// Returns each key with its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Arc<T>)> {
        let held = self.0.iter().filter_map(OnceLock::get);
        held.map(|held| (&*held.key, &held.value))
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, key: &str) -> Found<'_, T> {
        for place in self.places_of(hash) {
            match place.get() {
                Some(held) if held.is(hash, key) => return Found::Here(&held.value),
                Some(_) => {}
                None => return Found::Nowhere,
            }
        }
        Found::Elsewhere
    }

    /// Gives the value of the key a place, if one is free. Only one caller at a time may insert.
    pub(super) fn insert(&self, hash: u64, key: &str, value: &Arc<T>) -> bool {
        self.places_of(hash).any(|place| {
            let held = Held {
                hash,
                key: Box::from(key),
                value: Arc::clone(value),
            };
            place.set(held).is_ok()
        })
    }

    #[inline]
    fn places_of(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Held<T>>> {
        let mask = self.0.len().wrapping_sub(1);
        let first = usize::try_from(hash >> 32).unwrap_or_default();
        (0..PROBES.min(self.0.len())).filter_map(move |step| self.0.get((first + step) & mask))
    }
}

impl<T> Held<T> {
    #[inline]
    fn is(&self, hash: u64, key: &str) -> bool {
        self.hash == hash && *self.key == *key
    }
}
