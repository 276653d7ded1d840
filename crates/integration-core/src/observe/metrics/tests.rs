use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use parking_lot::Mutex;

use super::{MAX_LABEL_SETS, MetricsObserver};
use crate::{
    circuit_breaker::CircuitState,
    error::ErrorKind,
    observer::{Event, Happening, Observer},
};

/// Keeps a sum for each name and labels, and counts how often a handle was asked for.
#[derive(Default)]
struct Sums {
    cells: Mutex<BTreeMap<String, Arc<Cell>>>,
    asked: Mutex<usize>,
}

#[derive(Default)]
struct Cell(Mutex<f64>);

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        *self.0.lock() += value as f64;
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Cell {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        *self.0.lock() = value;
    }
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        *self.0.lock() += value;
    }
}

impl Sums {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        *self.asked.lock() += 1;
        let labels = key.labels().map(|l| format!("{}={}", l.key(), l.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        let name = format!("{}{{{labels}}}", key.name());
        self.cells.lock().entry(name).or_default().clone()
    }

    fn read(&self) -> BTreeMap<String, f64> {
        let cells = self.cells.lock();
        let cells = cells.iter();
        cells
            .map(|(name, cell)| (name.clone(), *cell.0.lock()))
            .collect()
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

fn tell(observer: &MetricsObserver, operation: &str, key: &str, what: Happening) {
    observer.on_event(&Event {
        operation,
        key,
        what,
    });
}

fn call_ended(kind: Option<ErrorKind>) -> Happening {
    Happening::CallEnded {
        attempts: 1,
        kind,
        gave_up: None,
        elapsed: Duration::from_millis(250),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn every_event_is_counted_where_it_belongs() {
    let sums = Arc::new(Sums::default());
    let observer = MetricsObserver::with_recorder(sums.clone());
    let (attempt, elapsed) = (1, Duration::from_millis(500));
    let kind = ErrorKind::Internal;
    for what in [
        Happening::AttemptEnded {
            attempt,
            kind: Some(kind),
            elapsed,
        },
        Happening::RetryScheduled {
            attempt,
            delay: elapsed,
        },
        Happening::Hedged { attempt },
        Happening::AttemptEnded {
            attempt,
            kind: None,
            elapsed,
        },
        call_ended(None),
        call_ended(Some(ErrorKind::Other)),
        Happening::CallDropped { attempts: 1 },
        Happening::Refused {
            kind: ErrorKind::CircuitOpen,
        },
        Happening::Paused { wait: elapsed },
        Happening::CircuitChanged {
            to: CircuitState::HalfOpen,
        },
        Happening::CircuitChanged {
            to: CircuitState::Open,
        },
        Happening::Joined,
    ] {
        tell(&observer, "demo.get", "k", what);
    }
    let expected = [
        ("integration_attempt_seconds{operation=demo.get,key=k}", 1.0),
        (
            "integration_attempts_total{operation=demo.get,key=k,kind=internal}",
            1.0,
        ),
        (
            "integration_attempts_total{operation=demo.get,key=k,kind=ok}",
            1.0,
        ),
        ("integration_call_seconds{operation=demo.get,key=k}", 0.5),
        (
            "integration_calls_total{operation=demo.get,key=k,kind=dropped}",
            1.0,
        ),
        (
            "integration_calls_total{operation=demo.get,key=k,kind=ok}",
            1.0,
        ),
        (
            "integration_calls_total{operation=demo.get,key=k,kind=other}",
            1.0,
        ),
        ("integration_circuit_state{key=k}", 2.0),
        ("integration_hedges_total{operation=demo.get,key=k}", 1.0),
        ("integration_pauses_total{key=k}", 1.0),
        (
            "integration_refused_total{operation=demo.get,key=k,kind=circuit_open}",
            1.0,
        ),
        ("integration_retries_total{operation=demo.get,key=k}", 1.0),
    ];
    let found = sums.read();
    let found: Vec<_> = found
        .iter()
        .map(|(name, sum)| (name.as_str(), *sum))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_hundred_thousand_operations_make_a_bounded_number_of_labels() {
    let sums = Arc::new(Sums::default());
    let observer = MetricsObserver::with_recorder(sums.clone());
    for number in 0..100_000 {
        let name = format!("op{number}");
        tell(&observer, &name, &name, call_ended(None));
        tell(
            &observer,
            &name,
            &name,
            Happening::Paused {
                wait: Duration::ZERO,
            },
        );
    }
    let found = sums.read();
    let of = |name: &'static str| found.iter().filter(move |(cell, _)| cell.starts_with(name));
    assert_eq!(of("integration_calls_total").count(), MAX_LABEL_SETS + 1);
    assert_eq!(of("integration_pauses_total").count(), MAX_LABEL_SETS + 1);
    assert_eq!(
        of("integration_calls_total")
            .map(|(_, sum)| sum)
            .sum::<f64>(),
        100_000.0
    );
    let other = found["integration_calls_total{operation=other,key=other,kind=ok}"];
    assert_eq!(other, (100_000 - MAX_LABEL_SETS) as f64);
}

#[test]
fn handles_are_asked_for_once() {
    let sums = Arc::new(Sums::default());
    let observer = MetricsObserver::with_recorder(sums.clone());
    let round = || {
        tell(&observer, "a", "k", call_ended(None));
        tell(&observer, "b", "k", call_ended(Some(ErrorKind::Dns)));
        tell(
            &observer,
            "b",
            "k",
            Happening::CircuitChanged {
                to: CircuitState::Open,
            },
        );
    };
    round();
    let asked = *sums.asked.lock();
    (0..1_000).for_each(|_| round());
    assert_eq!(*sums.asked.lock(), asked);
    assert_eq!(
        sums.read()["integration_calls_total{operation=a,key=k,kind=ok}"],
        1_001.0
    );
}

#[test]
fn without_a_recorder_everything_is_silent() {
    let observer = MetricsObserver::new();
    tell(&observer, "a", "k", call_ended(None));
    assert_eq!(
        format!("{observer:?}"),
        "MetricsObserver { calls: 1, keys: 0, .. }"
    );
}
