//! The loop of a dispatcher.

use std::{future::Future, pin::pin, time::Duration};

use integration_core::Result;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};

use super::{
    Dispatcher, Outcome,
    attempt::{self, Finished},
    slots::Slots,
};
use crate::{
    id::UnixMillis,
    limits,
    store::{ClaimRequest, Lease, Resolution, Settled, Settlement, Store},
};

/// How long to leave a store alone that has just failed.
const STORE_PAUSE: Duration = Duration::from_millis(200);

type Ended = std::result::Result<(Id, Finished), JoinError>;

pub(super) struct Run<S: ?Sized> {
    it: Dispatcher<S>,
    slots: Slots,
    tasks: JoinSet<Finished>,
    /// Results that are not on disk yet; each holds its slot, so this is as bounded as they are.
    unsettled: Vec<Settlement>,
    next_beat: Instant,
}

impl<S: Store + ?Sized> Run<S> {
    pub(super) fn new(it: Dispatcher<S>) -> Self {
        Self {
            slots: Slots::new(it.config.max_in_flight, it.routes.len()),
            tasks: JoinSet::new(),
            unsettled: Vec::new(),
            next_beat: it.clock.now(),
            it,
        }
    }

    pub(super) async fn until(mut self, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
        let mut shutdown = pin!(shutdown);
        let mut changes = self.it.store.changes();
        loop {
            self.beat().await;
            changes.mark_unchanged();
            let wait = match self.round().await {
                Ok(claimed) => self.idle(claimed).await,
                Err(error) => {
                    tracing::warn!(%error, "the store failed; trying again");
                    STORE_PAUSE
                }
            };
            let failing = wait == STORE_PAUSE && !self.unsettled.is_empty();
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = self.tasks.join_next_with_id(), if !failing => self.collect(ended),
                Ok(()) = changes.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.drain().await
    }

    fn now(&self) -> UnixMillis {
        UnixMillis::from_duration(self.it.clock.unix())
    }

    /// Settles what has finished and claims for what is free, in one commit. Returns how many
    /// were claimed.
    async fn round(&mut self) -> Result<usize> {
        let mut freed = 0;
        while self.unsettled.len() > limits::MAX_SETTLE {
            freed += self.settle_some().await?;
        }
        let now = self.it.clock.now();
        let (room, routes) = self.slots.free(&self.it.routes, now, &self.unsettled);
        let claim = ClaimRequest {
            limit: room.min(limits::MAX_CLAIM),
            lease: self.it.config.lease,
            now: self.now(),
            routes: Some(routes),
        };
        if claim.limit == 0 {
            return Ok(freed + self.settle().await?);
        }
        let ended = self.unsettled.clone();
        let (settled, claimed) = self.it.store.settle_and_claim(ended, claim).await?;
        freed += self.settled(&settled);
        let count = claimed.len();
        for lease in claimed {
            self.start(lease);
        }
        Ok(count.max(freed))
    }

    fn start(&mut self, lease: Lease) {
        let found = self.it.routes.iter().position(|r| r.name == lease.route);
        let Some(no) = found else { return };
        let route = &self.it.routes[no];
        let (handler, clock) = (route.handler.clone(), self.it.clock.clone());
        let attempt = attempt::run(handler, lease.clone(), route.attempt_timeout, clock);
        let task = self.tasks.spawn(attempt);
        self.slots.take(&lease, no, task, &*self.it.clock);
    }

    /// Takes in one result and all others that are there.
    fn collect(&mut self, first: Ended) {
        self.finish(first);
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.finish(ended);
        }
    }

    fn finish(&mut self, ended: Ended) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let now = self.now();
        let Some((delivery, held)) = self.slots.finished(id) else {
            return;
        };
        let (token, no, attempt) = (held.token, held.route, held.attempt);
        let finished = match ended {
            Ok((_, finished)) => finished,
            Err(error) => Finished {
                outcome: Outcome::Retry {
                    error: panic_text(error),
                    status: None,
                    after: None,
                },
                started_at: held.started_at,
                elapsed: self.it.clock.now().saturating_duration_since(held.start),
            },
        };
        let (backoff, config) = (&self.it.routes[no].backoff, &self.it.config);
        let (attempt, resolution, hold) =
            attempt::resolve(finished, attempt, backoff, config, now, &*self.it.rng);
        if let Some(time) = hold {
            self.slots.hold(no, self.it.clock.now(), time);
        }
        self.unsettled.push(Settlement {
            delivery,
            token,
            attempt,
            resolution,
        });
    }

    /// Writes down what has finished; what cannot be written stays for the next round.
    async fn settle(&mut self) -> Result<usize> {
        let mut freed = 0;
        while !self.unsettled.is_empty() {
            freed += self.settle_some().await?;
        }
        Ok(freed)
    }

    async fn settle_some(&mut self) -> Result<usize> {
        let count = self.unsettled.len().min(limits::MAX_SETTLE);
        let batch = self.unsettled[..count].to_vec();
        let settled = self.it.store.settle(batch, self.now()).await?;
        Ok(self.settled(&settled))
    }

    /// Frees the slots of the first that were unsettled, and returns how many.
    fn settled(&mut self, settled: &[Settled]) -> usize {
        for (settlement, settled) in self.unsettled.drain(..settled.len()).zip(settled) {
            if *settled == Settled::Stale {
                tracing::warn!(delivery = %settlement.delivery, "result came after its lease was lost");
            }
            self.slots.release(settlement.delivery);
        }
        settled.len()
    }

    /// Extends our own leases, then takes back those that ran out; in this order, so that a jump
    /// of the wall clock does not take our own work away.
    async fn beat(&mut self) {
        let now = self.it.clock.now();
        if now < self.next_beat {
            return;
        }
        self.next_beat = now + self.it.config.lease / 3;
        if let Err(error) = self.try_beat().await {
            tracing::warn!(%error, "leases could not be extended");
            self.next_beat = now + STORE_PAUSE;
        }
    }

    async fn try_beat(&mut self) -> Result<()> {
        let until = self.now().plus(self.it.config.lease);
        let leases = self.slots.leases();
        for part in leases.chunks(limits::MAX_SETTLE) {
            let settled = self.it.store.extend(part.to_vec(), until).await?;
            for (lease, settled) in part.iter().zip(settled) {
                if settled == Settled::Stale {
                    self.slots.lost(lease.delivery);
                    self.unsettled.retain(|s| s.delivery != lease.delivery);
                }
            }
        }
        self.it.store.release_expired(self.now()).await.map(drop)
    }

    /// Returns how long there is nothing to do unless something happens.
    async fn idle(&self, progressed: usize) -> Duration {
        if progressed > 0 {
            return Duration::ZERO;
        }
        let now = self.it.clock.now();
        let poll = self
            .it
            .config
            .poll
            .clamp(Duration::from_millis(1), MAX_POLL);
        let mut wait = poll.min(self.next_beat.saturating_duration_since(now));
        if let Some(until) = self.slots.next_release(now) {
            wait = wait.min(until.saturating_duration_since(now));
        }
        let (room, _) = self.slots.free(&self.it.routes, now, &self.unsettled);
        if room > 0
            && let Ok(Some(due)) = self.it.store.next_due().await
        {
            // What is due already and was not claimed belongs to a route that is full or held.
            let until_due = due.since(self.now());
            if until_due > Duration::ZERO {
                wait = wait.min(until_due);
            }
        }
        wait.max(Duration::from_millis(1))
    }

    /// Lets what runs finish for a while, then hands the rest back.
    async fn drain(mut self) -> Result<()> {
        let end = self.it.clock.now() + self.it.config.drain;
        while !self.tasks.is_empty() {
            self.beat().await;
            let step = end.min(self.next_beat.max(self.it.clock.now()));
            match tokio::time::timeout_at(step, self.tasks.join_next_with_id()).await {
                Ok(Some(ended)) => {
                    self.collect(ended);
                    // A failure is reported by the last settlement below.
                    let _retried_below = self.settle().await;
                }
                Ok(None) => break,
                Err(_) if self.it.clock.now() >= end => break,
                Err(_) => {}
            }
        }
        self.hand_back();
        self.settle().await.map(drop)
    }

    fn hand_back(&mut self) {
        self.tasks.abort_all();
        let due_at = self.now();
        for lease in self.slots.leases() {
            if self.unsettled.iter().all(|s| s.delivery != lease.delivery) {
                self.unsettled.push(Settlement {
                    delivery: lease.delivery,
                    token: lease.token,
                    attempt: crate::store::AttemptResult::default(),
                    resolution: Resolution::Release { due_at },
                });
            }
        }
        debug_assert!(self.slots.is_empty() || !self.unsettled.is_empty());
    }
}

/// The longest time between two looks at the store: what another process wrote is seen by then.
const MAX_POLL: Duration = Duration::from_secs(1);

fn panic_text(error: JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else {
        return "handler was cancelled".to_owned();
    };
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("handler panicked: {}", text.unwrap_or("no message"))
}
