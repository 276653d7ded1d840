//! The handles of one set of labels.

use std::{sync::OnceLock, time::Duration};

use ::metrics::{Counter, Gauge, KeyName, Label, SharedString, Unit};

use super::{
    super::{shown::Name, words},
    source::Source,
};
use crate::error::ErrorKind;

const CALLS: &str = "integration_calls_total";
const ATTEMPTS: &str = "integration_attempts_total";
const CALL_SECONDS: &str = "integration_call_seconds";
const ATTEMPT_SECONDS: &str = "integration_attempt_seconds";
const RETRIES: &str = "integration_retries_total";
const HEDGES: &str = "integration_hedges_total";
const REFUSED: &str = "integration_refused_total";
const CIRCUIT: &str = "integration_circuit_state";
const PAUSES: &str = "integration_pauses_total";

/// Success, every kind of error, and calls that were dropped.
const RESULTS: usize = ErrorKind::Other as usize + 3;
const DROPPED: usize = RESULTS - 1;

/// Tells the recorder what the names mean.
pub(super) fn describe(source: &Source) {
    let counters = [
        (CALLS, "Calls that ended, by result"),
        (ATTEMPTS, "Attempts that ended, by result"),
        (RETRIES, "Further attempts that were scheduled"),
        (HEDGES, "Second copies of slow attempts"),
        (REFUSED, "Attempts that a local policy refused, by policy"),
        (PAUSES, "Pauses that servers asked for"),
    ];
    let histograms = [
        (CALL_SECONDS, "Time of whole calls, waits included"),
        (ATTEMPT_SECONDS, "Time of attempts"),
    ];
    source.with(|recorder| {
        let name = KeyName::from_const_str;
        for (counter, text) in counters {
            let text = SharedString::const_str(text);
            recorder.describe_counter(name(counter), Some(Unit::Count), text);
        }
        for (histogram, text) in histograms {
            let text = SharedString::const_str(text);
            recorder.describe_histogram(name(histogram), Some(Unit::Seconds), text);
        }
        let text = "State of the circuit: 0 closed, 1 half open, 2 open";
        recorder.describe_gauge(name(CIRCUIT), None, SharedString::const_str(text));
    });
}

/// The handles of an operation and a key.
pub(super) struct CallHandles {
    pub(super) calls: ByResult,
    pub(super) attempts: ByResult,
    pub(super) refused: ByResult,
    pub(super) call_seconds: Seconds,
    pub(super) attempt_seconds: Seconds,
    pub(super) retries: Counter,
    pub(super) hedges: Counter,
}

impl CallHandles {
    pub(super) fn new(source: &Source, operation: &str, key: &str) -> Self {
        let labels = vec![
            Label::new("operation", Name(operation).to_string()),
            Label::new("key", Name(key).to_string()),
        ];
        let seconds = |name| Seconds(source.histogram(name, labels.clone()));
        let counter = |name| source.counter(name, labels.clone());
        let by_result = |name| ByResult {
            name,
            labels: labels.clone(),
            counters: [const { OnceLock::new() }; RESULTS],
        };
        Self {
            calls: by_result(CALLS),
            attempts: by_result(ATTEMPTS),
            refused: by_result(REFUSED),
            call_seconds: seconds(CALL_SECONDS),
            attempt_seconds: seconds(ATTEMPT_SECONDS),
            retries: counter(RETRIES),
            hedges: counter(HEDGES),
        }
    }
}

/// A counter for each result, asked for at its first use: most never occur.
pub(super) struct ByResult {
    name: &'static str,
    labels: Vec<Label>,
    counters: [OnceLock<Counter>; RESULTS],
}

impl ByResult {
    pub(super) fn of_result(&self, kind: Option<ErrorKind>, source: &Source) -> &Counter {
        let place = kind.map_or(0, |kind| kind as usize + 1);
        self.get(place, words::of_result(kind), source)
    }

    pub(super) fn dropped(&self, source: &Source) -> &Counter {
        self.get(DROPPED, "dropped", source)
    }

    fn get(&self, place: usize, word: &'static str, source: &Source) -> &Counter {
        self.counters[place].get_or_init(|| {
            let mut labels = self.labels.clone();
            labels.push(Label::new("kind", word));
            source.counter(self.name, labels)
        })
    }
}

/// A histogram of durations.
pub(super) struct Seconds(::metrics::Histogram);

impl Seconds {
    pub(super) fn record(&self, elapsed: Duration) {
        self.0.record(elapsed.as_secs_f64());
    }
}

/// The handles of a key, made at their first use: most keys are never paused.
pub(super) struct KeyHandles {
    labels: Vec<Label>,
    circuit: OnceLock<Gauge>,
    pauses: OnceLock<Counter>,
}

impl KeyHandles {
    pub(super) fn new(key: &str) -> Self {
        Self {
            labels: vec![Label::new("key", Name(key).to_string())],
            circuit: OnceLock::new(),
            pauses: OnceLock::new(),
        }
    }

    pub(super) fn circuit(&self, source: &Source) -> &Gauge {
        self.circuit
            .get_or_init(|| source.gauge(CIRCUIT, self.labels.clone()))
    }

    pub(super) fn pauses(&self, source: &Source) -> &Counter {
        self.pauses
            .get_or_init(|| source.counter(PAUSES, self.labels.clone()))
    }
}
