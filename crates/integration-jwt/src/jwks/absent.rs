//! Key ids that were looked for and are not there.
//!
//! One client with a token of a key that is gone would ask for fresh keys for ever. Its key id is
//! looked for again after [`FIRST`], then after twice as long, up to [`LONGEST`].

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use crate::limits::MAX_ABSENT;

/// Short enough that a key which is published just after its first use is seen within 5 s.
const FIRST: Duration = Duration::from_secs(4);

const LONGEST: Duration = Duration::from_secs(60);

/// Holds hashes, so that its size does not depend on what tokens say.
#[derive(Debug, Default)]
pub(super) struct Absent {
    seed: RandomState,
    entries: HashMap<u64, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    until: Instant,
    wait: Duration,
}

impl Absent {
    /// Whether the key id was looked for so recently that it is not worth a fetch.
    pub(super) fn is_known(&self, kid: &str, now: Instant) -> bool {
        let entry = self.entries.get(&self.seed.hash_one(kid));
        entry.is_some_and(|entry| now < entry.until)
    }

    /// Keys were fetched, and the key id was not among them.
    pub(super) fn note(&mut self, kid: &str, now: Instant) {
        let hash = self.seed.hash_one(kid);
        if self.entries.len() >= MAX_ABSENT {
            self.entries.retain(|_, entry| now < entry.until + LONGEST);
        }
        // Of a flood that fills the map the rest is bounded by the pace of fetches alone.
        if self.entries.len() >= MAX_ABSENT && !self.entries.contains_key(&hash) {
            return;
        }
        let before = self.entries.get(&hash).map(|entry| entry.wait);
        let wait = before.map_or(FIRST, |wait| (wait * 2).min(LONGEST));
        let until = now + wait;
        self.entries.insert(hash, Entry { until, wait });
    }
}

#[cfg(test)]
mod tests {
    use integration_core::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn an_absent_key_is_looked_for_after_4_8_16_32_and_then_60_seconds() {
        let (mut absent, mut now) = (Absent::default(), SystemClock.now());
        for seconds in [4, 8, 16, 32, 60, 60] {
            absent.note("gone", now);
            now += Duration::from_secs(seconds);
            assert!(absent.is_known("gone", now - Duration::from_millis(1)));
            assert!(!absent.is_known("gone", now));
        }
    }

    #[test]
    fn a_flood_of_key_ids_does_not_grow_the_memory() {
        let (mut absent, now) = (Absent::default(), SystemClock.now());
        for n in 0..3 * MAX_ABSENT {
            absent.note(&n.to_string(), now);
        }
        assert_eq!(absent.entries.len(), MAX_ABSENT);
        absent.note("later", now + 3 * LONGEST);
        assert_eq!(absent.entries.len(), 1);
    }
}
