//! What a layer is made of beside its configuration.

use std::{fmt, sync::Arc};

use crate::{
    clock::{SharedClock, SystemClock},
    keyed::KeyedConfig,
    rng::{FastRng, Rng},
};

/// Time, chance and room for keys. The default is what a program wants; tests bring their own.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parts {
    /// Tells the time. Default: [`SystemClock`].
    pub clock: SharedClock,
    /// Draws jitter. Default: [`FastRng`].
    pub rng: Arc<dyn Rng>,
    /// How many keys are held, and how long.
    pub keys: KeyedConfig,
}

impl Parts {
    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where jitter is drawn.
    #[must_use]
    pub fn with_rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Sets how many keys are held, and how long.
    #[must_use]
    pub fn with_keys(mut self, keys: KeyedConfig) -> Self {
        self.keys = keys;
        self
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: SystemClock::shared(),
            rng: Arc::new(FastRng),
            keys: KeyedConfig::default(),
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("clock", &self.clock)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
