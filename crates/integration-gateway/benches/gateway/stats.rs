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

/// One figure over several rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn extremes(&self) -> (f64, f64) {
        let at = |end: Option<&f64>| end.copied().unwrap_or(f64::NAN);
        (at(self.0.first()), at(self.0.last()))
    }
}

/// `median (least..most)`, whole numbers from 100 up.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = self.extremes();
        let digits = if self.median() < 100.0 { 2 } else { 0 };
        write!(
            f,
            "{:.digits$} ({least:.digits$}..{most:.digits$})",
            self.median()
        )
    }
}
