//! How long to wait between two attempts.
//!
//! Exponential growth spreads retries over time, jitter spreads callers over that time. Full
//! jitter is the default: it has the lowest load on the server for the same number of attempts.
//! Do not use [`Jitter::None`] where more than one process calls the same service; its callers
//! come back in step.

use std::time::Duration;

use crate::rng::Rng;

/// How much of a delay is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Anywhere between nothing and the whole delay.
    #[default]
    Full,
    /// The first half always, the second half by chance.
    Equal,
    /// The whole delay.
    None,
}

/// Grows the delay with each failed attempt: `base`, twice `base`, four times, up to `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: Jitter,
}

impl Backoff {
    /// Doubles from `base` up to `cap`, with full jitter. A `cap` below `base` lowers `base`.
    #[must_use]
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            jitter: Jitter::Full,
        }
    }

    /// Sets how much of the delay is left to chance. Default: [`Jitter::Full`].
    #[must_use]
    pub const fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Returns how long to wait after failure number `attempt`, counted from 1 (0 counts as 1).
    ///
    /// The result is never above the cap, whatever the number.
    #[must_use]
    pub fn delay(&self, attempt: u32, rng: &dyn Rng) -> Duration {
        let full = self.ceiling(attempt);
        match self.jitter {
            Jitter::None => full,
            Jitter::Full => full.mul_f64(rng.fraction()),
            Jitter::Equal => full / 2 + (full / 2).mul_f64(rng.fraction()),
        }
    }

    /// Returns the longest delay that [`delay`](Self::delay) can give for this attempt.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// Returns the delay before jitter after the first failure.
    #[must_use]
    pub const fn base(&self) -> Duration {
        self.base
    }

    /// Returns the longest delay.
    #[must_use]
    pub const fn cap(&self) -> Duration {
        self.cap
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Backoff, Duration, Jitter};
    use crate::rng::SeededRng;

    fn backoff(base: u64, cap: u64) -> Backoff {
        Backoff::exponential(Duration::from_millis(base), Duration::from_millis(cap))
    }

    #[test]
    fn it_doubles_up_to_the_cap() {
        let backoff = backoff(100, 1_000).with_jitter(Jitter::None);
        let delays: Vec<_> = (0..6)
            .map(|n| backoff.delay(n, &SeededRng::new(1)).as_millis())
            .collect();
        assert_eq!(delays, [100, 100, 200, 400, 800, 1_000]);
        assert_eq!(backoff.delay(u32::MAX, &SeededRng::new(1)), backoff.cap());
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let rng = SeededRng::new(seed);
            (1..20)
                .map(|n| backoff(100, 10_000).delay(n, &rng))
                .collect::<Vec<_>>()
        };
        assert_eq!(delays(7), delays(7));
        assert_ne!(delays(7), delays(8));
    }

    proptest! {
        #[test]
        fn every_delay_is_within_its_jitter(
            base in 0..100_000_u64,
            cap in 0..10_000_000_u64,
            attempt in 0..100_u32,
            seed in any::<u64>(),
        ) {
            // Doubling by hand, stopping at the cap.
            let mut full = base.min(cap);
            for _ in 1..attempt {
                full = (full * 2).min(cap);
            }
            let full = Duration::from_millis(full);
            let delay = |jitter| backoff(base, cap).with_jitter(jitter).delay(attempt, &SeededRng::new(seed));
            prop_assert_eq!(delay(Jitter::None), full);
            prop_assert!(delay(Jitter::Full) <= full);
            prop_assert!(delay(Jitter::Equal) <= full && delay(Jitter::Equal) >= full / 2);
        }
    }
}
