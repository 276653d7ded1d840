//! New tokens for old ones (RFC 6749, 6).

use integration_core::{Error, ErrorKind, ExposeSecret as _, Result};

use crate::{
    provider::{Form, Provider, Spends},
    tokens::{TokenSet, identity},
};

const OPERATION: &str = "oauth.refresh";

impl Provider {
    /// Gets new tokens with the refresh token of these, or with the access token itself where the
    /// preset says so (`renew`).
    ///
    /// What the answer leaves out stays as it was: the refresh token, the scopes, the ID token, the
    /// fields beside them, further tokens. An ID token in it must be of the login that the one before
    /// it is of.
    ///
    /// `POST` to the token endpoint. Sent once, since the refresh token may be good for one use.
    /// Not cancel safe: a dropped future may have spent it. Who refreshes for many callers does so
    /// in a task of its own.
    ///
    /// # Errors
    ///
    /// [`Trouble::of`](crate::Trouble::of) tells whether the grant is gone, our client is set up
    /// wrong or it may work later. [`ErrorKind::Config`] when there is no refresh token;
    /// [`ErrorKind::Decode`] when the answer is for somebody else.
    ///
    /// [RFC 6749, 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)
    pub async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> {
        if let (None, Some(renew)) = (&held.refresh_token, &self.inner.preset.renew) {
            return self.trade(OPERATION, renew, held).await;
        }
        let token = held.refresh_token.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION).with_message("there is no refresh token")
        })?;
        let mut form = Form::grant("refresh_token");
        form.set("refresh_token", token.expose_secret());
        for (name, value) in &self.inner.preset.refresh_rules.params {
            form.set(name.clone(), value.as_str());
        }
        let key = held
            .dpop_key
            .as_ref()
            .map(crate::dpop::read_key)
            .transpose()?;
        let fresh = self.request(OPERATION, form, Spends::Grant, key).await?;
        self.check_login(held, &fresh)?;
        Ok(fresh.continuing(held))
    }

    /// Refuses tokens that the server itself says are for somebody else.
    fn check_login(&self, held: &TokenSet, fresh: &TokenSet) -> Result<()> {
        let before = held.id_token.as_ref().and_then(identity::claims);
        let (Some(before), Some(now)) = (before, &fresh.id_token) else {
            return Ok(());
        };
        let now = identity::claims(now).unwrap_or_default();
        match identity::strange_claim(&before, &now, self.client_id()) {
            None => Ok(()),
            Some(claim) => Err(Error::new(ErrorKind::Decode, OPERATION)
                .with_message("ID token of the answer is not of this login")
                .with_context("claim", claim)),
        }
    }
}
