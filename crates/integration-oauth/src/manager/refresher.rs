//! What gets the next tokens of a connection.

use std::fmt::Debug;

use async_trait::async_trait;
use integration_core::Result;

use crate::{
    preset::{ChallengeRule, RefreshRules},
    tokens::TokenSet,
};

/// Gets the next tokens of connections at one provider.
///
/// The one in earnest is a provider; it is a trait for grants of your own and for tests. It makes
/// one attempt and no more: a refresh token that is sent twice may cost the connection.
#[async_trait]
pub trait Refresher: Debug + Send + Sync + 'static {
    /// The name of the provider: that part of the keys of its connections.
    fn name(&self) -> &str;

    /// How its refresh tokens behave.
    fn rules(&self) -> &RefreshRules;

    /// Which 401 of its API means that the token has expired.
    fn challenge(&self) -> ChallengeRule {
        ChallengeRule::default()
    }

    /// Tells whether these tokens can be replaced without their user.
    ///
    /// With a refresh token they can. A grant that needs none, such as client credentials, says so
    /// here.
    fn can_refresh(&self, held: &TokenSet) -> bool {
        held.refresh_token.is_some()
    }

    /// Spends the refresh token of `held` for the next tokens, in one attempt.
    async fn refresh(&self, held: &TokenSet) -> Result<TokenSet>;

    /// Takes the tokens back at the provider, where it can.
    async fn revoke(&self, held: &TokenSet) -> Result<()>;
}
