//! What the owner of a lease does.

use std::{sync::Arc, time::Duration};

use integration_core::{Delivery, Error, Result};
use tokio::time::sleep;

use super::{LeaseEnd, Reason, Run, Stop, exchange::Asked};
use crate::{
    connection::{ConnectionState, ReauthReason},
    error::{OAuthError, Trouble},
    manager::{
        access::Held,
        cell::View,
        codec::{self, Dated},
    },
    seal::Slot,
    store::Record,
};

/// How long an owner before us that died, or only seemed to, is given to leave its tokens.
const GRACE: Duration = Duration::from_millis(500);

/// What of a lease is left for the write.
pub(super) const SAVING: Duration = Duration::from_millis(500);

/// The right to refresh a connection.
pub(super) struct Leased<'a> {
    pub(super) run: &'a mut Run,
    /// As it was granted.
    pub(super) record: Record,
    pub(super) ends: LeaseEnd,
}

impl<'a> Leased<'a> {
    pub(super) fn new(run: &'a mut Run, record: Record, ends: LeaseEnd) -> Self {
        Self { run, record, ends }
    }

    /// Whether an owner before us set out to spend the refresh token and has not told the end.
    fn is_take_over(&self) -> bool {
        self.record.intent_at.is_some()
    }

    pub(super) async fn refresh(mut self) -> Result<Arc<Held>, Stop> {
        // An owner that ended its lease itself is not late.
        if self.is_take_over() && self.record.lease.is_some() {
            self.wait_for_the_late().await?;
        }
        let view = match self.ready_for_exchange().await {
            Ok(Ok(view)) => view,
            Ok(Err(held)) => {
                self.release(self.is_take_over()).await;
                return Ok(held);
            }
            Err(stop) => {
                self.release(self.is_take_over()).await;
                return Err(stop);
            }
        };
        if let Some(found) = self.parked().await {
            return self.save(found, ConnectionState::Active).await;
        }
        let Some(dated) = view.held.dated.clone() else {
            self.release(false).await;
            return Ok(view.held);
        };
        if let Some(reason) = self.is_over(&dated) {
            return self.close(reason, dated).await;
        }
        self.exchange(dated, view).await
    }

    /// Returns what is to be replaced, or what is good already: it may have come between the look
    /// and the lease.
    async fn ready_for_exchange(&self) -> Result<Result<View, Arc<Held>>, Stop> {
        if let Some(held) = self.run.current(&self.record).await? {
            return Ok(Err(held));
        }
        let view = self.run.cell.view(&self.run.inner).ok_or(Stop::Missing)?;
        if view.held.version == self.record.version {
            Ok(Ok(view))
        } else {
            Ok(Err(view.held))
        }
    }

    /// Gives an owner that is only late the time to leave its tokens: the old one would be spent a
    /// second time for nothing, and cost the connection where that is taken for a theft.
    async fn wait_for_the_late(&mut self) -> Result<(), Stop> {
        if self.record.parked.is_some() {
            return Ok(());
        }
        sleep(GRACE).await;
        let now = self.run.read().await?;
        if now.fence == self.record.fence {
            let intent_at = self.record.intent_at;
            self.record = now;
            self.record.intent_at = intent_at.filter(|_| self.record.intent_at.is_some());
        }
        Ok(())
    }

    /// Opens newer tokens that a late owner left behind, if there are any.
    async fn parked(&self) -> Option<Dated> {
        let (fence, sealed) = self.record.parked.as_ref()?;
        let (inner, key) = (&self.run.inner, &self.run.cell.key);
        let slot = Slot::parked(key, *fence);
        let opened = inner.bounded(inner.vault.open(&slot, sealed)).await;
        match opened.and_then(|plain| codec::decode(&plain)) {
            Ok(dated) => (dated.base == self.record.version).then_some(dated),
            Err(error) => {
                tracing::warn!(%error, provider = key.provider(), "parked tokens do not open");
                None
            }
        }
    }

    /// Tells why the main token cannot be replaced, if it has ended and cannot be.
    fn is_over(&self, dated: &Dated) -> Option<ReauthReason> {
        let (tokens, unix) = (&dated.tokens, self.run.inner.clock.unix());
        let has_ended = |end: Option<Duration>| end.is_some_and(|end| unix >= end);
        if !has_ended(tokens.expires_at) || tokens.is_expiry_guessed {
            return None;
        }
        if !self.run.cell.refresher.can_refresh(tokens) {
            return Some(ReauthReason::NoRefreshToken);
        }
        has_ended(tokens.refresh_expires_at).then_some(ReauthReason::RefreshTokenExpired)
    }

    async fn exchange(self, dated: Dated, view: View) -> Result<Arc<Held>, Stop> {
        let inner = Arc::clone(&self.run.inner);
        let provider = self.run.cell.key.provider().to_owned();
        if let Err(error) = inner.admit(&provider) {
            self.release(self.is_take_over()).await;
            return Err(error.into());
        }
        let left = self.ends.left(inner.moment());
        let Some(limit) = left.checked_sub(SAVING).filter(|left| !left.is_zero()) else {
            self.release(self.is_take_over()).await;
            return Err(Stop::LeaseOver);
        };
        let limit = limit.min(inner.config.exchange_timeout);
        let is_background = self.run.reason == Reason::Background;
        let refresher = Arc::clone(&self.run.cell.refresher);
        let asked = Asked::of(&dated, &view, is_background, &*refresher, &inner);
        let exchanged = asked
            .exchange(&*self.run.cell.refresher, &dated, limit)
            .await;
        match exchanged.failure {
            None => inner.accept(&provider),
            Some(error) => {
                let trouble = Trouble::of(&error);
                self.learn(&provider, trouble, &error);
                if exchanged.next.is_none() {
                    return self.failed(trouble, error, dated).await;
                }
                let state = match trouble {
                    Trouble::Terminal => ConnectionState::NeedsReauth(refused(&error)),
                    Trouble::Config | Trouble::Transient => ConnectionState::Active,
                };
                return self.save_some(exchanged.next, state, &view.held).await;
            }
        }
        self.save_some(exchanged.next, ConnectionState::Active, &view.held)
            .await
    }

    async fn save_some(
        self,
        next: Option<crate::tokens::TokenSet>,
        state: ConnectionState,
        held: &Arc<Held>,
    ) -> Result<Arc<Held>, Stop> {
        let Some(tokens) = next else {
            self.release(self.is_take_over()).await;
            return Ok(Arc::clone(held));
        };
        let dated = Dated {
            tokens,
            obtained_at: self.run.inner.clock.unix(),
            base: self.record.version,
        };
        self.save(dated, state).await
    }

    /// Draws the conclusions for the provider as a whole.
    fn learn(&self, provider: &str, trouble: Trouble, error: &Error) {
        let inner = &self.run.inner;
        match trouble {
            Trouble::Terminal => inner.accept(provider),
            Trouble::Config if inner.trip(provider, error) => {
                tracing::error!(%error, provider, "provider does not accept our client: tokens are not refreshed");
            }
            Trouble::Config | Trouble::Transient => {}
        }
    }

    async fn failed(self, trouble: Trouble, error: Error, dated: Dated) -> Result<Arc<Held>, Stop> {
        match trouble {
            Trouble::Terminal => self.lost(&error, dated).await,
            Trouble::Config => {
                // It looked at our client, and not at the token.
                self.release(self.is_take_over()).await;
                Err(error.into())
            }
            Trouble::Transient => {
                let may_be_spent = error.delivery() != Delivery::NotSent;
                self.release(self.is_take_over() || may_be_spent).await;
                Err(error.into())
            }
        }
    }

    /// The provider says that the refresh token is worth nothing. That is the end, unless somebody
    /// has brought other tokens meanwhile.
    async fn lost(mut self, error: &Error, dated: Dated) -> Result<Arc<Held>, Stop> {
        let now = match self.run.read_patiently().await {
            Ok(now) => now,
            Err(stop) => {
                self.release(true).await;
                return Err(stop);
            }
        };
        if now.version != self.record.version {
            self.release(false).await;
            let view = self.run.adopt(&now).await?;
            return Ok(view.held);
        }
        if now.parked != self.record.parked {
            let before = std::mem::replace(&mut self.record.parked, now.parked);
            if let Some(found) = self.parked().await {
                return self.save(found, ConnectionState::Active).await;
            }
            self.record.parked = before;
        }
        let reason = if self.is_take_over() {
            ReauthReason::RotationInterrupted
        } else {
            refused(error)
        };
        self.close(reason, dated).await
    }

    /// Ends a lease without a new version. If that does not reach the store, it ends by itself.
    pub(super) async fn release(&self, keeps_intent: bool) {
        let (inner, key) = (&self.run.inner, &self.run.cell.key);
        let release = inner.store.release(key, self.record.fence, keeps_intent);
        if let Err(error) = inner.bounded(release).await {
            tracing::debug!(%error, provider = key.provider(), "lease is left to its end");
        }
    }
}

fn refused(error: &Error) -> ReauthReason {
    let said = error.provider::<OAuthError>();
    ReauthReason::Refused(said.map_or_else(|| "refused".to_owned(), |said| said.code.clone()))
}
