//! Where logins under way are kept, sealed.

use std::{sync::Arc, time::Duration};

use integration_core::{Result, SharedClock};

use super::{flow::PendingFlow, refusal::LoginRefusal, secret::Fingerprint};
use crate::{seal::Vault, store::FlowStore};

/// How long a user may take at the provider.
pub(crate) const LOGIN_LIFETIME: Duration = Duration::from_secs(600);

/// Where logins under way are kept, sealed.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) flows: Arc<dyn FlowStore>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) clock: SharedClock,
}

impl Desk {
    /// Keeps a login until its user comes back.
    pub(super) async fn put(&self, flow: &PendingFlow) -> Result<()> {
        let place = flow.state.text();
        let plain = flow.encode()?;
        let sealed = self.vault.seal(&PendingFlow::slot(&place), &plain).await?;
        let ends_at = flow.created_at.saturating_add(LOGIN_LIFETIME);
        self.flows.put(flow.state.0, sealed, ends_at).await
    }

    /// Takes the login of this state out, for whoever comes first.
    pub(super) async fn take(&self, state: &str) -> Result<PendingFlow> {
        let state = Fingerprint::of(state);
        let sealed = self.flows.take(state.0).await?;
        let sealed = sealed.ok_or(LoginRefusal::UnknownState)?;
        let place = state.text();
        let plain = self.vault.open(&PendingFlow::slot(&place), &sealed).await?;
        let flow = PendingFlow::decode(&plain)?;
        // The store keeps the time by a clock of its own, and says what we asked for: we hope.
        let ends_at = flow.created_at.saturating_add(LOGIN_LIFETIME);
        let is_it = flow.state == state && self.clock.unix() < ends_at;
        match is_it {
            true => Ok(flow),
            false => Err(LoginRefusal::UnknownState.into()),
        }
    }
}
