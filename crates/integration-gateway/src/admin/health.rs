//! Whether the gateway can take events now.

use axum::{Json, extract::State, http::StatusCode};
use integration_events::{Stats, Store as _};
use serde::Serialize;

use super::Shared;

/// The queue is nearly full at this share of it, in percent.
const QUEUE_PERCENT: usize = 90;

/// What `/readyz` says.
#[derive(Debug, Serialize)]
pub(super) struct Ready {
    is_ready: bool,
    reasons: Vec<String>,
}

/// Answers 200, or 503 and why senders are asked to come again.
pub(super) async fn ready(State(admin): Shared) -> (StatusCode, Json<Ready>) {
    let reasons = match admin.store.stats(admin.now()).await {
        Ok(stats) => reasons(&stats),
        Err(error) => vec![error.to_string()],
    };
    let is_ready = reasons.is_empty();
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Ready { is_ready, reasons }))
}

fn reasons(stats: &Stats) -> Vec<String> {
    let mut reasons = Vec::new();
    if !stats.is_writable {
        reasons.push("the last commit failed: is the disk full, or broken?".to_owned());
    }
    if let Some(max) = stats.bytes_max
        && stats.bytes_used >= max - max / 16
    {
        reasons.push(format!(
            "the store uses {} of {max} bytes: raise max_store_bytes, or drop dead letters",
            stats.bytes_used
        ));
    }
    if stats.queue_max > 0 && stats.queue.saturating_mul(100) >= stats.queue_max * QUEUE_PERCENT {
        reasons.push(format!(
            "{} of {} events wait to be stored",
            stats.queue, stats.queue_max
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_events_out_is_a_reason() {
        let mut stats = Stats::default();
        stats.is_writable = true;
        stats.queue_max = 10;
        stats.bytes_max = Some(1600);
        assert!(reasons(&stats).is_empty());
        stats.queue = 9;
        stats.bytes_used = 1500;
        stats.is_writable = false;
        assert_eq!(reasons(&stats).len(), 3);
        stats.queue = 8;
        stats.bytes_used = 1499;
        assert_eq!(reasons(&stats).len(), 1);
    }
}
