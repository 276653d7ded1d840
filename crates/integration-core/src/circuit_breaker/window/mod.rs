//! The results that decide, in one of three windows. Every operation is of constant time.

mod count;
mod horizon;
mod time;

use tokio::time::Instant;

pub(super) use self::horizon::Horizon;
use self::{count::CountWindow, time::TimeWindow};
use super::config::{CallResult, CircuitWindow};

/// How many results a window holds, and how many of them were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) results: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

/// The latest results.
#[derive(Debug)]
pub(super) enum Window {
    Count(CountWindow),
    Time(TimeWindow),
    /// Failures since the last success.
    Consecutive(u64),
}

impl Window {
    pub(super) fn new(window: CircuitWindow) -> Self {
        match window {
            CircuitWindow::Count(size) => Self::Count(CountWindow::new(size)),
            CircuitWindow::Time(length) => Self::Time(TimeWindow::new(length)),
            CircuitWindow::Consecutive(_) => Self::Consecutive(0),
        }
    }

    /// Takes in one result, forgets what is too old, and returns what the window now holds.
    #[inline]
    pub(super) fn push(&mut self, result: CallResult, now: Instant) -> Tally {
        match self {
            Self::Count(window) => window.push(result),
            Self::Time(window) => window.push(result, now),
            Self::Consecutive(run) => {
                *run = if result.failed { *run + 1 } else { 0 };
                Tally::of_run(*run)
            }
        }
    }

    /// Takes in good results that waited; each came before the horizon of the window.
    #[inline]
    pub(super) fn push_good(&mut self, results: u64) {
        match self {
            _ if results == 0 => {}
            Self::Count(window) => window.push_good(results),
            Self::Time(window) => window.push_good(results),
            Self::Consecutive(run) => *run = 0,
        }
    }

    /// Returns the time from which on a good result must be taken in at once, as the window will
    /// have changed by then. `None` before the first result.
    fn end(&self) -> Option<Instant> {
        match self {
            Self::Time(window) => window.end(),
            Self::Count(_) | Self::Consecutive(_) => None,
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Count(window) => window.clear(),
            Self::Time(window) => window.clear(),
            Self::Consecutive(run) => *run = 0,
        }
    }

    /// Returns what the window holds at `now`, and forgets nothing.
    pub(super) fn tally(&self, now: Instant) -> Tally {
        match self {
            Self::Count(window) => window.tally(),
            Self::Time(window) => window.tally(now),
            Self::Consecutive(run) => Tally::of_run(*run),
        }
    }

    /// Fills an empty window with results that were counted elsewhere, as of `now`.
    pub(super) fn fill(&mut self, tally: Tally, now: Instant) {
        match self {
            Self::Count(window) => window.fill(tally),
            Self::Time(window) => window.fill(tally, now),
            Self::Consecutive(run) => *run = tally.failures,
        }
    }
}

impl Tally {
    const fn of_run(run: u64) -> Self {
        Self {
            results: run,
            failures: run,
            slow: 0,
        }
    }

    #[inline]
    fn add(&mut self, result: CallResult) {
        self.results += 1;
        self.failures += u64::from(result.failed);
        self.slow += u64::from(result.slow);
    }
}
