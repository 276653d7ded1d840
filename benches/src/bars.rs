//! What the figures are held against.

use crate::series::Series;

/// One bar: what, the figure, the most it may be.
#[derive(Clone, Debug)]
pub struct Bar {
    what: String,
    measured: Series,
    at_most: f64,
}

impl Bar {
    /// Sets the median of a figure against the most it may be.
    pub fn new(what: impl Into<String>, measured: impl Into<Series>, at_most: f64) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            at_most,
        }
    }

    /// Tells whether the median is within the bar; a figure that is missing is not.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.measured.median() <= self.at_most
    }
}

/// Prints one line a bar, with PASS or miss.
pub fn print(bars: &[Bar]) {
    println!("| bar | measured | wanted | |");
    println!("|---|---|---|---|");
    for bar in bars {
        let verdict = if bar.is_met() { "PASS" } else { "miss" };
        println!(
            "| {} | {} | at most {} | {verdict} |",
            bar.what, bar.measured, bar.at_most
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_up_to_its_limit() {
        assert!(Bar::new("", 40.0, 40.0).is_met());
        assert!(!Bar::new("", 40.1, 40.0).is_met());
        assert!(!Bar::new("", Series::default(), 40.0).is_met());
    }
}
