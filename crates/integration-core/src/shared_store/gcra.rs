//! The arithmetic of quotas in whole microseconds, as the script in the store does it.

use std::time::Duration;

use super::store::{Demand, Demands, MAX_DEMANDS};

/// When the next call of each quota would be due if all were evenly spaced; `None` if not known.
pub(super) type Cells = [Option<u64>; MAX_DEMANDS];

/// One quota, and what one call takes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Between two calls at the full rate.
    pub(super) interval: u64,
    /// How far ahead of the even spacing a call may be.
    pub(super) tolerance: u64,
    /// The same for this call, whose cost is above 1.
    pub(super) slack: u64,
    /// What the call takes; 0 for nothing.
    pub(super) price: u64,
    /// The window of the quota.
    pub(super) per: u64,
}

impl Terms {
    pub(super) fn new(demand: &Demand) -> Self {
        let quota = &demand.quota;
        let per = micros(quota.per());
        let interval = per.div_ceil(u64::from(quota.permits().max(1))).max(1);
        let burst = quota.burst().max(1);
        let tolerance = interval.saturating_mul(u64::from(burst - 1)).min(FAR);
        let ahead = demand.cost.clamp(1, burst) - 1;
        let slack = tolerance.saturating_sub(interval.saturating_mul(u64::from(ahead)));
        let price = interval.saturating_mul(u64::from(demand.cost)).min(FAR);
        Self {
            interval,
            tolerance,
            slack,
            price,
            per,
        }
    }
}

/// The terms of a call, and how far ahead it may book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bill {
    terms: [Terms; MAX_DEMANDS],
    len: usize,
    /// One burst of the tightest quota.
    pub(super) horizon: u64,
}

impl Bill {
    pub(super) fn new(demands: &Demands) -> Self {
        let demands = demands.as_slice();
        let none = Terms {
            interval: 1,
            tolerance: 0,
            slack: 0,
            price: 0,
            per: 0,
        };
        let mut terms = [none; MAX_DEMANDS];
        for (place, demand) in terms.iter_mut().zip(demands) {
            *place = Terms::new(demand);
        }
        let bursts = terms.iter().filter(|terms| terms.price > 0);
        let horizon = bursts.map(|terms| terms.interval + terms.tolerance).min();
        Self {
            terms,
            len: demands.len(),
            horizon: horizon.unwrap_or(0),
        }
    }

    pub(super) fn terms(&self) -> &[Terms] {
        self.terms.get(..self.len).unwrap_or_default()
    }
}

/// Whether a slot was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It is due after this time.
    Taken(u64),
    /// Ask again after this time.
    Full(u64),
}

/// Books a slot of all quotas at `now`, or takes nothing. `age` is how far the memory reaches back.
pub(super) fn book(cells: &mut Cells, bill: &Bill, now: u64, age: u64, max_wait: u64) -> Slot {
    let mut due = [0; MAX_DEMANDS];
    let mut go = now;
    for ((due, cell), terms) in due.iter_mut().zip(cells.iter()).zip(bill.terms()) {
        // A quota that was never seen has its burst, unless it was forgotten within its window.
        let fresh = if age < terms.per { terms.tolerance } else { 0 };
        *due = cell.unwrap_or(now + fresh);
        if terms.price > 0 {
            go = go.max(due.saturating_sub(terms.slack));
        }
    }
    let wait = go - now;
    if wait > max_wait {
        return Slot::Full(wait);
    }
    if wait > bill.horizon {
        return Slot::Full(wait - bill.horizon);
    }
    for ((due, cell), terms) in due.into_iter().zip(cells.iter_mut()).zip(bill.terms()) {
        if terms.price > 0 {
            *cell = Some(due.max(go) + terms.price);
        }
    }
    Slot::Taken(wait)
}

/// No time here is further ahead than this: 30 days.
const FAR: u64 = 30 * 24 * 60 * 60 * 1_000_000;

/// Whole microseconds, rounded up and bounded.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000)).map_or(FAR, |micros| micros.min(FAR))
}
