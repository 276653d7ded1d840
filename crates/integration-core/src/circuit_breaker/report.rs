//! What a breaker tells about itself.

use std::time::Duration;

use super::{CircuitMode, window::Tally};

/// Whether calls pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitState {
    /// They pass, and their results are counted.
    #[default]
    Closed,
    /// They are refused.
    Open,
    /// A few pass, to find out.
    HalfOpen,
}

/// What a result did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settled {
    /// It was counted; the circuit is as it was.
    Counted,
    /// It was neutral and was not counted.
    Neutral,
    /// It changed the circuit to this state.
    Changed(CircuitState),
    /// It belongs to an older generation and was ignored.
    Stale,
    /// The mode let the call pass without counting it.
    Uncounted,
}

/// What the window holds at an instant, and where the circuit stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CircuitMetrics {
    /// The state, as [`CircuitBreaker::state`](super::CircuitBreaker::state) gives it.
    pub state: CircuitState,
    /// The mode.
    pub mode: CircuitMode,
    /// Results in the window; of a consecutive window, the failures since the last success.
    pub results: u64,
    /// Failures among them.
    pub failures: u64,
    /// Slow calls among them, failed or not.
    pub slow: u64,
    /// Failures in percent of the results, 0 when there are none.
    pub failure_rate: f64,
    /// Slow calls in percent of the results, 0 when there are none.
    pub slow_rate: f64,
    /// Openings since the circuit was last closed.
    pub trips: u32,
    /// Calls refused since the breaker was made; in [`CircuitMode::MetricsOnly`], calls that would
    /// have been.
    pub refused: u64,
}

/// The state of a breaker as plain data, to be kept over a restart.
///
/// The mode is not in it, and no call under way: their results belong to the breaker that admitted
/// them. Start from [`Default`], a closed circuit without results, to build one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitSnapshot {
    /// The state.
    pub state: CircuitState,
    /// How long the circuit will stay open; zero in other states.
    pub open_for: Duration,
    /// Openings since the circuit was last closed; the open time doubles with each.
    pub trips: u32,
    /// Results in the window; of a consecutive window, the failures since the last success.
    pub results: u64,
    /// Failures among them.
    pub failures: u64,
    /// Slow calls among them, failed or not.
    pub slow: u64,
}

impl CircuitSnapshot {
    /// Makes sense of data that may come from anywhere.
    pub(super) fn tally(&self) -> Tally {
        Tally {
            results: self.results,
            failures: self.failures.min(self.results),
            slow: self.slow.min(self.results),
        }
    }
}

impl Tally {
    /// Returns `part` in percent of the results.
    pub(super) fn percent(self, part: u64) -> f64 {
        if self.results == 0 {
            return 0.0;
        }
        part as f64 * 100.0 / self.results as f64
    }
}
