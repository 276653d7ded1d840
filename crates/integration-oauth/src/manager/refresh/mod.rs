//! The refresh of a connection: one task of one process at a time, over all processes.
//!
//! The task owns the exchange and the write, and nobody who waits for it can take it along. It
//! reads the connection; if its tokens are due, it asks the store for the right to refresh. That
//! grant is a write: a store that takes none has answered before a token is spent. Whoever does not
//! get the right waits for what the other one writes.

mod exchange;
mod leased;
mod overtaken;
mod save;

use std::{sync::Arc, time::Duration};

use integration_core::{Delivery, Error, ErrorKind, Result, credentials::Moment};
use tokio::time::sleep;

use self::leased::Leased;
use super::{
    access::Held,
    cell::{Cell, Landing, View},
    errors::{TOKENS, unknown},
    inner::Inner,
};
use crate::store::{Leasing, Record};

/// The shortest time between two looks at a connection that another process refreshes.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// The longest such time.
pub(super) const LONG_POLL: Duration = Duration::from_secs(1);

/// How often it is tried to read what a conclusion depends on.
const READS: u32 = 3;

/// How many leases may pass before a caller is told that others take too long.
const MAX_LEASES: u32 = 3;

/// Why somebody sets out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A caller wants a token.
    Demand,
    /// The connection is due in the background.
    Background,
}

/// Why there is nothing to go on with.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// There is no such connection.
    Missing,
    /// The lease ended before the exchange began: the machine slept, or the store is slow.
    LeaseOver,
    /// It may go better later.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An errand for the tokens of a connection.
pub(super) struct Run {
    inner: Arc<Inner>,
    cell: Arc<Cell>,
    landing: Option<Landing>,
    reason: Reason,
}

impl Run {
    pub(super) fn new(
        inner: &Arc<Inner>,
        cell: &Arc<Cell>,
        landing: Landing,
        reason: Reason,
    ) -> Self {
        Self {
            inner: Arc::clone(inner),
            cell: Arc::clone(cell),
            landing: Some(landing),
            reason,
        }
    }

    /// Runs to its end, whoever waits for it.
    pub(super) async fn run(mut self) {
        match Box::pin(self.fetch()).await {
            Ok(held) => self.land(&held),
            Err(Stop::Missing) => {
                self.cell.forget(&self.inner);
                self.land_error(&unknown(&self.cell.key));
            }
            Err(Stop::LeaseOver) => self.land_error(&too_slow()),
            Err(Stop::Failed(error)) => self.land_error(&error),
        }
    }

    /// Gives those who wait what they wait for. Only the first time counts.
    fn land(&mut self, held: &Arc<Held>) {
        if let Some(landing) = self.landing.take() {
            self.cell.land(&self.inner, None);
            landing.land(Ok(Arc::clone(held)));
        }
    }

    /// Gives those who wait the token that is due, if it works still: they need not wait for the
    /// next one.
    fn land_early(&mut self) {
        let Some((held, next)) = self.cell.relay(&self.inner) else {
            return;
        };
        if let Some(landing) = self.landing.replace(next) {
            landing.land(Ok(held));
        }
    }

    fn land_error(&mut self, error: &Error) {
        let Some(landing) = self.landing.take() else {
            return;
        };
        // Without a token to go on with, the callers are told and this is not said twice.
        if self.cell.land(&self.inner, Some(error)) {
            let provider = self.cell.key.provider();
            tracing::warn!(%error, provider, "token could not be refreshed, the one at hand is used");
        }
        landing.land(Err(error.clone()));
    }

    async fn fetch(&mut self) -> Result<Arc<Held>, Stop> {
        let mut record = self.read().await?;
        let mut leases = 0;
        loop {
            if let Some(held) = self.current(&record).await? {
                return Ok(held);
            }
            self.land_early();
            let inner = Arc::clone(&self.inner);
            let began = inner.moment();
            let ttl = inner.config.lease_ttl;
            let lease = inner.store.lease(&self.cell.key, &inner.owner, ttl);
            match inner.bounded(lease).await? {
                Leasing::Missing => return Err(Stop::Missing),
                Leasing::Granted { record: granted } => {
                    let leased = Leased::new(self, granted, LeaseEnd::new(began, ttl));
                    match Box::pin(leased.refresh()).await {
                        Err(Stop::LeaseOver) if leases < MAX_LEASES => {}
                        done => return done,
                    }
                    leases += 1;
                    record = self.read().await?;
                }
                Leasing::Held { .. } if leases == MAX_LEASES => return Err(others_fail().into()),
                Leasing::Held { wait, record: held } => {
                    leases += 1;
                    record = self.others(&held, wait).await?;
                }
            }
        }
    }

    async fn read(&self) -> Result<Record, Stop> {
        let record = self.inner.read(&self.cell.key).await?;
        record.ok_or(Stop::Missing)
    }

    /// Reads what must be known, though the store may falter.
    async fn read_patiently(&self) -> Result<Record, Stop> {
        for _ in 1..READS {
            if let Ok(record) = self.read().await {
                return Ok(record);
            }
            sleep(POLL).await;
        }
        self.read().await
    }

    /// Takes in what the store holds, and returns what is good unless it is to be replaced.
    async fn current(&self, record: &Record) -> Result<Option<Arc<Held>>, Stop> {
        let view = self.adopt(record).await?;
        let unix = self.inner.clock.unix();
        let is_due = self.reason == Reason::Background
            && record.due_at.is_some_and(|due| due <= unix)
            && view.held.version == record.version;
        let wants = view.wants_replacement || is_due;
        Ok((!wants).then_some(view.held))
    }

    /// Opens what the store holds if it is newer than what is at hand.
    async fn adopt(&self, record: &Record) -> Result<View, Stop> {
        let (inner, cell) = (&*self.inner, &*self.cell);
        let known = cell.view(inner).map(|view| view.held);
        let held = match known {
            // The same, but for what was looked at: to be noted.
            Some(held) if held.version == record.version && held.state == record.state => held,
            Some(held) if held.version > record.version => held,
            _ => {
                let dated = inner.opened(record).await?;
                Held::new(record.version, record.state.clone(), dated)?
            }
        };
        cell.adopt(inner, &held)?;
        cell.view(inner).ok_or(Stop::Missing)
    }

    /// Waits for what the owner of the lease writes; returns when that is there, or the lease over.
    async fn others(&self, held: &Record, wait: Duration) -> Result<Record, Stop> {
        let (inner, key) = (&*self.inner, &self.cell.key);
        let end = inner.clock.now() + wait;
        let mut fence = held.fence;
        loop {
            let left = end.saturating_duration_since(inner.clock.now());
            let limit = left.clamp(POLL, LONG_POLL);
            let limits = POLL.min(left)..=limit;
            inner.changed(key, held.version, limits).await?;
            let record = self.read().await?;
            let is_over = inner.clock.now() >= end;
            if record.version != held.version || is_over {
                return Ok(record);
            }
            match &record.lease {
                // It gave up, and knows why: what it could not do is not tried by all of us.
                None => return Err(others_fail().into()),
                Some(_) => fence = fence.max(record.fence),
            }
            if fence != held.fence {
                return Ok(record);
            }
        }
    }
}

impl Drop for Run {
    /// Runs for a provider that panicked, and for a runtime that ends.
    fn drop(&mut self) {
        if self.landing.is_none() {
            return;
        }
        if std::thread::panicking() {
            let error = Error::new(ErrorKind::Other, TOKENS).with_message("a refresh panicked");
            self.land_error(&error);
        } else {
            self.cell.abandon(&self.inner);
        }
    }
}

fn too_slow() -> Error {
    Error::new(ErrorKind::AttemptTimeout, TOKENS)
        .with_message("the store was so slow that no time was left for an exchange")
        .with_delivery(Delivery::NotSent)
}

fn others_fail() -> Error {
    Error::new(ErrorKind::Unavailable, TOKENS)
        .with_message("another process could not refresh the token")
        .with_delivery(Delivery::NotSent)
}

/// Until when a lease is ours: it was asked for before it began. By both clocks, as the store may
/// go by either while we sleep.
#[derive(Clone, Copy, Debug)]
struct LeaseEnd(Option<Moment>);

impl LeaseEnd {
    fn new(began: Moment, ttl: Duration) -> Self {
        Self(began.after(ttl))
    }

    /// Returns how long it still lasts.
    fn left(self, at: Moment) -> Duration {
        let left = self.0.map(|end| {
            let unix = end.unix.saturating_sub(at.unix);
            end.now.saturating_duration_since(at.now).min(unix)
        });
        left.unwrap_or_default()
    }
}
