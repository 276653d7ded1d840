//! One errand that many wait for.

use std::sync::Arc;

use integration_core::Result;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::manager::access::Held;

type Outcome = Option<Result<Arc<Held>>>;

/// An errand under way, as those who wait for it hold it.
#[derive(Clone, Debug)]
pub(in crate::manager) struct Flight(watch::Receiver<Outcome>);

/// What ends the wait of all. Dropped without a result, it sends them off to try again.
#[derive(Debug)]
pub(in crate::manager) struct Landing(watch::Sender<Outcome>);

/// Why a wait ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Unheard {
    /// The time of the caller is over.
    Late,
    /// The errand was broken off.
    BrokenOff,
}

pub(super) fn flight() -> (Flight, Landing) {
    let (sender, receiver) = watch::channel(None);
    (Flight(receiver), Landing(sender))
}

impl Flight {
    /// Waits for the result. Dropping the future leaves the errand alone.
    pub(in crate::manager) async fn result(
        mut self,
        deadline: Option<Instant>,
    ) -> Result<Result<Arc<Held>>, Unheard> {
        let landed = self.0.wait_for(Option::is_some);
        let landed = match deadline {
            Some(deadline) => timeout_at(deadline, landed)
                .await
                .map_err(|_| Unheard::Late)?,
            None => landed.await,
        };
        let outcome = landed.map_err(|_| Unheard::BrokenOff)?;
        outcome.clone().ok_or(Unheard::BrokenOff)
    }
}

impl Landing {
    pub(in crate::manager) fn land(&self, result: Result<Arc<Held>>) {
        self.0.send_replace(Some(result));
    }
}
