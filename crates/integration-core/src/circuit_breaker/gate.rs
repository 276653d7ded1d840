//! What an admission must know, in one word that is read without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// A generation, and how calls pass in it.
///
/// Every change of the circuit or its mode starts a new generation. A result counts only while the
/// gate is still the one its call went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gate(u64);

/// How calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// All of them, and their results count.
    Free,
    /// All of them, and their results do not count.
    Uncounted,
    /// It takes the lock to know.
    Guarded,
}

/// The gate of a breaker, and the good results that wait beside it for the lock.
///
/// They are one word, so that no good result can slip into a generation that is not its own.
#[derive(Debug)]
pub(super) struct AtomicGate(AtomicU64);

/// What became of a good result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// It waits.
    Added,
    /// So many wait that somebody must take them first.
    Full,
    /// The gate is another by now.
    Stale,
}

// From the lowest bit: the way, the good results, the generation.
const WAY_BITS: u32 = 2;
const GOOD_BITS: u32 = 8;
const WAY: u64 = (1 << WAY_BITS) - 1;
const GOOD: u64 = ((1 << GOOD_BITS) - 1) << WAY_BITS;
const ONE_GOOD: u64 = 1 << WAY_BITS;

/// Good results that wait at most; it bounds what taking them costs.
const MAX_GOOD: u64 = 64;

impl Gate {
    pub(super) const fn first(way: Way) -> Self {
        Self(way.code())
    }

    pub(super) const fn way(self) -> Way {
        match self.0 & WAY {
            0 => Way::Free,
            1 => Way::Uncounted,
            _ => Way::Guarded,
        }
    }

    const fn next(self, way: Way) -> Self {
        let generation = (self.0 >> (WAY_BITS + GOOD_BITS)).wrapping_add(1);
        Self(generation << (WAY_BITS + GOOD_BITS) | way.code())
    }
}

impl Way {
    const fn code(self) -> u64 {
        match self {
            Self::Free => 0,
            Self::Uncounted => 1,
            Self::Guarded => 2,
        }
    }
}

impl AtomicGate {
    pub(super) const fn new(way: Way) -> Self {
        Self(AtomicU64::new(Gate::first(way).0))
    }

    #[inline]
    pub(super) fn read(&self) -> Gate {
        Gate(self.0.load(Ordering::Acquire) & !GOOD)
    }

    /// Adds a good result of a call that went through `gate`.
    #[inline]
    pub(super) fn add_good(&self, gate: Gate) -> Waiting {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            if word & !GOOD != gate.0 {
                return Waiting::Stale;
            }
            if word & GOOD >= MAX_GOOD * ONE_GOOD {
                return Waiting::Full;
            }
            let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
            match self
                .0
                .compare_exchange_weak(word, word + ONE_GOOD, success, failure)
            {
                Ok(_) => return Waiting::Added,
                Err(changed) => word = changed,
            }
        }
    }

    /// Takes the good results that wait. The caller holds the lock.
    #[inline]
    pub(super) fn take_good(&self) -> u64 {
        let good = self.0.load(Ordering::Acquire) & GOOD;
        if good != 0 {
            // Nobody else takes any, so that at least these are still there.
            self.0.fetch_sub(good, Ordering::AcqRel);
        }
        good / ONE_GOOD
    }

    /// Starts the next generation and forgets the good results of this one. The caller holds the
    /// lock.
    pub(super) fn advance(&self, way: Way) {
        self.0.store(self.read().next(way).0, Ordering::Release);
    }
}
