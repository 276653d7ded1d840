//! What the figures are held against.

use std::fmt;

use crate::series::Series;

/// One bar: what, the figure, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct Bar {
    what: String,
    measured: Series,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Bar {
    /// Sets the median of a figure against the most it may be.
    pub fn at_most(what: impl Into<String>, measured: impl Into<Series>, most: f64) -> Self {
        Self::new(what, measured, Wanted::AtMost(most))
    }

    /// Sets the median of a figure against the least it may be.
    pub fn at_least(what: impl Into<String>, measured: impl Into<Series>, least: f64) -> Self {
        Self::new(what, measured, Wanted::AtLeast(least))
    }

    fn new(what: impl Into<String>, measured: impl Into<Series>, wanted: Wanted) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            wanted,
        }
    }

    /// Tells whether the median is within the bar; a figure that is missing is not.
    #[must_use]
    pub fn is_met(&self) -> bool {
        let median = self.measured.median();
        match self.wanted {
            Wanted::AtMost(most) => median <= most,
            Wanted::AtLeast(least) => median >= least,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::AtLeast(least) => write!(f, "at least {least}"),
        }
    }
}

/// Prints one line a bar, with PASS or miss.
pub fn print(bars: &[Bar]) {
    println!("| bar | measured | wanted | |");
    println!("|---|---|---|---|");
    for bar in bars {
        let verdict = if bar.is_met() { "PASS" } else { "miss" };
        println!(
            "| {} | {} | {} | {verdict} |",
            bar.what, bar.measured, bar.wanted
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_up_to_its_limit() {
        assert!(Bar::at_most("", 40.0, 40.0).is_met());
        assert!(!Bar::at_most("", 40.1, 40.0).is_met());
        assert!(Bar::at_least("", 40.0, 40.0).is_met());
        assert!(!Bar::at_least("", 39.9, 40.0).is_met());
    }

    #[test]
    fn a_figure_that_is_missing_meets_no_bar() {
        assert!(!Bar::at_most("", Series::default(), 40.0).is_met());
        assert!(!Bar::at_least("", Series::default(), 40.0).is_met());
    }
}
