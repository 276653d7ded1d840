//! Medians, extremes, percentiles.

use std::{fmt, time::Duration};

/// Latencies of one run, sorted.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn of(mut each: Vec<Duration>) -> Self {
        each.sort_unstable();
        Self(each)
    }

    /// Returns the latency, in milliseconds, that `percent` of the requests did not exceed.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * percent / 100).min(last);
        self.0
            .get(at)
            .map_or(f64::NAN, |found| found.as_secs_f64() * 1e3)
    }
}

/// One figure over several rounds, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Divides round by round, so that what slowed a whole round down cancels out.
    pub(crate) fn over(&self, other: &Self) -> Self {
        let both = self.0.iter().zip(&other.0);
        Self(both.map(|(one, other)| one / other).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// `median (least..most)`, whole numbers from 100 up.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.sorted();
        let digits = if self.median() < 100.0 { 2 } else { 0 };
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else {
            return f.write_str("-");
        };
        write!(
            f,
            "{:.digits$} ({least:.digits$}..{most:.digits$})",
            self.median()
        )
    }
}
