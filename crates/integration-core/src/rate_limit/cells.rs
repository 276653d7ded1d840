//! What stands under the lock: all quotas, when there is not exactly one of calls.

use super::{
    Cost, Learn, Quota, RateLimitConfig, Unit,
    cell::{Cell, Pace, Rate},
};

/// Paces that are remembered; a server that names more units than this is not followed in the rest.
pub(super) const MAX_PACES: usize = 4;

/// Why a call does not go: until then, or, with `None`, ever.
pub(super) type Refused = Option<u64>;

/// The quotas, and what the server asked for.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) learn: Learn,
    /// What is configured, or, by [`Learn::Follow`], the more that the server allows.
    pub(super) quotas: Vec<Cell>,
    /// What the server allows less of than a configured quota does, at most one for each. It holds
    /// beside that quota, which goes on counting: once it ends, what went before it still counts.
    pub(super) learned: Vec<Cell>,
    pub(super) paces: Vec<Pace>,
}

impl Cells {
    pub(super) fn new(config: &RateLimitConfig, now: u64) -> Self {
        let quotas = config.quotas().iter();
        Self {
            learn: config.learn,
            quotas: quotas.map(|quota| Cell::new(*quota, now)).collect(),
            learned: Vec::new(),
            paces: Vec::new(),
        }
    }

    /// Returns what the atomics can hold: no quota at all, or one of calls.
    pub(super) fn single(&self) -> Option<(Rate, u64)> {
        if !self.paces.is_empty() || !self.learned.is_empty() {
            return None;
        }
        match self.quotas.as_slice() {
            [] => Some((Rate::default(), 0)),
            [one] if one.unit() == Unit::CALLS => Some((one.rate, one.due)),
            _ => None,
        }
    }

    /// The configured quotas and the learned ones.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Cell> {
        self.quotas.iter_mut().chain(&mut self.learned)
    }

    /// The place of what was learned about a configured quota.
    pub(super) fn learned_of(&self, configured: &Quota) -> Option<usize> {
        let mut learned = self.learned.iter();
        learned.position(|cell| cell.configured == *configured)
    }

    /// What holds for each configured quota.
    pub(super) fn in_force(&self) -> impl Iterator<Item = Quota> {
        self.quotas.iter().map(|cell| {
            let learned = self.learned_of(&cell.configured);
            let cell = learned.and_then(|at| self.learned.get(at)).unwrap_or(cell);
            cell.quota
        })
    }

    /// Forgets the paces whose window is over.
    pub(super) fn expire(&mut self, now: u64) {
        self.paces.retain(|pace| pace.until > now);
    }

    /// Takes the next slot in which every quota has room, or nothing from any. It is not before
    /// `booked`, the latest slot that a caller waits for: who asks later goes later.
    pub(super) fn reserve(
        &mut self,
        cost: &Cost,
        [not_before, booked]: [u64; 2],
        now: u64,
        latest: u64,
    ) -> Result<u64, Refused> {
        let mut go = now.max(not_before);
        for cell in self.quotas.iter().chain(&self.learned) {
            let amount = cost.of(cell.unit());
            if amount > 0 {
                let ready = cell.ready(amount, not_before).ok_or(None)?;
                go = go.max(ready).max(booked);
            }
        }
        for pace in &self.paces {
            if cost.of(pace.unit) > 0 {
                go = go.max(pace.due).max(booked);
            }
        }
        if go > now && go > latest {
            return Err(Some(go));
        }
        for cell in self.all_mut() {
            let amount = cost.of(cell.unit());
            if amount > 0 {
                cell.charge(amount, go, not_before);
            }
        }
        for pace in &mut self.paces {
            let amount = cost.of(pace.unit);
            if amount > 0 {
                pace.charge(amount, go);
            }
        }
        Ok(go)
    }

    /// Makes up for the difference between what was reserved and what was used.
    pub(super) fn settle(&mut self, estimated: &Cost, actual: &Cost, now: u64) {
        for cell in self.all_mut() {
            let (taken, used) = (estimated.of(cell.unit()), actual.of(cell.unit()));
            if used > taken {
                cell.owe(used - taken, now);
            } else if used < taken {
                cell.give_back(taken - used, now);
            }
        }
    }

    /// Replaces the quotas. What was taken of a unit stays taken; the state of the quota with the
    /// nearest time is carried over. What was learned is forgotten.
    pub(super) fn change(&mut self, config: &RateLimitConfig, not_before: u64, now: u64) {
        let old = std::mem::take(&mut self.quotas);
        self.learned.clear();
        self.learn = config.learn;
        let carried = |quota: &Quota| {
            let of_unit = old.iter().filter(|cell| cell.unit() == quota.unit());
            let nearest = of_unit.min_by_key(|cell| ratio(&cell.configured, quota));
            let Some(mut cell) = nearest.copied() else {
                return Cell::new(*quota, now);
            };
            cell.configured = *quota;
            cell.change(*quota, now, not_before);
            cell
        };
        self.quotas = config.quotas().iter().map(carried).collect();
    }
}

/// How many times the times of two quotas differ, in thousandths.
fn ratio(one: &Quota, other: &Quota) -> u128 {
    let (one, other) = (one.per().as_nanos().max(1), other.per().as_nanos().max(1));
    one.max(other).saturating_mul(1_000) / one.min(other)
}
