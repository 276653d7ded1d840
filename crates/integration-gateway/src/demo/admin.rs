//! Asks the gateway what it has counted, as an operator would: over its admin interface.

use std::{net::SocketAddr, time::Duration};

use integration_core::{Error, ErrorKind, Result, http::Client, resilience};
use serde::Deserialize;
use serde_json::json;

use super::ledger::{Metrics, Told};

/// Counts requests of senders by what became of them.
const RECEIVED: &str = "integration_gateway_received_total";
/// Counts what did not verify by reason.
const REJECTED: &str = "integration_gateway_rejected_total";
/// Counts attempts to deliver.
const ATTEMPTS: &str = "integration_gateway_attempts_total";
/// Time for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A client of the admin interface.
#[derive(Debug)]
pub(super) struct Admin {
    client: Client,
}

#[derive(Debug, Deserialize)]
struct Stats {
    events: u64,
    duplicates: u64,
    deliveries: Deliveries,
}

#[derive(Debug, Deserialize)]
struct Deliveries {
    ready: u64,
    blocked: u64,
    leased: u64,
    done: u64,
    dead: u64,
}

impl Admin {
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        let policies = resilience::Config::default()
            .with_timeouts(ANSWER_WITHIN, ANSWER_WITHIN)
            .with_max_attempts(1);
        let client = Client::standard(&format!("http://{address}"))?.policies(policies);
        let client = client.operation_prefix("gateway.demo").build()?;
        Ok(Self { client })
    }

    /// Asks `/api/stats`.
    pub(super) async fn stats(&self) -> Result<Told> {
        let stats: Stats = self.client.get("/api/stats").send().await?.json()?;
        let deliveries = stats.deliveries;
        Ok(Told {
            stored: stats.events,
            duplicates: stats.duplicates,
            done: deliveries.done,
            dead: deliveries.dead,
            unfinished: deliveries.ready + deliveries.blocked + deliveries.leased,
            metrics: Metrics::default(),
        })
    }

    /// Asks `/api/stats` and `/metrics`.
    pub(super) async fn everything(&self) -> Result<Told> {
        let page = self.client.get("/metrics").send().await?;
        let page = std::str::from_utf8(page.body())
            .map_err(|e| Error::new(ErrorKind::Decode, "gateway.demo.metrics").with_source(e))?;
        let sum = |name, label| sum(page, name, label);
        Ok(Told {
            metrics: Metrics {
                stored: sum(RECEIVED, "stored"),
                duplicates: sum(RECEIVED, "duplicate"),
                forged: sum(REJECTED, "signature_mismatch"),
                stale: sum(REJECTED, "timestamp_too_old"),
                too_large: sum(RECEIVED, "too_large"),
                attempts: sum(ATTEMPTS, ""),
            },
            ..self.stats().await?
        })
    }

    /// Replays every dead letter and returns how many there were.
    pub(super) async fn replay_dead(&self) -> Result<u64> {
        #[derive(Deserialize)]
        struct Replayed {
            replayed: u64,
        }
        let call = self
            .client
            .post("/api/replay")
            .json(&json!({ "state": "dead" }));
        Ok(call.send().await?.json::<Replayed>()?.replayed)
    }
}

/// Adds up a counter in the text format of Prometheus, over the series whose labels hold `part`.
fn sum(page: &str, name: &str, part: &str) -> u64 {
    let series = page.lines().filter_map(|line| {
        let (series, count) = line.rsplit_once(' ')?;
        let labels = series.strip_prefix(name)?;
        let is_same = labels.is_empty() || labels.starts_with('{');
        (is_same && labels.contains(part)).then(|| count.parse::<u64>().ok())?
    });
    series.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# TYPE got_total counter\n\
        got_total{source=\"a\",outcome=\"stored\"} 3\n\
        got_total{source=\"b\",outcome=\"stored\"} 4\n\
        got_total{source=\"b\",outcome=\"refused\"} 5\n\
        got_total_more 100\n\nplain 6\n";

    #[test]
    fn a_counter_is_added_up_over_its_series() {
        assert_eq!(sum(PAGE, "got_total", ""), 12);
        assert_eq!(sum(PAGE, "got_total", "outcome=\"stored\""), 7);
        assert_eq!(sum(PAGE, "plain", ""), 6);
        assert_eq!(sum(PAGE, "absent", ""), 0);
    }
}
