//! The latest results, two bits each.

use super::{CallResult, Tally};

/// Results in one word.
const PER_WORD: usize = u64::BITS as usize / 2;

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
