//! What a server's word about its quotas changes.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Learn, Quota, RateLimit, Unit,
    cell::{Cell, Pace},
    cells::{Cells, MAX_PACES},
};
use crate::{
    config::MAX_DURATION,
    pause::MAX_PAUSE,
    quota::{QuotaEntry, QuotaReport, Reach, Refill},
};

impl RateLimit {
    /// Takes in what an answer said about the quotas of its server.
    ///
    /// - A penalty lets no call go before its end.
    /// - Nothing remaining lets no call that costs this unit go before the reset; where no quota
    ///   of this limit has the unit, no call at all, as what such a call costs is not known. What
    ///   a server refills steadily is waited for by one unit, not until all is refilled.
    /// - At most a tenth remaining (at most ten, where the limit is not told) is spread evenly
    ///   over the time to the reset.
    /// - A limit below the configured quota of the same unit and a similar time (at most twice or
    ///   half) holds in its stead, until the server states another. Without a window, the time to the
    ///   reset is taken: it can only be shorter, so that this never slows down by mistake.
    /// - A limit above the configured quota changes nothing, except by [`Learn::Follow`].
    ///
    /// No wait is longer than [`MAX_PAUSE`]. With [`Learn::Ignore`] only the penalty counts.
    pub fn observe(&self, report: &QuotaReport, now: Instant) {
        if report.is_empty() {
            return;
        }
        let at = self.nanos(now);
        if let Some(penalty) = report.penalty.filter(|penalty| !penalty.is_zero()) {
            self.penalize_until(now + penalty.min(MAX_PAUSE));
        }
        if report.entries().is_empty() {
            return;
        }
        let held = self.change(|cells, not_before| cells.observe(report, not_before, at));
        if let Some(wait) = held {
            self.penalize_until(now + wait);
        }
    }
}

impl Cells {
    /// Returns for how long no call may go.
    fn observe(&mut self, report: &QuotaReport, not_before: u64, now: u64) -> Option<Duration> {
        self.expire(now);
        if self.learn == Learn::Ignore {
            return None;
        }
        let mut held = None;
        for (place, entry) in report.entries().iter().enumerate() {
            let earlier = report.entries().iter().take(place);
            if !earlier.into_iter().any(|other| other.unit == entry.unit) {
                self.pace(report, entry.unit, now);
            }
            if entry.remaining == Some(0)
                && let Some(wait) = wait_for_one(entry).filter(|wait| !wait.is_zero())
            {
                held = held.max(self.hold(entry, wait.min(MAX_PAUSE), now));
            }
            if let Some(limit) = entry.limit.filter(|limit| *limit > 0) {
                self.limit(entry, limit, not_before, now);
            }
        }
        held
    }

    /// Holds up what costs the unit; returns the wait when that is every call.
    fn hold(&mut self, entry: &QuotaEntry, wait: Duration, now: u64) -> Option<Duration> {
        let until = now.saturating_add(nanos(wait));
        if entry.unit == Unit::CALLS {
            return Some(wait);
        }
        let mut known = false;
        for cell in self.all_mut().filter(|c| c.unit() == entry.unit) {
            cell.not_before = cell.not_before.max(until);
            known = true;
        }
        if known {
            return None;
        }
        match entry.reach {
            Reach::EveryCall => Some(wait),
            Reach::ItsUnit => {
                self.set_pace(entry.unit, 0, until, now, until);
                None
            }
        }
    }

    /// Spreads the little that remains of a unit: by the slowest of its entries, if any is low.
    fn pace(&mut self, report: &QuotaReport, unit: Unit, now: u64) {
        let entries = report.entries().iter().filter(|entry| entry.unit == unit);
        let slowest = entries.filter_map(pace_of).max();
        match slowest {
            Some((interval, window)) => {
                let until = now.saturating_add(window);
                self.set_pace(unit, interval, now, now, until);
            }
            None => self.paces.retain(|pace| pace.unit != unit),
        }
    }

    /// Sets a pace; what it had made calls wait for stays.
    fn set_pace(&mut self, unit: Unit, interval: u64, due: u64, now: u64, until: u64) {
        if let Some(pace) = self.paces.iter_mut().find(|pace| pace.unit == unit) {
            // At most one interval ahead of now: the old pace may have been much slower.
            let ahead = now.saturating_add(interval);
            pace.due = pace.due.min(ahead).max(due);
            pace.interval = interval;
            pace.until = until;
        } else if self.paces.len() < MAX_PACES {
            self.paces.push(Pace {
                unit,
                interval,
                due,
                until,
            });
        }
    }

    /// Compares a stated limit with the quotas of the same unit and a similar time.
    fn limit(&mut self, entry: &QuotaEntry, limit: u64, not_before: u64, now: u64) {
        // What is refilled steadily tells nothing of its rate by the time until all is refilled.
        let reset = entry.reset_in.filter(|_| entry.refill == Refill::AtReset);
        let Some(per) = entry.window.or(reset) else {
            return;
        };
        if per.is_zero() || per > MAX_DURATION {
            return;
        }
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let stated = Quota::new(limit, per).with_unit(entry.unit);
        let (follow, exact) = (self.learn == Learn::Follow, entry.window.is_some());
        for place in 0..self.quotas.len() {
            let Some(cell) = self.quotas.get(place).copied() else {
                return;
            };
            if cell.unit() != entry.unit || !similar(&cell, per) {
                continue;
            }
            let learned = self.learned_of(&cell.configured);
            let held = learned.and_then(|at| self.learned.get(at)).unwrap_or(&cell);
            let quota = restated(held, stated, exact, follow);
            if quota != held.quota && quota.validate().is_ok() {
                self.restate(place, quota, not_before, now);
            }
        }
    }

    /// Makes `quota` hold for the configured quota at `place`: beside it when it allows less, in
    /// its stead when it allows more.
    fn restate(&mut self, place: usize, quota: Quota, not_before: u64, now: u64) {
        let Some(cell) = self.quotas.get_mut(place) else {
            return;
        };
        let configured = cell.configured;
        let slower = quota.interval() > configured.interval();
        let own = if slower { configured } else { quota };
        if cell.quota != own {
            cell.change(own, now, not_before);
        }
        let cell = *cell;
        let learned = self.learned_of(&configured);
        if !slower {
            self.learned.retain(|cell| cell.configured != configured);
        } else if let Some(found) = learned.and_then(|at| self.learned.get_mut(at)) {
            found.change(quota, now, not_before);
        } else {
            let mut found = cell;
            found.change(quota, now, not_before);
            self.learned.push(found);
        }
    }
}

/// Returns what holds for a quota once the server has stated `stated`.
fn restated(cell: &Cell, stated: Quota, exact: bool, follow: bool) -> Quota {
    let configured = cell.configured;
    // The same limit seen over a shorter rest of its window says less, not something else.
    let known = cell.quota != configured && cell.quota.permits() == stated.permits();
    if !exact && known && cell.quota.interval() >= stated.interval() {
        return cell.quota;
    }
    let slower = stated.interval() > configured.interval();
    let faster = follow && exact;
    if !slower && !faster {
        return configured;
    }
    let burst = if slower || configured.burst() < configured.permits() {
        configured.burst().min(stated.permits())
    } else {
        stated.permits()
    };
    stated.with_burst(burst)
}

/// Whether a time is at most twice and at least half of that of a quota.
fn similar(cell: &Cell, per: Duration) -> bool {
    let own = cell.configured.per();
    per <= own.saturating_mul(2) && own <= per.saturating_mul(2)
}

/// Returns how long nothing of what is used up can go.
fn wait_for_one(entry: &QuotaEntry) -> Option<Duration> {
    let all = match entry.refill {
        Refill::AtReset => return entry.reset_in,
        Refill::Steady => entry.reset_in.or(entry.window)?,
    };
    match entry.limit {
        Some(limit) if limit > 0 => {
            let one = all.as_nanos().div_ceil(u128::from(limit));
            Some(Duration::from_nanos(u64::try_from(one).unwrap_or(u64::MAX)))
        }
        _ => Some(all),
    }
}

/// Returns the time between two units, and for how long, when little remains of an entry.
fn pace_of(entry: &QuotaEntry) -> Option<(u64, u64)> {
    let (remaining, reset) = (entry.remaining?, entry.reset_in?.min(MAX_PAUSE));
    let low = match entry.limit {
        Some(limit) => remaining <= limit / 10,
        None => remaining <= 10,
    };
    if remaining == 0 || !low || reset.is_zero() {
        return None;
    }
    let units = match (entry.refill, entry.limit) {
        (Refill::Steady, Some(limit)) => limit.saturating_sub(remaining).max(1),
        _ => remaining,
    };
    let reset = nanos(reset);
    Some((reset.div_ceil(units), reset))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
