//! The latest results, two bits each.

use super::{CallResult, Tally};

/// Results in one word.
const PER_WORD: usize = u64::BITS as usize / 2;

/// The bits of a word that say that a result failed; the others say that it was slow.
const FAILED: u64 = u64::MAX / 3;

/// A ring of the latest `size` results that knows at any time how many of them were bad.
#[derive(Debug)]
pub(in crate::circuit_breaker) struct CountWindow {
    /// The lower bit of each pair says that it failed, the upper that it was slow.
    words: Box<[u64]>,
    size: usize,
    /// Where the next result goes; once the ring is full, also where the oldest stands.
    next: usize,
    /// Of the results in the ring, at most `size`.
    tally: Tally,
}

impl CountWindow {
    pub(super) fn new(size: u16) -> Self {
        let size = usize::from(size.max(1));
        let words = vec![0; size.div_ceil(PER_WORD)].into_boxed_slice();
        Self {
            words,
            size,
            next: 0,
            tally: Tally::default(),
        }
    }

    /// Takes in one result and forgets the oldest if the ring is full.
    #[inline]
    pub(super) fn push(&mut self, result: CallResult) -> Tally {
        let shift = self.next % PER_WORD * 2;
        let word = &mut self.words[self.next / PER_WORD];
        if self.tally.results == self.size as u64 {
            let oldest = *word >> shift;
            self.tally.results -= 1;
            self.tally.failures -= oldest & 1;
            self.tally.slow -= oldest >> 1 & 1;
        }
        let bits = u64::from(result.failed) | u64::from(result.slow) << 1;
        *word = *word & !(3 << shift) | bits << shift;
        self.next += 1;
        if self.next == self.size {
            self.next = 0;
        }
        self.tally.add(result);
        self.tally
    }

    /// Takes in good results, a word of them at a time.
    pub(super) fn push_good(&mut self, results: u64) {
        let size = self.size as u64;
        // More than fit leave the same behind as those that fit.
        let mut left = usize::try_from(results).map_or(self.size, |all| all.min(self.size));
        while left > 0 {
            let at = self.next % PER_WORD;
            let span = left.min(PER_WORD - at).min(self.size - self.next);
            let mask = u64::MAX >> (u64::BITS as usize - 2 * span) << (2 * at);
            let word = &mut self.words[self.next / PER_WORD];
            if self.tally.results == size {
                let oldest = *word & mask;
                self.tally.failures -= u64::from((oldest & FAILED).count_ones());
                self.tally.slow -= u64::from((oldest & !FAILED).count_ones());
            } else {
                self.tally.results += span as u64;
            }
            *word &= !mask;
            self.next += span;
            if self.next == self.size {
                self.next = 0;
            }
            left -= span;
        }
    }

    pub(super) fn clear(&mut self) {
        // The bits may stay: a place is not looked at before it is written again.
        self.next = 0;
        self.tally = Tally::default();
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Spreads bad results evenly, as the order in which they came is not known.
    pub(super) fn fill(&mut self, tally: Tally) {
        let all = u128::from(tally.results.max(1));
        let size = self.size as u64;
        // Of more results than fit, the shares are kept.
        let results = tally.results.min(size);
        let scaled = |part: u64| u128::from(part) * u128::from(results) / all;
        let (failures, slow) = (scaled(tally.failures), scaled(tally.slow));
        let due = |part: u128, i: u128| part * i / u128::from(results.max(1));
        for i in 0..u128::from(results) {
            self.push(CallResult {
                failed: due(failures, i + 1) > due(failures, i),
                slow: due(slow, i + 1) > due(slow, i),
            });
        }
    }
}
