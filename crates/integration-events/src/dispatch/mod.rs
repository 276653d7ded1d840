//! Delivers what a store holds: claims, runs handlers side by side, settles in batches.
//!
//! One task owns all bookkeeping. In each round it settles what has finished and claims for the
//! slots that became free; both go to the store at once and share one commit. A slot is free again
//! only when its settlement is on disk, so a store that fails stops the claims instead of piling up
//! results.
//!
//! A handler may be called twice for the same delivery: after a crash, or when its lease ran out
//! because this process was stopped for longer than the lease. Destinations deduplicate on the
//! event id. What is never done is to run one delivery twice at once within one store while the
//! leases hold, or to accept the result of a lease that was lost.
//!
//! Leases end by the wall clock, as several processes share them. Before it takes back what ran
//! out, a dispatcher extends its own leases, so a jump of the clock forward does not take its work
//! away; it may take that of another process, whose result is then refused as stale. After a jump
//! back, retries and leases of lost workers wait longer by the jump.

mod attempt;
mod config;
mod outcome;
mod run;
mod slots;

use std::{future::Future, sync::Arc};

use integration_core::{FastRng, Result, Rng, SharedClock};

pub use self::{
    config::{DispatcherConfig, Route},
    outcome::{Deliver, Outcome},
};
use crate::store::Store;

/// Delivers what a store holds, until told to stop.
pub struct Dispatcher<S: ?Sized> {
    store: Arc<S>,
    clock: SharedClock,
    rng: Arc<dyn Rng>,
    config: DispatcherConfig,
    routes: Vec<Route>,
}

impl<S: ?Sized> std::fmt::Debug for Dispatcher<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher")
            .field("config", &self.config)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

impl<S: Store + ?Sized> Dispatcher<S> {
    /// Creates a dispatcher without routes. It claims only for the routes it is given.
    pub fn new(store: Arc<S>, clock: SharedClock, config: DispatcherConfig) -> Self {
        Self {
            store,
            clock,
            rng: Arc::new(FastRng),
            config,
            routes: Vec::new(),
        }
    }

    /// Adds a route; one with the same name is replaced.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.retain(|known| known.name != route.name);
        self.routes.push(route);
        self
    }

    /// Draws jitter from `rng` instead of [`FastRng`].
    #[must_use]
    pub fn with_rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Delivers until `shutdown` resolves, then stops claiming, gives what runs
    /// [`DispatcherConfig::drain`] to finish, and hands the rest back with its attempt unburned.
    ///
    /// A store that fails is asked again; dropping the future leaves its leases to run out.
    ///
    /// # Errors
    ///
    /// Those of the store for the last settlement; what could not be handed back is redelivered
    /// when its lease runs out.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
        run::Run::new(self).until(shutdown).await
    }
}
