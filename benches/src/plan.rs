//! How much is measured.

use std::time::Duration;

/// Rounds, and what one row gets in each.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Times that every row of a table has its turn; odd, so that the median was measured.
    pub rounds: usize,
    /// Processor time of one row in one round, about.
    pub turn: Duration,
}

impl Plan {
    /// Gives figures.
    pub const FULL: Self = Self {
        rounds: 21,
        turn: Duration::from_millis(40),
    };

    /// Gives a look, not a figure.
    pub const QUICK: Self = Self {
        rounds: 5,
        turn: Duration::from_millis(5),
    };

    /// Reads `--quick` from the arguments of the bench.
    #[must_use]
    pub fn of(arguments: &[String]) -> Self {
        match arguments.iter().any(|word| word == "--quick") {
            true => Self::QUICK,
            false => Self::FULL,
        }
    }
}
