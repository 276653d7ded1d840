//! All that the fast path looks at, in one word, so that one comparison sees all of it.

/// The most places that a bulkhead can have.
pub(super) const MAX_PLACES: u32 = (1 << 31) - 1;

/// Set while someone waits. Then only the holder of the lock changes the word, so that nobody
/// overtakes the queue and every place that comes free goes through it.
const QUEUED: u64 = 1 << 31;
const IN_FLIGHT: u64 = QUEUED - 1;

/// From the lowest bit: places taken (31 bits), whether someone waits, places there are (32 bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    pub(super) const fn new(max: u32) -> Self {
        Self(0).with_max(max)
    }

    pub(super) const fn in_flight(self) -> u64 {
        self.0 & IN_FLIGHT
    }

    pub(super) const fn max(self) -> u64 {
        self.0 >> 32
    }

    pub(super) const fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    /// Whether someone who comes now may run.
    pub(super) const fn is_free(self) -> bool {
        !self.is_queued() && self.in_flight() < self.max()
    }

    /// The caller has seen that there is room: fewer in flight than [`MAX_PLACES`].
    pub(super) const fn taken(self, places: u64) -> Self {
        Self(self.0 + places)
    }

    /// The caller holds a place, so there is one to give back.
    pub(super) const fn freed(self) -> Self {
        Self(self.0 - 1)
    }

    pub(super) const fn queued(self) -> Self {
        Self(self.0 | QUEUED)
    }

    pub(super) const fn unqueued(self) -> Self {
        Self(self.0 & !QUEUED)
    }

    pub(super) const fn with_max(self, max: u32) -> Self {
        let max = if max > MAX_PLACES { MAX_PLACES } else { max };
        Self((self.0 & (IN_FLIGHT | QUEUED)) | ((max as u64) << 32))
    }
}
