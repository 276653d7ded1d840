//! What calls tell about their service.

use std::{collections::HashMap, fmt, sync::Arc};

use foldhash::fast::RandomState;
use parking_lot::RwLock;

use super::{
    registry::{Inner, Watched},
    service::Fact,
};
use crate::observer::{Event, Happening, Observer};

/// Feeds a [`HealthRegistry`](super::HealthRegistry) with what happens in calls.
///
/// Every end of an attempt takes one lock, that of its service; nothing is allocated for a service
/// that is known.
pub struct HealthObserver {
    inner: Arc<Inner>,
    /// Before the key, where several clients use the same.
    prefix: Option<Box<str>>,
    /// By key. Holds no more than the registry does.
    known: RwLock<HashMap<Box<str>, Arc<Watched>, RandomState>>,
}

impl HealthObserver {
    pub(super) fn new(inner: Arc<Inner>, prefix: Option<Box<str>>) -> Self {
        Self {
            inner,
            prefix,
            known: RwLock::default(),
        }
    }

    fn watched(&self, key: &str) -> Option<Arc<Watched>> {
        if let Some(watched) = self.known.read().get(key) {
            return Some(Arc::clone(watched));
        }
        let watched = match &self.prefix {
            Some(prefix) => self.inner.watch(&format!("{prefix}/{key}")),
            None => self.inner.watch(key),
        }?;
        let mut known = self.known.write();
        known.insert(Box::from(key), Arc::clone(&watched));
        Some(watched)
    }
}

impl Observer for HealthObserver {
    fn on_event(&self, event: &Event<'_>) {
        let fact = match event.what {
            Happening::AttemptEnded { kind, .. } => Fact::Attempt(kind),
            Happening::CircuitChanged { to } => Fact::Circuit(to),
            Happening::Paused { wait } => Fact::Paused(wait),
            _ => return,
        };
        if let Some(watched) = self.watched(event.key) {
            self.inner.learn(&watched, fact);
        }
    }
}

impl fmt::Debug for HealthObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthObserver")
            .field("prefix", &self.prefix)
            .field("known", &self.known.read().len())
            .finish_non_exhaustive()
    }
}
