//! What the policies stand on.

use std::{fmt, sync::Arc};

use crate::{
    clock::{SharedClock, SystemClock},
    observer::Observer,
    rng::{FastRng, Rng},
    shared_store::Fleet,
};

/// Time, chance, and who is told: what all calls of a layer or client share beside their
/// configuration.
#[derive(Clone)]
pub struct Parts {
    pub(crate) clock: SharedClock,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) fleet: Option<Arc<Fleet>>,
}

impl Parts {
    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where jitter is drawn. Default: [`FastRng`].
    #[must_use]
    pub fn with_rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Sets who is told what happens inside calls. Default: nobody.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Shares the quotas of the configuration, pauses and the retry budget with other processes.
    /// Default: they are of this process alone.
    #[must_use]
    pub fn with_fleet(mut self, fleet: Arc<Fleet>) -> Self {
        self.fleet = Some(fleet);
        self
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: SystemClock::shared(),
            rng: Arc::new(FastRng),
            observer: None,
            fleet: None,
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("clock", &self.clock)
            .field("has_observer", &self.observer.is_some())
            .field("has_fleet", &self.fleet.is_some())
            .finish_non_exhaustive()
    }
}
