//! What an operator asks of a breaker, and what a restart carries over.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    CircuitBreaker, CircuitMetrics, CircuitMode, CircuitSnapshot, CircuitState, state::Phase,
};

impl CircuitBreaker {
    /// Returns the state at `now`. An open circuit whose time is over counts as half open.
    #[must_use]
    pub fn state(&self, now: Instant) -> CircuitState {
        self.state.lock().shown(now)
    }

    /// Returns the mode.
    #[must_use]
    pub fn mode(&self) -> CircuitMode {
        self.state.lock().mode
    }

    /// Changes the mode, and starts over: the circuit is closed, nothing is counted yet, and the
    /// results of calls under way are ignored. Setting the mode that holds changes nothing.
    pub fn set_mode(&self, mode: CircuitMode) {
        let mut state = self.state.lock();
        if state.mode != mode {
            state.mode = mode;
            state.trips = 0;
            self.change(&mut state, Phase::Closed);
        }
    }

    /// Returns what the window holds at `now`, and where the circuit stands.
    #[must_use]
    pub fn metrics(&self, now: Instant) -> CircuitMetrics {
        let state = self.lock();
        let tally = state.window.tally(now);
        CircuitMetrics {
            state: state.shown(now),
            mode: state.mode,
            results: tally.results,
            failures: tally.failures,
            slow: tally.slow,
            failure_rate: tally.percent(tally.failures),
            slow_rate: tally.percent(tally.slow),
            trips: state.trips,
            refused: state.refused,
        }
    }

    /// Returns the state as plain data, for [`restore`](Self::restore).
    ///
    /// In [`CircuitMode::ForcedOpen`] and [`CircuitMode::Disabled`] it is that of a closed circuit
    /// without results.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> CircuitSnapshot {
        let state = self.lock();
        let tally = state.window.tally(now);
        let open_for = match state.phase {
            Phase::Open { until } => until.saturating_duration_since(now),
            Phase::Closed | Phase::HalfOpen { .. } => Duration::ZERO,
        };
        CircuitSnapshot {
            state: state.phase.shown(now),
            open_for,
            trips: state.trips,
            results: tally.results,
            failures: tally.failures,
            slow: tally.slow,
        }
    }

    /// Continues where a snapshot was taken, also one of another configuration.
    ///
    /// An open circuit stays open for the rest of its time, at most `max_open_for`; a half-open one
    /// probes anew; of a closed one the results count as if they had come evenly mixed, in a time
    /// window as if they had come at `now`. Results of calls under way are ignored. It does nothing
    /// in [`CircuitMode::ForcedOpen`] and [`CircuitMode::Disabled`], which have no state.
    pub fn restore(&self, snapshot: &CircuitSnapshot, now: Instant) {
        let mut state = self.state.lock();
        if !state.mode.runs() {
            return;
        }
        let phase = match snapshot.state {
            CircuitState::Closed => Phase::Closed,
            CircuitState::Open => Phase::Open {
                until: now + snapshot.open_for.min(self.config.max_open_for),
            },
            CircuitState::HalfOpen => Phase::Open { until: now },
        };
        self.change(&mut state, phase);
        if let Phase::Closed = phase {
            state.trips = 0;
            state.window.fill(snapshot.tally(), now);
        } else {
            state.trips = snapshot.trips;
        }
    }
}

impl CircuitMode {
    /// Tells whether the circuit opens and closes by the results.
    const fn runs(self) -> bool {
        matches!(self, Self::Automatic | Self::MetricsOnly)
    }
}
