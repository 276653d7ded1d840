//! An access token for another one, where there are no refresh tokens.

use integration_core::{ExposeSecret as _, Result};

use crate::{
    preset::{Trade, TradeMethod},
    provider::{Form, Provider, Spends, configured, needed},
    tokens::{TokenSet, answer},
};

impl Provider {
    /// Trades the access token of `held` in; what the answer leaves out stays as it was.
    ///
    /// Nothing is spent: the token that is given works on, and the request is sent again as the
    /// policies of the client have it.
    pub(super) async fn trade(
        &self,
        operation: &'static str,
        trade: &Trade,
        held: &TokenSet,
    ) -> Result<TokenSet> {
        let inner = &*self.inner;
        let known = self.metadata().await?;
        let given = trade.address.as_deref().map(configured).transpose()?;
        let url = given.as_ref().or(known.token.as_ref());
        let url = needed(operation, url, "token endpoint")?;
        let mut form = Form::grant(trade.grant_type.as_str());
        form.set_secret(trade.token_field.clone(), held.access_token.expose_secret());
        form.is_query = trade.method == TradeMethod::Get;
        form.is_anonymous = trade.without_client;
        let asked_at = inner.clock.unix();
        let post = inner.post(operation, url, &known, form, Spends::Nothing, None);
        let mut fresh = answer::tokens(operation, &post.await?, &inner.preset, asked_at)?;
        // Traded again while it lasts, and not a second longer.
        fresh.refresh_expires_at = fresh.refresh_expires_at.or(fresh.expires_at);
        Ok(fresh.continuing(held))
    }
}
