//! The code that the browser brought back (RFC 6749, 4.1).

use std::{collections::BTreeMap, fmt};

use integration_core::{ExposeSecret as _, Result, SecretString};

use crate::{
    provider::{Form, Provider, Spends},
    tokens::TokenSet,
};

/// A code, and what its login was begun with.
#[derive(Clone)]
#[non_exhaustive]
pub struct CodeExchange {
    /// The code. It is good for one exchange.
    pub code: SecretString,
    /// Where the browser came back to, as the login was begun with. Default: that of the provider.
    pub redirect_uri: Option<String>,
    /// What the challenge of the login was made of (PKCE).
    pub verifier: Option<SecretString>,
    /// The key that tokens are bound to (`DPoP`), as a private JWK. Default: a new one, where the
    /// provider binds tokens.
    pub dpop_key: Option<SecretString>,
    /// Further fields, such as `resource`.
    pub params: BTreeMap<String, String>,
}

impl CodeExchange {
    /// Creates an exchange of this code.
    #[must_use]
    pub fn new(code: impl Into<SecretString>) -> Self {
        Self {
            code: code.into(),
            redirect_uri: None,
            verifier: None,
            dpop_key: None,
            params: BTreeMap::new(),
        }
    }

    /// Sets where the browser came back to.
    #[must_use]
    pub fn with_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets what the challenge of the login was made of.
    #[must_use]
    pub fn with_verifier(mut self, verifier: impl Into<SecretString>) -> Self {
        self.verifier = Some(verifier.into());
        self
    }

    /// Sets the key that the login was bound to, as a private JWK.
    #[must_use]
    pub fn with_dpop_key(mut self, jwk: impl Into<SecretString>) -> Self {
        self.dpop_key = Some(jwk.into());
        self
    }

    /// Adds a field, such as `resource`.
    #[must_use]
    pub fn with_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }
}

impl Provider {
    /// Exchanges a code for tokens, and these at once for others where the preset says so (`trade`).
    ///
    /// `POST` to the token endpoint. Sent once, since a code is good for one exchange. Not cancel
    /// safe: a dropped future may have spent the code.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_grant` for a code that was spent, has expired or
    /// belongs to another login; those of the call.
    ///
    /// [RFC 6749, 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)
    pub async fn exchange_code(&self, exchange: &CodeExchange) -> Result<TokenSet> {
        let mut form = Form::grant("authorization_code");
        form.set("code", exchange.code.expose_secret());
        let redirect = exchange.redirect_uri.as_deref();
        form.set_if("redirect_uri", redirect.or(self.redirect_uri()));
        let verifier = exchange.verifier.as_ref();
        form.set_if("code_verifier", verifier.map(|text| text.expose_secret()));
        for (name, value) in &exchange.params {
            form.set(name.clone(), value.as_str());
        }
        let key = self.dpop_key(exchange.dpop_key.as_ref())?;
        let request = self.request("oauth.exchange_code", form, Spends::Grant, key);
        let set = request.await?;
        match &self.inner.preset.trade {
            Some(trade) => self.trade("oauth.trade", trade, &set).await,
            None => Ok(set),
        }
    }
}

impl fmt::Debug for CodeExchange {
    /// Shows no code, verifier or key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeExchange")
            .field("redirect_uri", &self.redirect_uri)
            .field("has_verifier", &self.verifier.is_some())
            .field("has_dpop_key", &self.dpop_key.is_some())
            .field("params", &self.params.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
