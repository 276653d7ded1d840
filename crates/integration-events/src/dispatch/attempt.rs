//! One attempt: run the handler within its time, and turn what came of it into a settlement.

use std::{sync::Arc, time::Duration};

use integration_core::{Backoff, Rng, SharedClock};

use super::{Deliver, DispatcherConfig, Outcome};
use crate::{
    id::UnixMillis,
    store::{AttemptResult, Lease, Resolution},
};

/// How much jitter adds at most, as a part of the delay. It never takes away: a destination that
/// needs five seconds is not helped by a retry after two.
const JITTER: f64 = 0.2;

/// What is known once an attempt is over.
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    pub(super) started_at: UnixMillis,
    pub(super) elapsed: Duration,
}

/// Runs the handler, at most for `limit`.
pub(super) async fn run(
    handler: Arc<dyn Deliver>,
    lease: Lease,
    limit: Duration,
    clock: SharedClock,
) -> Finished {
    let (started_at, start) = (UnixMillis::from_duration(clock.unix()), clock.now());
    let outcome = match tokio::time::timeout(limit, handler.deliver(&lease)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::Retry {
            error: format!("no outcome within {limit:?}"),
            status: None,
            after: None,
        },
    };
    Finished {
        outcome,
        started_at,
        elapsed: clock.now().saturating_duration_since(start),
    }
}

/// What follows from an outcome, what is kept of it, and how long its route is left alone.
pub(super) fn resolve(
    finished: Finished,
    attempt: u32,
    backoff: &Backoff,
    config: &DispatcherConfig,
    now: UnixMillis,
    rng: &dyn Rng,
) -> (AttemptResult, Resolution, Option<Duration>) {
    let mut kept = AttemptResult {
        started_at: finished.started_at,
        elapsed: finished.elapsed,
        ..AttemptResult::default()
    };
    match finished.outcome {
        Outcome::Done { status } => {
            kept.status = status;
            (kept, Resolution::Done, None)
        }
        Outcome::Dead { error, status } => {
            (kept.error, kept.status) = (Some(error), status);
            (kept, Resolution::Dead, None)
        }
        Outcome::Retry {
            error,
            status,
            after,
        } => {
            (kept.error, kept.status) = (Some(error), status);
            // The delay before is not stored; its upper bound stands in for it.
            let previous = match attempt {
                ..=1 => Duration::ZERO,
                _ => backoff.ceiling(attempt - 1),
            };
            let delay = backoff
                .delay(attempt, previous, rng)
                .mul_f64(1.0 + JITTER * rng.fraction())
                .max(after.unwrap_or_default().min(config.max_retry_after));
            let due_at = now.plus(delay);
            (kept, Resolution::Retry { due_at }, None)
        }
        Outcome::Defer { after, why } => {
            let after = after.clamp(MIN_HOLD, config.max_retry_after.max(MIN_HOLD));
            tracing::debug!(?after, why, "route is held");
            let due_at = now.plus(after);
            (kept, Resolution::Release { due_at }, Some(after))
        }
    }
}

/// The shortest time a deferred route is left alone, so that a breaker which says "now" does not
/// make us spin.
const MIN_HOLD: Duration = Duration::from_millis(10);
