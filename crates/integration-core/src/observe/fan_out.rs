//! Several observers as one, and a closure as one.

use std::{fmt, sync::Arc};

use super::Exchange;
use crate::observer::{Event, Observer};

/// Tells several observers, in the order in which they were added.
#[derive(Clone, Default)]
pub struct Observers {
    observers: Vec<Arc<dyn Observer>>,
}

impl Observers {
    /// Tells nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an observer, which is told after those that were added before.
    #[must_use]
    pub fn with(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }
}

impl Observer for Observers {
    fn on_event(&self, event: &Event<'_>) {
        for observer in &self.observers {
            observer.on_event(event);
        }
    }

    fn on_exchange(&self, exchange: &Exchange<'_>) {
        for observer in &self.observers {
            observer.on_exchange(exchange);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("len", &self.observers.len())
            .finish()
    }
}

/// Makes an observer of events of a closure.
pub fn from_fn<F>(tell: F) -> FromFn<F>
where
    F: Fn(&Event<'_>) + Send + Sync,
{
    FromFn { tell }
}

/// Tells a closure. Made by [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F> {
    tell: F,
}

impl<F> Observer for FromFn<F>
where
    F: Fn(&Event<'_>) + Send + Sync,
{
    fn on_event(&self, event: &Event<'_>) {
        (self.tell)(event);
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}
