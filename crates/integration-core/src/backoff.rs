//! How long to wait between two attempts.
//!
//! Exponential growth spreads retries over time, jitter spreads callers over that time. Full
//! jitter is the default: it has the lowest load on the server for the same number of attempts.
//! Do not use [`Jitter::None`] where more than one process calls the same service; its callers
//! come back in step.

use std::time::Duration;

use crate::rng::Rng;

/// By how much a decorrelated delay may exceed the one before.
const TRIPLE: u32 = 3;

/// How much of a delay is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Anywhere between nothing and the whole delay.
    #[default]
    Full,
    /// The first half always, the second half by chance.
    Equal,
    /// Between the base and three times the delay before: grows by chance, not by attempt.
    ///
    /// Spreads callers that failed together the widest, and remembers a long delay. Needs to be
    /// told the delay before.
    Decorrelated,
    /// The whole delay.
    None,
}

/// Grows the delay with each failed attempt: `base`, twice `base`, four times, up to `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) jitter: Jitter,
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
    /// `previous` is what this returned for the failure before, zero for the first; only
    /// [`Jitter::Decorrelated`] looks at it. The result is never above the cap, whatever the number.
    #[must_use]
    pub fn delay(&self, attempt: u32, previous: Duration, rng: &dyn Rng) -> Duration {
        let full = self.ceiling(attempt);
        match self.jitter {
            Jitter::None => full,
            Jitter::Full => full.mul_f64(rng.fraction()),
            Jitter::Equal => full / 2 + (full / 2).mul_f64(rng.fraction()),
            Jitter::Decorrelated => {
                let least = self.base.min(self.cap);
                let most = previous.clamp(least, self.cap).saturating_mul(TRIPLE);
                let span = (most - least).mul_f64(rng.fraction());
                least.saturating_add(span).min(self.cap)
            }
        }
    }

    /// Returns the longest delay that [`delay`](Self::delay) can give for this attempt.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let attempt = attempt.max(1);
        let factor = match self.jitter {
            Jitter::Decorrelated => TRIPLE.checked_pow(attempt),
            _ => 1_u32.checked_shl(attempt - 1),
        };
        self.base
            .saturating_mul(factor.unwrap_or(u32::MAX))
            .min(self.cap)
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
            .map(|n| {
                backoff
                    .delay(n, Duration::ZERO, &SeededRng::new(1))
                    .as_millis()
            })
            .collect();
        assert_eq!(delays, [100, 100, 200, 400, 800, 1_000]);
        assert_eq!(
            backoff.delay(u32::MAX, Duration::ZERO, &SeededRng::new(1)),
            backoff.cap()
        );
    }

    fn chain(backoff: Backoff, failures: u32, seed: u64) -> Vec<Duration> {
        let rng = SeededRng::new(seed);
        let mut previous = Duration::ZERO;
        let delays = (1..=failures).map(|n| {
            previous = backoff.delay(n, previous, &rng);
            previous
        });
        delays.collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let delays = |seed| chain(backoff(100, 10_000).with_jitter(jitter), 20, seed);
            assert_eq!(delays(7), delays(7));
            assert_ne!(delays(7), delays(8));
        }
    }

    #[test]
    fn decorrelated_delays_of_many_callers_fill_the_range_to_the_cap() {
        let backoff = backoff(100, 2_000).with_jitter(Jitter::Decorrelated);
        let tenth: Vec<_> = (0..1_000).map(|seed| chain(backoff, 10, seed)[9]).collect();
        assert!(tenth.iter().any(|delay| *delay < backoff.base() * 2));
        let at_cap = tenth
            .iter()
            .filter(|delay| **delay == backoff.cap())
            .count();
        assert!((100..900).contains(&at_cap), "{at_cap} of 1000 at the cap");
        assert_eq!(backoff.ceiling(1), backoff.base() * 3);
        assert_eq!(backoff.ceiling(2), backoff.base() * 9);
    }

    #[test]
    fn a_cap_below_the_base_lowers_the_base() {
        let backoff = backoff(500, 100).with_jitter(Jitter::Decorrelated);
        assert_eq!(chain(backoff, 3, 1), [backoff.cap(); 3]);
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
            let delay = |jitter| {
                let backoff = backoff(base, cap).with_jitter(jitter);
                backoff.delay(attempt, Duration::ZERO, &SeededRng::new(seed))
            };
            prop_assert_eq!(delay(Jitter::None), full);
            prop_assert!(delay(Jitter::Full) <= full);
            prop_assert!(delay(Jitter::Equal) <= full && delay(Jitter::Equal) >= full / 2);
        }

        #[test]
        fn a_decorrelated_delay_is_between_the_base_and_three_times_the_one_before(
            base in 0..100_000_u64,
            cap in 0..10_000_000_u64,
            failures in 1..40_u32,
            seed in any::<u64>(),
        ) {
            let backoff = backoff(base, cap).with_jitter(Jitter::Decorrelated);
            let (least, most) = (base.min(cap), Duration::from_millis(cap));
            let least = Duration::from_millis(least);
            let mut previous = least;
            for (delay, attempt) in chain(backoff, failures, seed).into_iter().zip(1..) {
                prop_assert!(delay >= least && delay <= (previous * 3).min(most));
                prop_assert!(delay <= backoff.ceiling(attempt));
                previous = delay;
            }
        }

        #[test]
        fn no_delay_before_is_too_long_to_go_on_from(seed in any::<u64>()) {
            let endless = Backoff::exponential(Duration::from_millis(1), Duration::MAX)
                .with_jitter(Jitter::Decorrelated);
            let delay = endless.delay(1, Duration::MAX, &SeededRng::new(seed));
            prop_assert!(delay >= endless.base());
        }
    }
}
