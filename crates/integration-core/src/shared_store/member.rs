//! What one process keeps of one key.

use std::sync::atomic::AtomicU32;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{config::FleetConfig, share::Share};
use crate::{pause::Pause, retry_budget::RetryBudget};

/// What this process keeps of one key.
pub(super) struct Member {
    /// Every pause that this process knows of: it is not asked for twice.
    pub(super) pause: Pause,
    pub(super) share: Mutex<Share>,
    /// Used while the store is away. It is booked on all the time, so that it knows our calls.
    pub(super) budget: RetryBudget,
    /// Calls whose share of the budget was not sent yet.
    pub(super) pending: AtomicU32,
    /// Since when what the store holds for the key is not ours.
    unusable_since: Mutex<Option<Instant>>,
}

impl Member {
    pub(super) fn new(config: &FleetConfig, now: Instant) -> Self {
        Self {
            pause: Pause::new(now),
            share: Mutex::default(),
            budget: RetryBudget::from_valid(&config.own_budget(), now),
            pending: AtomicU32::new(0),
            unusable_since: Mutex::new(None),
        }
    }

    /// Notes that the key cannot be used; returns since when, and whether that is news.
    pub(super) fn unusable(&self, now: Instant) -> (Instant, bool) {
        let mut since = self.unusable_since.lock();
        let news = since.is_none();
        (*since.get_or_insert(now), news)
    }

    /// Notes that the key can be used; the next time it cannot is news again.
    pub(super) fn usable(&self) {
        *self.unusable_since.lock() = None;
    }
}
