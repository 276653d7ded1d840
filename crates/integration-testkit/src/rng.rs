//! Chance that a test sets.

use integration_core::Rng;

/// Draws the same number every time: 0 for the shortest jitter, just below 1 for the longest.
#[derive(Clone, Copy, Debug)]
pub struct FixedRng(
    /// The number, at least 0 and below 1.
    pub f64,
);

impl Rng for FixedRng {
    fn fraction(&self) -> f64 {
        self.0
    }
}
