//! Counts latencies in buckets that grow with the latency, so that the error is a share of it.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Each doubling of the latency is divided into 16 buckets: an error of at most a sixteenth.
const STEPS_BITS: u32 = 4;
const STEPS: u32 = 1 << STEPS_BITS;

/// Longer latencies, 134 s and more, share the last bucket.
const LONGEST_BITS: u32 = 27;
const BUCKETS: usize = ((LONGEST_BITS - STEPS_BITS + 1) << STEPS_BITS) as usize;

/// The longest latency that is told from longer ones, rounded down.
pub(super) const MEASURED: Duration = Duration::from_secs(120);

/// Counts of latencies in microseconds: 1.5 kB.
pub(super) struct Histogram(Box<[AtomicU32]>);

impl Histogram {
    pub(super) fn new() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU32::new(0)).collect())
    }

    pub(super) fn record(&self, latency: Duration) {
        if let Some(count) = self.0.get(bucket(latency)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn clear(&self) {
        for count in &self.0 {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Adds these counts to a sum of several histograms.
    pub(super) fn add_to(&self, sum: &mut Counts) {
        for (sum, count) in sum.0.iter_mut().zip(&self.0) {
            *sum += u64::from(count.load(Ordering::Relaxed));
        }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = Counts::new();
        self.add_to(&mut counts);
        f.debug_struct("Histogram")
            .field("samples", &counts.samples())
            .finish_non_exhaustive()
    }
}

/// The counts of several histograms together.
pub(super) struct Counts([u64; BUCKETS]);

impl Counts {
    pub(super) const fn new() -> Self {
        Self([0; BUCKETS])
    }

    pub(super) fn samples(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Returns a latency that so many of a hundred samples did not exceed, up to a bucket too long
    /// and never too short; the longest that is measured when there is no sample.
    pub(super) fn percentile(&self, percentile: u8) -> Duration {
        let rank = (self.samples() * u64::from(percentile))
            .div_ceil(100)
            .max(1);
        let mut seen = 0;
        let found = self.0.iter().zip(0..).find(|(count, _)| {
            seen += **count;
            seen >= rank
        });
        found.map_or(MEASURED, |(_, bucket)| longest_of(bucket))
    }
}

/// Rounds up to a microsecond, so that a bucket holds no latency above its longest.
fn bucket(latency: Duration) -> usize {
    let micros = latency
        .as_secs()
        .saturating_mul(1_000_000)
        .saturating_add(u64::from(latency.subsec_nanos().div_ceil(1_000)));
    let micros = micros.min((1 << LONGEST_BITS) - 1);
    // Below the first doubling that has 16 whole numbers, each has its own bucket.
    let doublings = (u64::BITS - (micros | u64::from(STEPS - 1)).leading_zeros()) - STEPS_BITS;
    let step = micros >> doublings.saturating_sub(1);
    let bucket = match doublings {
        0 => micros,
        _ => (u64::from(doublings) << STEPS_BITS) + (step - u64::from(STEPS)),
    };
    usize::try_from(bucket).unwrap_or(BUCKETS - 1)
}

/// Returns the longest latency of a bucket.
fn longest_of(bucket: u32) -> Duration {
    let doublings = bucket >> STEPS_BITS;
    let micros = match doublings {
        0 => u64::from(bucket),
        _ => {
            let step = u64::from(STEPS + (bucket & (STEPS - 1)));
            ((step + 1) << (doublings - 1)) - 1
        }
    };
    Duration::from_micros(micros)
}
