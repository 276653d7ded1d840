//! A [`Provider`] refreshes tokens.

use async_trait::async_trait;
use integration_core::Result;

use super::refresher::Refresher;
use crate::{
    preset::{ChallengeRule, RefreshRules},
    provider::Provider,
    tokens::TokenSet,
};

#[async_trait]
impl Refresher for Provider {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn rules(&self) -> &RefreshRules {
        &self.preset_data().refresh_rules
    }

    fn challenge(&self) -> ChallengeRule {
        self.preset_data().challenge
    }

    fn can_refresh(&self, held: &TokenSet) -> bool {
        held.refresh_token.is_some() || self.preset_data().renew.is_some()
    }

    async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> {
        Self::refresh(self, held).await
    }

    async fn revoke(&self, held: &TokenSet) -> Result<()> {
        Self::revoke(self, held).await
    }
}
