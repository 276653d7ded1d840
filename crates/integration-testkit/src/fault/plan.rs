//! What goes wrong with which call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The call is made, and its result comes later.
    Latency(Duration),
    /// The call is answered with this status instead.
    Status(u16),
    /// The call fails instead.
    Error,
    /// The connection is reset instead.
    Reset,
    /// The answer makes no sense.
    Garbage,
    /// The call is not made and never ends.
    Stall,
}

/// Faults and their rates. Clones count their calls together.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    seed: u64,
    /// Each with the end of its part of the numbers from 0 to 1.
    faults: Vec<(f64, Fault)>,
    next: Arc<AtomicU64>,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            faults: Vec::new(),
            next: Arc::default(),
        }
    }

    pub(super) fn add(&mut self, rate: f64, fault: Fault) {
        let before = self.faults.last().map_or(0.0, |(end, _)| *end);
        self.faults.push((before + rate.clamp(0.0, 1.0), fault));
    }

    pub(super) fn fault(&self, number: u64) -> Option<Fault> {
        let drawn = self.rng(number).f64();
        let fault = self.faults.iter().find(|(end, _)| drawn < *end);
        fault.map(|(_, fault)| *fault)
    }

    /// Returns the number of the next call and what goes wrong with it.
    pub(super) fn next(&self) -> (u64, Option<Fault>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number, self.fault(number))
    }

    pub(super) fn calls(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Returns the chance of one call.
    pub(super) fn rng(&self, number: u64) -> fastrand::Rng {
        // An odd factor spreads the numbers, so that neighbours draw from unlike states.
        let state = self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        fastrand::Rng::with_seed(state)
    }
}
