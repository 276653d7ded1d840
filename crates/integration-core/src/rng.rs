//! Chance as a dependency: jitter is drawn through [`Rng`], so that tests can repeat it.

use parking_lot::Mutex;

/// Draws the numbers that jitter is made of. Not for keys, tokens or anything secret.
pub trait Rng: Send + Sync {
    /// Returns a number that is at least 0 and below 1.
    fn fraction(&self) -> f64;
}

/// Draws from a fast generator of the current thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct FastRng;

impl Rng for FastRng {
    fn fraction(&self) -> f64 {
        fastrand::f64()
    }
}

/// Draws the same numbers for the same seed.
#[derive(Debug)]
pub struct SeededRng(Mutex<fastrand::Rng>);

impl SeededRng {
    /// Starts the sequence that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Rng for SeededRng {
    fn fraction(&self) -> f64 {
        self.0.lock().f64()
    }
}
