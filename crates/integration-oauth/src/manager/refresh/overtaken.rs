//! Tokens in the hand of an owner that came too late to write them.

use std::sync::Arc;

use integration_core::{Error, ErrorKind, Result};

use super::{
    LONG_POLL, LeaseEnd, POLL, Stop,
    leased::Leased,
    save::{Patience, Writing, Written},
};
use crate::{
    connection::{ConnectionState, ReauthReason},
    manager::{access::Held, codec, errors::TOKENS, events::ConnectionChange},
    seal::Slot,
    store::{Leasing, Record},
};

impl Leased<'_> {
    /// Sees newer tokens of ours through, though the lease was granted to somebody else since.
    pub(super) async fn overtaken(
        mut self,
        mut writing: Writing,
        changes: Vec<ConnectionChange>,
        patience: Patience,
    ) -> Result<Arc<Held>, Stop> {
        let mut tries = 0;
        loop {
            match Box::pin(self.settle(&mut writing, &changes)).await {
                Ok(Some(held)) => return Ok(held),
                Ok(None) => {}
                Err(stop @ (Stop::Missing | Stop::LeaseOver)) => {
                    self.give_back(&writing).await;
                    return Err(stop);
                }
                Err(Stop::Failed(error)) => {
                    tries += 1;
                    self.run.serve_unsaved(&writing.held, &error);
                }
            }
            if !patience.wait(&self.run.inner, tries).await {
                return Ok(self.run.given_up(&writing));
            }
        }
    }

    /// Goes one step: leaves the tokens for the owner of now, or writes them in its place when it
    /// is done without.
    async fn settle(
        &mut self,
        writing: &mut Writing,
        changes: &[ConnectionChange],
    ) -> Result<Option<Arc<Held>>, Stop> {
        let now = self.run.read().await?;
        if now.version != self.record.version {
            return self.yield_to(&now, writing).await;
        }
        self.park(writing).await?;
        self.run.serve_unsaved(&writing.held, &overtaken());
        let inner = Arc::clone(&self.run.inner);
        let key = self.run.cell.key.clone();
        let (began, ttl) = (inner.moment(), inner.config.lease_ttl);
        let lease = inner.store.lease(&key, &inner.owner, ttl);
        match inner.bounded(lease).await? {
            Leasing::Missing => Err(Stop::Missing),
            Leasing::Held { wait, record } => {
                let limit = wait.clamp(POLL, LONG_POLL);
                inner.changed(&key, record.version, POLL..=limit).await?;
                Ok(None)
            }
            Leasing::Granted { record } if record.version == self.record.version => {
                self.record = record;
                self.ends = LeaseEnd::new(began, ttl);
                let fence = Some(self.record.fence);
                match self.run.write(&self.record, fence, writing).await? {
                    Written::Done => Ok(Some(self.run.saved(writing, changes.to_vec()).await)),
                    Written::Overtaken => Ok(None),
                }
            }
            Leasing::Granted { record } => {
                let release = inner
                    .store
                    .release(&key, record.fence, record.intent_at.is_some());
                inner.bounded(release).await?;
                self.yield_to(&record, writing).await
            }
        }
    }

    /// Bows to what somebody else wrote, unless it was that the tokens are lost: they are here.
    async fn yield_to(
        &mut self,
        now: &Record,
        writing: &mut Writing,
    ) -> Result<Option<Arc<Held>>, Stop> {
        match &now.state {
            ConnectionState::NeedsReauth(ReauthReason::RotationInterrupted) => {
                match self.run.write(now, None, writing).await? {
                    Written::Done => {
                        let changes = vec![ConnectionChange::Recovered];
                        Ok(Some(self.run.saved(writing, changes).await))
                    }
                    Written::Overtaken => Ok(None),
                }
            }
            state => {
                let is_over = matches!(
                    state,
                    ConnectionState::Revoked | ConnectionState::Disconnected
                );
                if is_over {
                    self.give_back(writing).await;
                }
                // A login does not end the lease that it overtakes.
                self.release(false).await;
                let view = self.run.adopt(now).await?;
                self.run.cell.set_unsaved(&self.run.inner, false);
                Ok(Some(view.held))
            }
        }
    }

    async fn park(&self, writing: &Writing) -> Result<()> {
        let (inner, key) = (&self.run.inner, &self.run.cell.key);
        let fence = self.record.fence;
        let plain = codec::encode(&writing.dated)?;
        let slot = Slot::parked(key, fence);
        let sealed = inner.bounded(inner.vault.seal(&slot, &plain)).await?;
        inner.bounded(inner.store.park(key, fence, sealed)).await
    }

    /// Revokes tokens that nobody wants any more, as well as that can be done.
    async fn give_back(&self, writing: &Writing) {
        let (run, limit) = (&self.run, self.run.inner.config.exchange_timeout);
        let revoke = run.cell.refresher.revoke(&writing.dated.tokens);
        let revoked = tokio::time::timeout(limit, revoke).await;
        if !matches!(revoked, Ok(Ok(()))) {
            let provider = run.cell.key.provider();
            tracing::warn!(
                provider,
                "tokens of a connection that was ended could not be revoked"
            );
        }
    }
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Conflict, TOKENS).with_message("the lease was granted to somebody else")
}
