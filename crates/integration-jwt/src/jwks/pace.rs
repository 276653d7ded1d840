//! When the next fetch may begin: one at a time, never sooner than [`GAP`] after the one before, at
//! most ten in any minute.
//!
//! Nobody who asks is sent away for good: a fetch that may not begin now is set for the first moment
//! at which it may. So the keys are at most [`GAP`] old for the first 16 s of a flood, and at most
//! [`REFILL`] however long it lasts.

use std::time::Duration;

use tokio::time::Instant;

/// Between the beginnings of two fetches.
pub(super) const GAP: Duration = Duration::from_secs(4);

/// For one more fetch, once the burst is used up.
pub(super) const REFILL: Duration = Duration::from_secs(8);

/// Fetches beyond the refill: with it ten in a minute.
const BURST: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the bucket is full again, if nothing is fetched.
    full_at: Option<Instant>,
    last: Option<Instant>,
    pending: Option<Instant>,
}

/// What becomes of a wish for fresh keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The caller starts a fetch that begins then.
    Start(Instant),
    /// A fetch begins then, or has begun.
    Pending(Instant),
}

impl Turn {
    pub(super) fn begins(self) -> Instant {
        match self {
            Self::Start(at) | Self::Pending(at) => at,
        }
    }
}

impl Pace {
    pub(super) fn ask(&mut self, now: Instant) -> Turn {
        if let Some(at) = self.pending {
            return Turn::Pending(at);
        }
        let after_gap = self.last.map(|last| last + GAP);
        let spare = REFILL * (BURST - 1);
        let after_refill = self.full_at.and_then(|full| full.checked_sub(spare));
        let at = [Some(now), after_gap, after_refill];
        let at = at.into_iter().flatten().max().unwrap_or(now);
        self.full_at = Some(self.full_at.map_or(at, |full| full.max(at)) + REFILL);
        self.last = Some(at);
        self.pending = Some(at);
        Turn::Start(at)
    }

    /// The fetch has ended, well or not.
    pub(super) fn done(&mut self) {
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use integration_core::{Clock as _, SystemClock};
    use proptest::prelude::*;

    use super::*;

    /// Asks at each of these times, in milliseconds; returns when fetches began. Each takes 50 ms.
    fn fetches(mut asked: Vec<u64>) -> Vec<Duration> {
        asked.sort_unstable();
        let start = SystemClock.now();
        let mut pace = Pace::default();
        let mut begun: Vec<Duration> = Vec::new();
        for at in asked {
            let now = start + Duration::from_millis(at);
            if begun
                .last()
                .is_some_and(|last| start + *last + Duration::from_millis(50) <= now)
            {
                pace.done();
            }
            if let Turn::Start(at) = pace.ask(now) {
                begun.push(at - start);
            }
        }
        begun
    }

    #[test]
    fn a_flood_causes_ten_fetches_in_the_first_minute_and_never_a_gap_above_eight_seconds() {
        let begun = fetches((0..60_000).step_by(10).collect());
        let seconds: Vec<u64> = begun.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [0, 4, 8, 12, 16, 24, 32, 40, 48, 56, 64]);
    }

    #[test]
    fn a_wish_during_a_fetch_is_part_of_it() {
        let now = SystemClock.now();
        let mut pace = Pace::default();
        assert_eq!(pace.ask(now), Turn::Start(now));
        assert_eq!(pace.ask(now), Turn::Pending(now));
        pace.done();
        assert_eq!(pace.ask(now), Turn::Start(now + GAP));
    }

    proptest! {
        #[test]
        fn whenever_it_is_asked_no_minute_has_more_than_ten_fetches(
            asked in prop::collection::vec(0_u64..400_000, 1..400),
        ) {
            let begun = fetches(asked);
            for first in &begun {
                let end = *first + Duration::from_secs(60);
                let minute = begun.iter().filter(|at| **at >= *first && **at < end);
                prop_assert!(minute.count() <= 10);
            }
        }
    }
}
