//! An observer that remembers.

use std::sync::{Mutex, PoisonError};

use integration_core::observer::{Event, Happening, Observer};

/// Events that are remembered; later ones are dropped.
const MAX_EVENTS: usize = 100_000;

/// Remembers what happened inside calls, in order.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<(String, Happening)>>);

impl Recorder {
    /// Returns what happened so far.
    #[must_use]
    pub fn happenings(&self) -> Vec<Happening> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|(_, what)| *what).collect()
    }

    /// Returns every event as text, as a log would show it.
    #[must_use]
    pub fn text(&self) -> String {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|(line, _)| format!("{line}\n")).collect()
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event<'_>) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push((format!("{event:?}"), event.what));
        }
    }
}
