//! What a process may use of a quota when it cannot ask the others.

use std::time::Duration;

use tokio::time::Instant;

use super::store::{Demand, Demands, MAX_DEMANDS, Verdict};

/// Spaces the calls of one key at this process's part of each quota, without any burst.
///
/// A slot is earned before it is used, from the moment the store was lost: the burst of that
/// moment is in the store's books already.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// When the last call of each quota went or will go; `None` before the first loss.
    last: Option<[Instant; MAX_DEMANDS]>,
}

impl Share {
    /// Books a slot, where the store was lost at `since`.
    ///
    pub(super) fn book(
        &mut self,
        demands: &Demands,
        members: u32,
        since: Instant,
        now: Instant,
        limits: Limits,
    ) -> Verdict {
        let last = self.last.get_or_insert([since; MAX_DEMANDS]);
        let mut go = now;
        for (last, demand) in last.iter_mut().zip(demands.as_slice()) {
            *last = (*last).max(since);
            if demand.cost > 0 {
                go = go.max(*last + spacing(demand, members));
            }
        }
        let wait = go.saturating_duration_since(now);
        if wait > limits.max_wait {
            return Verdict::Full(wait);
        }
        if wait > limits.horizon {
            return Verdict::Full(wait - limits.horizon);
        }
        for (last, demand) in last.iter_mut().zip(demands.as_slice()) {
            if demand.cost > 0 {
                *last = go;
            }
        }
        if wait.is_zero() {
            Verdict::Go
        } else {
            Verdict::Wait(wait)
        }
    }

    /// Gives a slot back that was taken at `at`, unless a later one was taken since.
    pub(super) fn give_back(&mut self, demands: &Demands, members: u32, at: Instant) {
        let Some(last) = &mut self.last else {
            return;
        };
        for (last, demand) in last.iter_mut().zip(demands.as_slice()) {
            if demand.cost > 0 && *last == at {
                *last = at.checked_sub(spacing(demand, members)).unwrap_or(at);
            }
        }
    }
}

/// How far ahead a slot may be. What is booked further ahead than `horizon` would go when the
/// store's limit may apply alone again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_wait: Duration,
    pub(super) horizon: Duration,
}

/// How long this process earns the slots of one call.
///
/// A whole number of slots in each window: all processes together then stay within the permits,
/// however their windows lie.
fn spacing(demand: &Demand, members: u32) -> Duration {
    let quota = &demand.quota;
    let slots = quota.permits() / members.max(1);
    let one = match quota.per().checked_div(slots) {
        Some(one) => one + Duration::from_nanos(1),
        None => quota.per().saturating_mul(members) / quota.permits().max(1),
    };
    one.saturating_mul(demand.cost)
        .min(crate::config::MAX_DURATION)
}
