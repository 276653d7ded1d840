//! The ways to get tokens.

mod client_credentials;
mod code;
mod custom;
mod device;
mod exchange;
mod jwt_bearer;
mod refresh;
mod trade;

use integration_core::{Result, SecretString};
use integration_jwt::SigningKey;

pub use self::{
    code::CodeExchange,
    device::DeviceLogin,
    exchange::{ACCESS_TOKEN, TokenExchange},
    jwt_bearer::Assertion,
};
use crate::{
    dpop,
    provider::{Form, Provider, Spends, needed},
    scopes::Scopes,
    tokens::{TokenSet, answer},
};

impl Provider {
    /// Sends a request for tokens and reads the answer. Tokens that are bound to `key` keep it.
    pub(crate) async fn request(
        &self,
        operation: &'static str,
        mut form: Form,
        spends: Spends,
        key: Option<SigningKey>,
    ) -> Result<TokenSet> {
        let inner = &*self.inner;
        let known = self.metadata().await?;
        let is_refresh = form.get("grant_type") == Some("refresh_token");
        let url = match (&known.refresh, is_refresh) {
            (Some(url), true) => Some(url),
            _ => known.token.as_ref(),
        };
        let url = needed(operation, url, "token endpoint")?;
        for (name, value) in &inner.preset.token_params {
            form.set(name.clone(), value.as_str());
        }
        let asked_at = inner.clock.unix();
        let post = inner.post(operation, url, &known, form, spends, key.as_ref());
        let answer = post.await?;
        let mut set = answer::tokens(operation, &answer, &inner.preset, asked_at)?;
        match key {
            Some(key) if set.token_type == "DPoP" => set.dpop_key = Some(key.private_jwk()?),
            // Who wants tokens that are worth nothing to a thief must not get others unknowingly. New
            // tokens for old ones are taken: without them the connection would be lost.
            Some(_) if !is_refresh => {
                let what = "answer has a token that is not bound to our key";
                return Err(answer::unreadable(operation, &answer, what));
            }
            _ => {}
        }
        Ok(set)
    }

    /// Sets the scopes to ask for: these, else those of the preset.
    pub(crate) fn set_scopes(&self, form: &mut Form, scopes: &Scopes) {
        let preset = &self.inner.preset;
        let separator = preset.scope_separator.as_deref().unwrap_or(" ");
        let text = match scopes.is_empty() {
            true => preset.scopes.join(separator),
            false => scopes.joined(separator),
        };
        if !text.is_empty() {
            form.set("scope", text);
        }
    }

    /// The key to bind tokens to: this one, else a new one where the provider binds tokens.
    pub(crate) fn dpop_key(&self, given: Option<&SecretString>) -> Result<Option<SigningKey>> {
        match (given, self.inner.dpop) {
            (Some(jwk), _) => dpop::read_key(jwk).map(Some),
            (None, Some(algorithm)) => SigningKey::generate(algorithm).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Makes a key for one login, where the provider binds tokens: its thumbprint goes into the
    /// request for authorization, the key into the [`CodeExchange`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`](crate::ErrorKind::Other) when the system gives no randomness.
    pub fn new_dpop_key(&self) -> Result<Option<LoginKey>> {
        let key = self.dpop_key(None)?;
        let key = key.map(|key| {
            let thumbprint = key.thumbprint().unwrap_or_default();
            let jwk = key.private_jwk()?;
            Ok(LoginKey { jwk, thumbprint })
        });
        key.transpose()
    }
}

/// A key that the tokens of one login will be bound to (`DPoP`).
#[derive(Clone)]
#[non_exhaustive]
pub struct LoginKey {
    /// The key as a private JWK, for [`CodeExchange::dpop_key`].
    pub jwk: SecretString,
    /// Its thumbprint, for the request for authorization.
    pub thumbprint: String,
}

impl std::fmt::Debug for LoginKey {
    /// Shows the thumbprint alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginKey")
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}
