//! What is asked of the other processes, in futures of their own.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    admit::Admitted,
    call::CallState,
    shared::{Policies, SharedFleet},
};
use crate::{
    admission::Denied,
    error::ErrorKind,
    shared_store::{Demands, Fleet, Verdict},
};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Asks for the slot of an attempt.
pub(super) type Asking = Boxed<Verdict>;

/// Tells of a pause and pays for a retry.
pub(super) type Paying = Boxed<Result<(), Denied>>;

impl CallState {
    /// Asks pause and quotas of the fleet. The first attempt of a call also earns its share of the
    /// budget.
    pub(super) fn ask(&self, fleet: &SharedFleet, now: Instant) -> Asking {
        let max_wait = self.deadline.saturating_duration_since(now);
        let demands = fleet.demands(&self.options.cost());
        let is_first = self.attempt == 0;
        let (fleet, policies) = self.parts(fleet);
        Box::pin(async move {
            if is_first {
                fleet.deposit(&policies.key).await;
            }
            ask(&fleet, &policies, demands, max_wait).await
        })
    }

    /// Goes on with what the fleet said.
    pub(super) fn asked(&mut self, verdict: Verdict, now: Instant) -> Admitted {
        match verdict {
            Verdict::Go => {
                self.has_slot = true;
                self.admit(now)
            }
            Verdict::Wait(wait) => {
                self.has_slot = true;
                self.wait_or_refuse(ErrorKind::LimitedLocally, now + wait, now)
            }
            Verdict::Full(wait) => self.wait_or_refuse(ErrorKind::LimitedLocally, now + wait, now),
            Verdict::Paused(wait) => self.wait_or_refuse(ErrorKind::Paused, now + wait, now),
        }
    }

    /// Tells the fleet of a pause, and pays `price` for a retry if there is to be one.
    pub(super) fn pay(
        &self,
        fleet: &SharedFleet,
        hint: Option<Duration>,
        price: Option<u32>,
    ) -> Paying {
        let (fleet, policies) = self.parts(fleet);
        Box::pin(async move {
            if let Some(wait) = hint {
                fleet.pause(&policies.key, wait).await;
            }
            match price {
                Some(price) => fleet.withdraw(&policies.key, price).await,
                None => Ok(()),
            }
        })
    }

    fn parts(&self, fleet: &SharedFleet) -> (Arc<Fleet>, Arc<Policies>) {
        (Arc::clone(&fleet.fleet), Arc::clone(&self.policies))
    }
}

async fn ask(fleet: &Fleet, policies: &Policies, demands: Demands, max_wait: Duration) -> Verdict {
    fleet.admit(&policies.key, &demands, max_wait).await
}
