//! What is counted, and how `/metrics` shows it.
//!
//! The recorder belongs to one gateway, not to the process, so that several can run side by side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use integration_events::{DeliveryState, Stats};
use metrics::{Counter, Key, KeyName, Label, Level, Metadata, Recorder as _, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

/// Time between two lines of the log about deliveries that one source had refused.
const LOG_EVERY: Duration = Duration::from_secs(10);

const METADATA: Metadata<'static> = Metadata::new("integration_gateway", Level::INFO, None);

const RECEIVED: &str = "integration_gateway_received_total";
const REJECTED: &str = "integration_gateway_rejected_total";
const ATTEMPTS: &str = "integration_gateway_attempts_total";

const DEFERRED: &str = "integration_gateway_deferred_total";

/// Name and meaning of every counter and gauge.
const HELP: [(&str, &str); 13] = [
    (RECEIVED, "Requests of a source, by what became of them"),
    (REJECTED, "Deliveries that did not verify, by reason"),
    (ATTEMPTS, "Attempts to deliver, by route and outcome"),
    (
        DEFERRED,
        "Deliveries put off as the circuit was open or a pause asked for, by route",
    ),
    ("integration_gateway_events", "Events in the store"),
    (
        "integration_gateway_deliveries",
        "Deliveries by route and state",
    ),
    (
        "integration_gateway_oldest_ready_seconds",
        "Age of the oldest delivery that is due, by route",
    ),
    ("integration_gateway_queue", "Events that wait to be stored"),
    (
        "integration_gateway_queue_max",
        "Events that may wait to be stored",
    ),
    ("integration_gateway_commits", "Commits since the start"),
    ("integration_gateway_store_bytes", "Bytes the store uses"),
    (
        "integration_gateway_store_bytes_max",
        "Bytes the store may use",
    ),
    (
        "integration_gateway_writable",
        "Whether the last commit succeeded",
    ),
];

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Received {
    /// On disk.
    Stored,
    /// On disk before.
    Duplicate,
    /// A question of the sender, answered.
    Handshake,
    /// Did not verify.
    Rejected,
    /// Body over the limit.
    TooLarge,
    /// Body not sent in time.
    TooSlow,
    /// Body broken off.
    Unreadable,
    /// Asked to come again.
    NotStored,
}

impl Received {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Stored, "stored"),
        (Self::Duplicate, "duplicate"),
        (Self::Handshake, "handshake"),
        (Self::Rejected, "rejected"),
        (Self::TooLarge, "too_large"),
        (Self::TooSlow, "too_slow"),
        (Self::Unreadable, "unreadable"),
        (Self::NotStored, "overload"),
    ];
}

/// The recorder of one gateway.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    duplicates: AtomicU64,
}

/// The counters of one source, looked up once.
pub(crate) struct SourceMetrics {
    metrics: Arc<Metrics>,
    source: SharedString,
    received: [Counter; 8],
    /// When the log last had a line of this source, in seconds since the Unix epoch.
    logged: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        for (name, help) in HELP {
            let name = KeyName::from_const_str(name);
            recorder.describe_gauge(name, Some(Unit::Count), SharedString::const_str(help));
        }
        Self {
            recorder,
            duplicates: AtomicU64::new(0),
        }
    }

    /// Returns the counter of attempts of a route that ended so.
    pub(crate) fn attempts(&self, route: &str, outcome: &'static str) -> Counter {
        let labels = vec![
            Label::new("route", route.to_owned()),
            Label::new("outcome", outcome),
        ];
        self.counter(ATTEMPTS, labels)
    }

    /// Returns the counter of what was put off on a route.
    pub(crate) fn deferred(&self, route: &str) -> Counter {
        self.counter(DEFERRED, vec![Label::new("route", route.to_owned())])
    }

    /// Returns how many duplicates were received since the start.
    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates.load(Ordering::Relaxed)
    }

    /// Writes the page, with the depths of this moment.
    pub(crate) fn render(&self, stats: &Stats) -> String {
        self.depths(stats);
        self.recorder.handle().render()
    }

    fn depths(&self, stats: &Stats) {
        for route in &stats.routes {
            let label = Label::new("route", route.route.to_string());
            for state in DeliveryState::ALL {
                let labels = vec![label.clone(), Label::new("state", state.as_str())];
                let count = float(route.count(state));
                self.gauge("integration_gateway_deliveries", labels, count);
            }
            let oldest = route.oldest_ready.unwrap_or_default().as_secs_f64();
            self.gauge(
                "integration_gateway_oldest_ready_seconds",
                vec![label],
                oldest,
            );
        }
        let gauges = [
            ("integration_gateway_events", stats.events),
            ("integration_gateway_queue", as_u64(stats.queue)),
            ("integration_gateway_queue_max", as_u64(stats.queue_max)),
            ("integration_gateway_commits", stats.commits),
            ("integration_gateway_store_bytes", stats.bytes_used),
            ("integration_gateway_writable", u64::from(stats.is_writable)),
        ];
        for (name, value) in gauges {
            self.gauge(name, Vec::new(), float(value));
        }
        if let Some(max) = stats.bytes_max {
            self.gauge(
                "integration_gateway_store_bytes_max",
                Vec::new(),
                float(max),
            );
        }
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        let key = Key::from_parts(name, labels);
        self.recorder.register_counter(&key, &METADATA)
    }

    fn gauge(&self, name: &'static str, labels: Vec<Label>, value: f64) {
        let key = Key::from_parts(name, labels);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl SourceMetrics {
    pub(crate) fn new(metrics: Arc<Metrics>, source: &str) -> Self {
        let source = SharedString::from_owned(source.to_owned());
        let received = Received::ALL.map(|(_, outcome)| {
            let labels = vec![
                Label::new("source", source.clone()),
                Label::new("outcome", outcome),
            ];
            metrics.counter(RECEIVED, labels)
        });
        Self {
            metrics,
            source,
            received,
            logged: AtomicU64::new(0),
        }
    }

    pub(crate) fn count(&self, received: Received) {
        if received == Received::Duplicate {
            self.metrics.duplicates.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(counter) = self.received.get(received as usize) {
            counter.increment(1);
        }
    }

    pub(crate) fn rejected(&self, reason: &'static str) {
        self.count(Received::Rejected);
        let labels = vec![
            Label::new("source", self.source.clone()),
            Label::new("reason", reason),
        ];
        self.metrics.counter(REJECTED, labels).increment(1);
    }

    /// Says whether the log had no line of this source for a while; a flood is counted instead.
    pub(crate) fn is_time_to_log(&self, now: Duration) -> bool {
        let last = self.logged.load(Ordering::Relaxed);
        let is_due = now.as_secs().abs_diff(last) >= LOG_EVERY.as_secs();
        is_due
            && self
                .logged
                .compare_exchange(last, now.as_secs(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float, exact to 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_the_counter_of_its_place() {
        for (place, (received, _)) in Received::ALL.into_iter().enumerate() {
            assert_eq!(received as usize, place);
        }
    }

    #[test]
    fn a_page_shows_what_was_counted() {
        let metrics = Arc::new(Metrics::new());
        let source = SourceMetrics::new(metrics.clone(), "shop");
        source.count(Received::Stored);
        source.count(Received::Duplicate);
        source.rejected("missing_header");
        metrics.attempts("billing", "done").increment(3);
        let page = metrics.render(&Stats::default());
        for line in [
            r#"integration_gateway_received_total{source="shop",outcome="stored"} 1"#,
            r#"integration_gateway_received_total{source="shop",outcome="rejected"} 1"#,
            r#"integration_gateway_rejected_total{source="shop",reason="missing_header"} 1"#,
            r#"integration_gateway_attempts_total{route="billing",outcome="done"} 3"#,
            "integration_gateway_queue 0",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        assert_eq!(metrics.duplicates(), 1);
    }

    #[test]
    fn a_flood_is_logged_once_in_a_while() {
        let source = SourceMetrics::new(Arc::new(Metrics::new()), "shop");
        let times = [100, 100, 109, 110, 111, 90];
        let logged = times.map(|now| source.is_time_to_log(Duration::from_secs(now)));
        assert_eq!(logged, [true, false, false, true, false, true]);
    }
}
