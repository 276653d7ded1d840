//! What an admission must know, in one word that is read without a lock.

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

const WAY_BITS: u32 = 2;

impl Gate {
    pub(super) const fn new(way: Way) -> Self {
        Self(way.code())
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the gate of the next generation.
    pub(super) const fn next(self, way: Way) -> Self {
        let generation = (self.0 >> WAY_BITS).wrapping_add(1);
        Self(generation << WAY_BITS | way.code())
    }

    pub(super) const fn way(self) -> Way {
        match self.0 & ((1 << WAY_BITS) - 1) {
            0 => Way::Free,
            1 => Way::Uncounted,
            _ => Way::Guarded,
        }
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
