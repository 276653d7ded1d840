//! The results of the latest time, in buckets.

use std::time::Duration;

use tokio::time::Instant;

use super::{CallResult, Tally};

/// The steps in which a window slides.
const STEPS: u32 = 32;

/// One for each step.
const BUCKETS: usize = STEPS as usize;

/// A ring of buckets of equal length that knows at any time what they hold together.
///
/// Whatever was counted and however long ago, a result touches one bucket; when time went on, the
/// buckets it passed are emptied, which are at most all of them.
#[derive(Debug)]
pub(in crate::circuit_breaker) struct TimeWindow {
    ring: Box<[Bucket; BUCKETS]>,
    /// The bucket of the latest time.
    newest: usize,
    /// When the newest bucket ends; `None` before the first result, which begins the first bucket.
    /// It never moves back: a result with an older time counts into the newest bucket.
    end: Option<Instant>,
    /// Of one bucket.
    length: Duration,
    /// Of all buckets.
    tally: Tally,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    results: u32,
    failures: u32,
    slow: u32,
}

impl TimeWindow {
    pub(super) fn new(length: Duration) -> Self {
        Self {
            ring: Box::default(),
            newest: 0,
            end: None,
            length: (length / STEPS).max(Duration::from_nanos(1)),
            tally: Tally::default(),
        }
    }

    /// Takes in one result and forgets those that are too old at `now`.
    #[inline]
    pub(super) fn push(&mut self, result: CallResult, now: Instant) -> Tally {
        match self.end {
            Some(end) if now < end => {}
            end => self.advance(end, now),
        }
        let bucket = &mut self.ring[self.newest];
        // A full bucket keeps its rate: four billion results are enough to know it.
        if bucket.results < u32::MAX {
            bucket.results += 1;
            bucket.failures += u32::from(result.failed);
            bucket.slow += u32::from(result.slow);
            self.tally.add(result);
        }
        self.tally
    }

    /// Takes in good results of the newest bucket.
    pub(super) fn push_good(&mut self, results: u64) {
        let bucket = &mut self.ring[self.newest];
        let room = u32::MAX - bucket.results;
        let added = u32::try_from(results).map_or(room, |results| results.min(room));
        bucket.results += added;
        self.tally.results += u64::from(added);
    }

    /// Returns when the newest bucket ends.
    pub(super) fn end(&self) -> Option<Instant> {
        self.end
    }

    pub(super) fn clear(&mut self) {
        self.ring.fill(Bucket::default());
        self.end = None;
        self.tally = Tally::default();
    }

    /// Counts the buckets that are not too old at `now`.
    pub(super) fn tally(&self, now: Instant) -> Tally {
        let Some(end) = self.end.filter(|end| now >= *end) else {
            return self.tally;
        };
        let mut tally = Tally::default();
        let kept = BUCKETS - self.steps(end, now);
        for age in 0..kept {
            let bucket = self.ring[(self.newest + BUCKETS - age) % BUCKETS];
            tally.results += u64::from(bucket.results);
            tally.failures += u64::from(bucket.failures);
            tally.slow += u64::from(bucket.slow);
        }
        tally
    }

    /// Puts everything into the bucket of `now`.
    pub(super) fn fill(&mut self, tally: Tally, now: Instant) {
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let bucket = Bucket {
            results: count(tally.results),
            failures: count(tally.failures),
            slow: count(tally.slow),
        };
        self.clear();
        self.ring[self.newest] = bucket;
        self.end = Some(now + self.length);
        self.tally = Tally {
            results: bucket.results.into(),
            failures: bucket.failures.into(),
            slow: bucket.slow.into(),
        };
    }

    /// Makes the bucket of `now` the newest and empties those that time has passed.
    #[cold]
    fn advance(&mut self, end: Option<Instant>, now: Instant) {
        let Some(end) = end else {
            self.end = Some(now + self.length);
            return;
        };
        for _ in 0..self.steps(end, now) {
            self.newest = (self.newest + 1) % BUCKETS;
            let old = std::mem::take(&mut self.ring[self.newest]);
            self.tally.results -= u64::from(old.results);
            self.tally.failures -= u64::from(old.failures);
            self.tally.slow -= u64::from(old.slow);
        }
        let past = now.saturating_duration_since(end).as_nanos() % self.length.as_nanos();
        let past = u64::try_from(past).map_or(Duration::ZERO, Duration::from_nanos);
        self.end = Some(now + self.length.saturating_sub(past));
    }

    /// Returns how many buckets later `now` is than the newest, which ended at `end`; at most all.
    fn steps(&self, end: Instant, now: Instant) -> usize {
        let past = now.saturating_duration_since(end).as_nanos() / self.length.as_nanos();
        usize::try_from(past)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
            .min(BUCKETS)
    }
}
