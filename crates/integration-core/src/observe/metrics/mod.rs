//! Counters and histograms of calls, through the facade `metrics`.
//!
//! The facade is `metrics`, because it is maintained with its exporters (Prometheus, statsd,
//! OpenTelemetry) by one project, is small, and leaves the choice of the exporter to the program:
//! without a recorder a handle is empty and costs one branch. The gateway shows its numbers
//! through it, too.

mod handles;
mod source;
mod table;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use ::metrics::Recorder;

use self::{
    handles::{CallHandles, KeyHandles},
    source::Source,
    table::Table,
};
use crate::{
    circuit_breaker::CircuitState,
    observer::{Event, Happening, Observer},
};

pub use self::table::MAX_LABEL_SETS;

/// Counts and measures calls.
///
/// # Names
///
/// | name | type | labels |
/// |---|---|---|
/// | `integration_calls_total` | counter | operation, key, kind (`ok`, `dropped` or a kind of error) |
/// | `integration_attempts_total` | counter | operation, key, kind (`ok` or a kind of error) |
/// | `integration_call_seconds` | histogram | operation, key |
/// | `integration_attempt_seconds` | histogram | operation, key |
/// | `integration_retries_total` | counter | operation, key |
/// | `integration_hedges_total` | counter | operation, key |
/// | `integration_refused_total` | counter | operation, key, kind |
/// | `integration_circuit_state` | gauge | key; 0 closed, 1 half open, 2 open |
/// | `integration_pauses_total` | counter | key |
///
/// # Labels are bounded
///
/// At most [`MAX_LABEL_SETS`] pairs of operation and key, and as many keys, get labels of their
/// own, for good: a recorder forgets nothing, so neither may this. Whatever comes later is counted
/// under `other`. An event of a known pair allocates nothing.
pub struct MetricsObserver {
    source: Source,
    calls: Table<CallHandles>,
    keys: Table<KeyHandles>,
}

impl MetricsObserver {
    /// Counts with the recorder of the process.
    ///
    /// The recorder must be installed before the first call: handles are asked for once, and those
    /// of no recorder stay empty.
    #[must_use]
    pub fn new() -> Self {
        Self::from_source(Source::Global)
    }

    /// Counts with a recorder of its own, where several run side by side in one process.
    #[must_use]
    pub fn with_recorder(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self::from_source(Source::Own(recorder))
    }

    fn from_source(source: Source) -> Self {
        handles::describe(&source);
        Self {
            source,
            calls: Table::new(),
            keys: Table::new(),
        }
    }

    fn on_call(&self, event: &Event<'_>, count: impl FnOnce(&CallHandles, &Source)) {
        let create = |operation: &str, key: &str| CallHandles::new(&self.source, operation, key);
        let handles = self.calls.get(event.operation, event.key, create);
        count(&handles, &self.source);
    }

    fn on_key(&self, event: &Event<'_>) -> Arc<KeyHandles> {
        let create = |_: &str, key: &str| KeyHandles::new(key);
        self.keys.get("", event.key, create)
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for MetricsObserver {
    fn on_event(&self, event: &Event<'_>) {
        match event.what {
            Happening::AttemptEnded { kind, elapsed, .. } => self.on_call(event, |call, source| {
                call.attempts.of_result(kind, source).increment(1);
                call.attempt_seconds.record(elapsed);
            }),
            Happening::CallEnded { kind, elapsed, .. } => self.on_call(event, |call, source| {
                call.calls.of_result(kind, source).increment(1);
                call.call_seconds.record(elapsed);
            }),
            Happening::CallDropped { .. } => self.on_call(event, |call, source| {
                call.calls.dropped(source).increment(1);
            }),
            Happening::RetryScheduled { .. } => {
                self.on_call(event, |call, _| call.retries.increment(1));
            }
            Happening::Hedged { .. } => self.on_call(event, |call, _| call.hedges.increment(1)),
            Happening::Refused { kind } => self.on_call(event, |call, source| {
                call.refused.of_result(Some(kind), source).increment(1);
            }),
            Happening::Paused { .. } => self.on_key(event).pauses(&self.source).increment(1),
            Happening::CircuitChanged { to } => {
                let value = match to {
                    CircuitState::Closed => 0.0,
                    CircuitState::HalfOpen => 1.0,
                    CircuitState::Open => 2.0,
                };
                self.on_key(event).circuit(&self.source).set(value);
            }
            Happening::AttemptStarted { .. }
            | Happening::Waiting { .. }
            | Happening::Nested
            | Happening::Joined
            | Happening::ServedFromCache => {}
        }
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver")
            .field("calls", &self.calls.len())
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
