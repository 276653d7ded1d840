//! A store whose moods a test sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use crate::{
    Error, ErrorKind,
    clock::SystemClock,
    keyed::KeyedConfig,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    shared_store::{Answer, Demands, Grant, MemoryStore, Payment, SharedStore},
};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const KEY: &str = "api.example.com";

/// What the store does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Works,
    Fails(ErrorKind),
    NeverAnswers,
}

#[derive(Debug)]
pub(super) struct Moody {
    pub(super) inner: MemoryStore,
    mood: Mutex<Mood>,
    asked: AtomicU32,
    pub(super) resets: AtomicU32,
}

impl Moody {
    fn then<'a, T: Send + 'a>(&'a self, answer: Answer<'a, T>) -> Answer<'a, T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock();
        Box::pin(async move {
            match mood {
                Mood::Works => answer.await,
                Mood::Fails(kind) => Err(Error::new(kind, "shared_store")),
                Mood::NeverAnswers => std::future::pending().await,
            }
        })
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    pub(super) fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl SharedStore for Moody {
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant> {
        self.then(self.inner.admit(key, demands, max_wait))
    }

    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()> {
        self.then(self.inner.pause(key, wait))
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment> {
        self.then(self.inner.withdraw(key, budget, calls, price))
    }

    fn reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn moody() -> Arc<Moody> {
    let inner = MemoryStore::new(KeyedConfig::default(), SystemClock::shared()).unwrap();
    Arc::new(Moody {
        inner,
        mood: Mutex::new(Mood::Works),
        asked: AtomicU32::new(0),
        resets: AtomicU32::new(0),
    })
}

pub(super) fn demands(permits: u32, burst: u32) -> Demands {
    Demands::one(Quota::per_second(permits).with_burst(burst)).unwrap()
}
