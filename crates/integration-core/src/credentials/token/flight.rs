//! One fetch that many wait for.

use tokio::{sync::watch, time::Instant};

use crate::{credentials::lender::Lent, error::Result};

/// A fetch under way, as those who wait for it hold it.
#[derive(Clone, Debug)]
pub(super) struct Flight(watch::Receiver<Option<Result<Lent>>>);

/// What ends the wait of all. Dropped without a result, it sends them off to try again.
#[derive(Debug)]
pub(super) struct Landing(watch::Sender<Option<Result<Lent>>>);

/// Why a wait ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// The time of the caller is over.
    Late,
    /// The fetch was broken off.
    BrokenOff,
}

pub(super) fn flight() -> (Flight, Landing) {
    let (sender, receiver) = watch::channel(None);
    (Flight(receiver), Landing(sender))
}

impl Flight {
    /// Waits for the result. Dropping the future leaves the fetch alone.
    pub(super) async fn result(mut self, deadline: Instant) -> Result<Result<Lent>, Unheard> {
        let landed = self.0.wait_for(Option::is_some);
        match tokio::time::timeout_at(deadline, landed).await {
            Err(_) => Err(Unheard::Late),
            Ok(Err(_)) => Err(Unheard::BrokenOff),
            Ok(Ok(result)) => result.clone().ok_or(Unheard::BrokenOff),
        }
    }
}

impl Landing {
    pub(super) fn land(&self, result: Result<Lent>) {
        self.0.send_replace(Some(result));
    }
}
