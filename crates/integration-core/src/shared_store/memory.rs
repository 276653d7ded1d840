//! The store of one process.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    gcra::{self, Bill, Cells, Slot},
    store::{Answer, Demands, Grant, Payment, SharedStore, Verdict},
};
use crate::{
    clock::SharedClock,
    error::Result,
    keyed::{Keyed, KeyedConfig},
    pause::MAX_PAUSE,
    retry_budget::{RetryBudget, RetryBudgetConfig},
};

/// Keeps everything in this process: for tests, and for several clients of one process.
///
/// It does what the other stores do, so that a test with it tells how a fleet behaves.
#[derive(Debug)]
pub struct MemoryStore {
    clock: SharedClock,
    origin: Instant,
    /// Microseconds after `origin` at which it forgot; `u64::MAX` while it never did.
    born: AtomicU64,
    config: KeyedConfig,
    /// Replaced as a whole when everything is forgotten.
    keys: Mutex<Keyed<Mutex<Gate>>>,
}

#[derive(Debug, Default)]
struct Gate {
    cells: Cells,
    paused_until: u64,
    budget: Option<RetryBudget>,
}

impl MemoryStore {
    /// Creates an empty store that holds so many keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the configuration is not valid.
    pub fn new(config: KeyedConfig, clock: SharedClock) -> Result<Self> {
        let origin = clock.now();
        let keys = Keyed::new(config.clone(), origin)?;
        Ok(Self {
            clock,
            origin,
            born: AtomicU64::new(u64::MAX),
            config,
            keys: Mutex::new(keys),
        })
    }

    /// Forgets everything, as a store does that is started again without its data.
    pub fn forget(&self) {
        let now = self.clock.now();
        *self.keys.lock() = Keyed::from_valid(self.config.clone(), now);
        self.born.store(self.micros(now), Ordering::Release);
    }

    /// Works on one key at one instant.
    fn with<T>(&self, key: &str, work: impl FnOnce(&mut Gate, u64, Instant) -> T) -> T {
        let now = self.clock.now();
        let gate = self.keys.lock().get(key, now, Mutex::default);
        let mut gate = gate.lock();
        work(&mut gate, self.micros(now), now)
    }

    fn micros(&self, now: Instant) -> u64 {
        gcra::micros(now.saturating_duration_since(self.origin))
    }

    fn admit_now(&self, key: &str, demands: &Demands, max_wait: Duration) -> Grant {
        let bill = Bill::new(demands);
        let max_wait = gcra::micros(max_wait);
        self.with(key, |gate, now, _| {
            let age = match self.born.load(Ordering::Acquire) {
                u64::MAX => None,
                born => Some(now.saturating_sub(born)),
            };
            let verdict = gate.admit(&bill, now, age.unwrap_or(u64::MAX), max_wait);
            let age = age.map_or(Duration::MAX, Duration::from_micros);
            Grant { verdict, age }
        })
    }

    fn withdraw_now(
        &self,
        key: &str,
        config: &RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Result<Payment> {
        self.with(key, |gate, _, now| {
            let budget = match &mut gate.budget {
                Some(budget) => budget,
                none => none.insert(RetryBudget::new(config.clone(), now)?),
            };
            for _ in 0..calls {
                budget.deposit();
            }
            Ok(match budget.withdraw(price, now) {
                Ok(_) => Payment::Paid,
                Err(denied) => Payment::Denied(
                    denied
                        .until
                        .map(|until| until.saturating_duration_since(now)),
                ),
            })
        })
    }
}

impl Gate {
    fn admit(&mut self, bill: &Bill, now: u64, age: u64, max_wait: u64) -> Verdict {
        if now < self.paused_until {
            return Verdict::Paused(Duration::from_micros(self.paused_until - now));
        }
        if self.paused_until > 0 {
            // After a pause there is no burst.
            for (cell, terms) in self.cells.iter_mut().zip(bill.terms()) {
                *cell = (*cell).max(Some(self.paused_until + terms.tolerance));
            }
        }
        match gcra::book(&mut self.cells, bill, now, age, max_wait) {
            Slot::Taken(0) => Verdict::Go,
            Slot::Taken(wait) => Verdict::Wait(Duration::from_micros(wait)),
            Slot::Full(wait) => Verdict::Full(Duration::from_micros(wait)),
        }
    }
}

impl SharedStore for MemoryStore {
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant> {
        Box::pin(async move { Ok(self.admit_now(key, demands, max_wait)) })
    }

    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()> {
        Box::pin(async move {
            let wait = gcra::micros(wait.min(MAX_PAUSE));
            self.with(key, |gate, now, _| {
                gate.paused_until = gate.paused_until.max(now + wait);
            });
            Ok(())
        })
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment> {
        Box::pin(async move { self.withdraw_now(key, budget, calls, price) })
    }
}
