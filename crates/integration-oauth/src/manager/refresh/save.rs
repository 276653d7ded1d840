//! Writing down what an exchange brought. From the answer on it exists nowhere else.

use std::{sync::Arc, time::Duration};

use integration_core::{Error, Result};
use tokio::time::{Instant, sleep};

use super::{LeaseEnd, Run, Stop, leased::Leased};
use crate::{
    connection::{ConnectionState, ReauthReason},
    manager::{access::Held, codec::Dated, events::ConnectionChange},
    store::{Change, Record, Swap},
};

/// The wait after a write that failed, doubled each time.
const RETRY: Duration = Duration::from_millis(100);

/// The longest such wait: shorter than an owner after us waits for us.
const MAX_RETRY: Duration = Duration::from_millis(400);

/// How often it is tried to write that a connection has ended: nothing is lost if it is not.
const MAX_CLOSE_TRIES: u32 = 3;

/// The next version of a connection on its way into the store.
pub(super) struct Writing {
    pub(super) dated: Dated,
    pub(super) state: ConnectionState,
    pub(super) held: Arc<Held>,
    /// Sealed once, so that it is known again.
    sealed: Option<Change>,
}

pub(super) enum Written {
    Done,
    /// Another owner was granted a lease, or wrote.
    Overtaken,
}

impl Writing {
    pub(super) fn new(version: u64, dated: Dated, state: ConnectionState) -> Result<Self> {
        Ok(Self {
            held: Held::new(version, state.clone(), Some(dated.clone()))?,
            dated,
            state,
            sealed: None,
        })
    }

    /// Makes it the version after this one.
    pub(super) fn rebase(&mut self, version: u64) -> Result<()> {
        if self.held.version != version + 1 {
            let dated = Some(self.dated.clone());
            self.held = Held::new(version + 1, self.state.clone(), dated)?;
            self.sealed = None;
        }
        Ok(())
    }
}

impl Leased<'_> {
    /// Keeps the next tokens, whatever it takes.
    pub(super) async fn save(
        self,
        dated: Dated,
        state: ConnectionState,
    ) -> Result<Arc<Held>, Stop> {
        let before = self.run.cell.view(&self.run.inner);
        let changes = changes(before.map(|view| view.held).as_deref(), &dated, &state);
        let mut writing = match Writing::new(self.record.version + 1, dated, state) {
            Ok(writing) => writing,
            Err(error) => {
                self.release(true).await;
                return Err(error.into());
            }
        };
        let patience = Patience::new(&self);
        let mut tries = 0;
        loop {
            let fence = Some(self.record.fence);
            match self.run.write(&self.record, fence, &mut writing).await {
                Ok(Written::Done) => return Ok(self.run.saved(&writing, changes).await),
                Ok(Written::Overtaken) => {
                    return self.overtaken(writing, changes, patience).await;
                }
                Err(stop @ (Stop::Missing | Stop::LeaseOver)) => return Err(stop),
                Err(Stop::Failed(error)) => {
                    tries += 1;
                    self.run.serve_unsaved(&writing.held, &error);
                    if !patience.wait(&self.run.inner, tries).await {
                        return Ok(self.run.given_up(&writing));
                    }
                }
            }
        }
    }

    /// Writes that only a new login helps. The tokens stay, so that they can be revoked.
    pub(super) async fn close(self, reason: ReauthReason, dated: Dated) -> Result<Arc<Held>, Stop> {
        let state = ConnectionState::NeedsReauth(reason.clone());
        let mut writing = Writing::new(self.record.version + 1, dated, state)?;
        let mut tries = 0;
        loop {
            let fence = Some(self.record.fence);
            match self.run.write(&self.record, fence, &mut writing).await {
                Ok(Written::Done) => {
                    let change = ConnectionChange::NeedsReauth { reason };
                    return Ok(self.run.saved(&writing, vec![change]).await);
                }
                // What others wrote holds; if they are still at it, they find out what we did.
                Ok(Written::Overtaken) => {
                    self.release(false).await;
                    let now = self.run.read().await?;
                    return Ok(self.run.adopt(&now).await?.held);
                }
                Err(stop) if tries == MAX_CLOSE_TRIES => {
                    self.release(true).await;
                    return Err(stop);
                }
                Err(_) => {
                    tries += 1;
                    sleep(RETRY).await;
                }
            }
        }
    }
}

impl Run {
    /// Writes a version once.
    pub(super) async fn write(
        &self,
        record: &Record,
        fence: Option<u64>,
        writing: &mut Writing,
    ) -> Result<Written, Stop> {
        let (inner, key) = (&*self.inner, &self.cell.key);
        writing.rebase(record.version)?;
        let version = writing.held.version;
        let change = match &writing.sealed {
            Some(change) => change.clone(),
            None => {
                let state = writing.state.clone();
                let change = inner.sealed(key, version, state, &writing.dated).await?;
                writing.sealed.insert(change).clone()
            }
        };
        let sealed = change.sealed.clone();
        let swap = inner
            .store
            .compare_and_swap(key, record.version, fence, change);
        match inner.bounded(swap).await? {
            Swap::Done(_) => Ok(Written::Done),
            Swap::Stale => {
                // An earlier try may have reached the store though we were not told.
                let now = self.read().await?;
                let is_ours = now.version == version && now.sealed == sealed;
                Ok(if is_ours {
                    Written::Done
                } else {
                    Written::Overtaken
                })
            }
        }
    }

    /// Hands out what is in the store now, and tells of it.
    pub(super) async fn saved(
        &mut self,
        writing: &Writing,
        changes: Vec<ConnectionChange>,
    ) -> Arc<Held> {
        let (inner, held) = (Arc::clone(&self.inner), &writing.held);
        self.take_in(held);
        self.cell.set_unsaved(&inner, false);
        self.land(held);
        let at = inner.clock.unix();
        inner
            .events
            .tell(&self.cell.key, held.version, at, changes)
            .await;
        Arc::clone(held)
    }

    /// Hands out what the store has not taken: it works all the same.
    pub(super) fn serve_unsaved(&mut self, held: &Arc<Held>, error: &Error) {
        if self.landing.is_none() {
            return;
        }
        let provider = self.cell.key.provider();
        tracing::error!(%error, provider, "new tokens could not be stored yet: they are in memory alone");
        self.take_in(held);
        self.cell.set_unsaved(&self.inner, true);
        self.land(held);
    }

    /// Ends the tries to store.
    pub(super) fn given_up(&self, writing: &Writing) -> Arc<Held> {
        let provider = self.cell.key.provider();
        tracing::error!(
            provider,
            "new tokens were not stored: the connection may need a new login"
        );
        Arc::clone(&writing.held)
    }

    fn take_in(&self, held: &Arc<Held>) {
        if let Err(error) = self.cell.adopt(&self.inner, held) {
            tracing::error!(%error, "provider of a connection is not known any more");
        }
    }
}

/// How long it is tried to store tokens.
pub(super) struct Patience {
    lease: LeaseEnd,
    ends: Instant,
}

impl Patience {
    fn new(leased: &Leased<'_>) -> Self {
        let inner = &leased.run.inner;
        Self {
            lease: leased.ends,
            ends: inner.clock.now() + inner.config.keep_unsaved,
        }
    }

    /// Waits before the next try; `false` when there is to be none. A shutdown leaves no more than
    /// the lease.
    pub(super) async fn wait(&self, inner: &crate::manager::inner::Inner, tries: u32) -> bool {
        let now = inner.clock.now();
        let is_leased = !self.lease.left(inner.moment()).is_zero();
        if now >= self.ends || (inner.tasks.is_closing() && !is_leased) {
            return false;
        }
        sleep(RETRY.saturating_mul(1 << tries.min(8)).min(MAX_RETRY)).await;
        true
    }
}

fn changes(before: Option<&Held>, dated: &Dated, state: &ConnectionState) -> Vec<ConnectionChange> {
    if let ConnectionState::NeedsReauth(reason) = state {
        let reason = reason.clone();
        return vec![ConnectionChange::NeedsReauth { reason }];
    }
    let before = before.and_then(|held| held.dated.as_ref());
    let scopes = before.and_then(|before| before.tokens.scopes.as_ref());
    let mut changes = vec![ConnectionChange::refreshed(&dated.tokens)];
    changes.extend(ConnectionChange::of_scopes(
        scopes,
        dated.tokens.scopes.as_ref(),
    ));
    changes
}
