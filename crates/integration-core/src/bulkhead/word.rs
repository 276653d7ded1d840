//! All that the fast path looks at, in one word, so that one comparison sees all of it.

/// The most places that a bulkhead can have: far below the 31 bits in which they are counted.
pub(super) const MAX_PLACES: u32 = 1_000_000_000;

/// Set and cleared under the lock only, while someone waits. Then nobody who comes is let in, so
/// that nobody overtakes the queue.
const QUEUED: u64 = 1 << 31;
const IN_FLIGHT: u64 = QUEUED - 1;

/// From the lowest bit: places taken (31 bits), whether someone waits, places there are (32 bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    /// All but the mark that someone waits.
    pub(super) const UNQUEUED: u64 = !QUEUED;

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

    /// The caller has seen that there is room.
    pub(super) const fn taken(self) -> Self {
        Self(self.0 + 1)
    }

    pub(super) const fn queued(self) -> Self {
        Self(self.0 | QUEUED)
    }

    pub(super) const fn unqueued(self) -> Self {
        Self(self.0 & Self::UNQUEUED)
    }

    pub(super) const fn with_max(self, max: u32) -> Self {
        let max = if max > MAX_PLACES { MAX_PLACES } else { max };
        Self((self.0 & (IN_FLIGHT | QUEUED)) | ((max as u64) << 32))
    }
}
