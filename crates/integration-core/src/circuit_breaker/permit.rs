//! The right to make one call.

use std::sync::Arc;

use tokio::time::Instant;

use super::{CircuitBreaker, CircuitState, Settled, gate::Gate};
use crate::error::Health;

/// One admitted call, as plain data.
///
/// It goes back to the breaker that gave it out, once: to `settle_pass` or to `release`.
#[derive(Clone, Copy, Debug)]
#[must_use = "a pass that does not go back may hold the slot of a probe for ever"]
pub(crate) struct Pass {
    pub(super) gate: Gate,
    /// What this admission changed the circuit to.
    pub(crate) changed: Option<CircuitState>,
}

impl Pass {
    pub(super) const fn through(gate: Gate) -> Self {
        Self {
            gate,
            changed: None,
        }
    }
}

/// One admitted call. Dropped without a result, it is neutral and frees its probe.
#[derive(Debug)]
#[must_use = "dropping it at once says that the call had no result"]
pub struct Permit {
    breaker: Arc<CircuitBreaker>,
    /// Taken when settled.
    pass: Option<Pass>,
    changed: Option<CircuitState>,
    admitted_at: Instant,
}

impl Permit {
    pub(super) fn new(breaker: Arc<CircuitBreaker>, pass: Pass, now: Instant) -> Self {
        Self {
            breaker,
            pass: Some(pass),
            changed: pass.changed,
            admitted_at: now,
        }
    }

    /// Returns the state that this admission changed the circuit to: half open for the first probe.
    #[must_use]
    pub fn changed(&self) -> Option<CircuitState> {
        self.changed
    }

    /// Reports the result of the call, which has taken from its admission to `now`.
    pub fn settle(mut self, health: Health, now: Instant) -> Settled {
        let elapsed = now.saturating_duration_since(self.admitted_at);
        match self.pass.take() {
            Some(pass) => self.breaker.settle_pass(pass, health, elapsed, now),
            None => Settled::Stale,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.breaker.release(pass);
        }
    }
}
