//! Tokens given back (RFC 7009).

use integration_core::{ExposeSecret as _, Result, SecretString};

use zeroize::Zeroizing;

use crate::{
    error::{OAuthError, Trouble},
    preset::RevokeAuth,
    provider::{Form, Metadata, Provider, Spends, needed},
    tokens::{TokenSet, answer},
};

const OPERATION: &str = "oauth.revoke";

impl Provider {
    /// Gives the tokens back: the refresh token, which most servers end the access tokens with, then
    /// the access token, and further tokens of the same answer. Where a token ends itself (`revoke_auth`
    /// of the preset), each access token.
    ///
    /// `POST` to the revocation endpoint. A token that the server does not know is no error, so it
    /// is sent again as the policies of the client have it. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the server has no such endpoint; those of
    /// the call. Each token is tried; the first error is returned.
    ///
    /// [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
    pub async fn revoke(&self, held: &TokenSet) -> Result<()> {
        let known = self.metadata().await?;
        needed(OPERATION, known.revoke.as_ref(), "revocation endpoint")?;
        let is_by_token = self.inner.preset.revoke_auth == RevokeAuth::Token;
        let mut result = Ok(());
        for set in std::iter::once(held).chain(held.also.values()) {
            if is_by_token {
                result = result.and(self.end_itself(&known, &set.access_token).await);
                continue;
            }
            if let Some(token) = &set.refresh_token {
                result = result.and(self.give_back(&known, token, "refresh_token").await);
            }
            let given = self
                .give_back(&known, &set.access_token, "access_token")
                .await;
            // Some servers end refresh tokens only, and access tokens with them.
            let is_refused = given.as_ref().is_err_and(|error| {
                let said = error.provider::<OAuthError>();
                said.is_some_and(|said| said.code == "unsupported_token_type")
            });
            if !(is_refused && set.refresh_token.is_some()) {
                result = result.and(given);
            }
        }
        result
    }

    /// A token ends itself, and what it was refreshed with. One that has ended is no error.
    async fn end_itself(&self, known: &Metadata, token: &SecretString) -> Result<()> {
        let inner = &*self.inner;
        let url = needed(OPERATION, known.revoke.as_ref(), "revocation endpoint")?;
        let request = inner.http.post(url.as_str()).bearer(token);
        let came = inner.send(OPERATION, request, false).await?;
        let secret = Zeroizing::new(token.expose_secret().to_owned());
        let came = came.without(vec![secret]);
        let said = answer::nothing(OPERATION, &came, &inner.preset, inner.clock.unix());
        said.or_else(|error| match Trouble::of(&error) {
            Trouble::Terminal => Ok(()),
            _ => Err(error),
        })
    }

    async fn give_back(&self, known: &Metadata, token: &SecretString, hint: &str) -> Result<()> {
        let inner = &*self.inner;
        let url = needed(OPERATION, known.revoke.as_ref(), "revocation endpoint")?;
        let mut form = Form::default();
        form.set("token", token.expose_secret());
        form.set("token_type_hint", hint);
        let came = inner
            .post(OPERATION, url, known, form, Spends::Nothing, None)
            .await?;
        answer::nothing(OPERATION, &came, &inner.preset, inner.clock.unix())
    }
}
