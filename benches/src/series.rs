//! One figure over several rounds.

use std::fmt;

/// The figures of the rounds, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series(Vec<f64>);

impl Series {
    /// Adds the figure of the next round.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Returns the middle one, NaN when there is none.
    #[must_use]
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Subtracts round by round, so that what slowed a whole round down cancels out.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let both = self.0.iter().zip(&other.0);
        Self(both.map(|(one, other)| one - other).collect())
    }

    /// Multiplies every figure.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|value| value * factor).collect())
    }

    /// Divides `dividend` by every figure: from the time of an operation to how many fit in one.
    #[must_use]
    pub fn under(&self, dividend: f64) -> Self {
        Self(self.0.iter().map(|value| dividend / value).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl From<f64> for Series {
    fn from(value: f64) -> Self {
        Self(vec![value])
    }
}

/// `median (least..most)`; a single figure alone.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.sorted();
        let digits = if self.median().abs() < 10.0 { 2 } else { 1 };
        match sorted.as_slice() {
            [] => f.write_str("-"),
            [only] => write!(f, "{only:.digits$}"),
            [least, .., most] => write!(
                f,
                "{:.digits$} ({least:.digits$}..{most:.digits$})",
                self.median()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series(values.to_vec())
    }

    #[test]
    fn it_shows_the_median_and_the_extremes() {
        assert_eq!(series(&[30.0, 10.0, 20.0]).to_string(), "20.0 (10.0..30.0)");
        assert_eq!(series(&[1.5]).to_string(), "1.50");
        assert_eq!(series(&[]).to_string(), "-");
    }

    #[test]
    fn differences_are_of_the_same_round() {
        let difference = series(&[5.0, 9.0, 7.0]).minus(&series(&[4.0, 7.0, 1.0]));
        assert_eq!(difference, series(&[1.0, 2.0, 6.0]));
        assert_eq!(difference.scaled(2.0).median(), 4.0);
    }

    #[test]
    fn a_rate_is_high_where_the_time_is_short() {
        assert_eq!(series(&[2.0, 4.0]).under(8.0), series(&[4.0, 2.0]));
    }
}
