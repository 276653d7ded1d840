//! The latest results, one bit each.

const BITS: usize = u64::BITS as usize;

/// A ring of the latest `size` results that knows at any time how many of them failed.
#[derive(Debug)]
pub(super) struct Window {
    bits: Box<[u64]>,
    size: usize,
    /// Results in the ring, at most `size`.
    len: usize,
    /// Where the next result goes; once the ring is full, also where the oldest stands.
    next: usize,
    /// Set bits among the `len` results.
    failures: usize,
}

impl Window {
    pub(super) fn new(size: u16) -> Self {
        let size = usize::from(size.max(1));
        let bits = vec![0; size.div_ceil(BITS)].into_boxed_slice();
        Self {
            bits,
            size,
            len: 0,
            next: 0,
            failures: 0,
        }
    }

    /// Takes in one result and forgets the oldest if the ring is full.
    pub(super) fn push(&mut self, failed: bool) {
        let word = &mut self.bits[self.next / BITS];
        let mask = 1 << (self.next % BITS);
        if self.len < self.size {
            self.len += 1;
        } else if *word & mask != 0 {
            self.failures -= 1;
        }
        if failed {
            *word |= mask;
            self.failures += 1;
        } else {
            *word &= !mask;
        }
        self.next = (self.next + 1) % self.size;
    }

    pub(super) fn clear(&mut self) {
        // The bits may stay: what lies beyond `len` is not looked at before it is overwritten.
        self.len = 0;
        self.next = 0;
        self.failures = 0;
    }

    /// Tells whether at least `percent` of at least `min` results failed.
    pub(super) fn failed(&self, min: u16, percent: u8) -> bool {
        self.len >= usize::from(min) && self.failures * 100 >= self.len * usize::from(percent)
    }
}
