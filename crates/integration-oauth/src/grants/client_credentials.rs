//! Tokens of our client itself (RFC 6749, 4.4).

use integration_core::Result;

use crate::{
    provider::{Form, Provider, Spends},
    scopes::Scopes,
    tokens::TokenSet,
};

impl Provider {
    /// Gets a token for our client itself, where nobody has to log in.
    ///
    /// `POST` to the token endpoint. It changes nothing there, so it is sent again as the policies of
    /// the client have it, unless our client signs assertions. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_client`, `invalid_scope` and others; those of the
    /// call.
    ///
    /// [RFC 6749, 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)
    pub async fn client_credentials(&self, scopes: impl Into<Scopes>) -> Result<TokenSet> {
        self.client_credentials_for(scopes, None).await
    }

    /// Gets a token for our client itself, for the API at `resource` (RFC 8707).
    ///
    /// # Errors
    ///
    /// As [`client_credentials`](Self::client_credentials).
    pub async fn client_credentials_for(
        &self,
        scopes: impl Into<Scopes>,
        resource: Option<&str>,
    ) -> Result<TokenSet> {
        let mut form = Form::grant("client_credentials");
        self.set_scopes(&mut form, &scopes.into());
        form.set_if("resource", resource);
        let key = self.dpop_key(None)?;
        self.request("oauth.client_credentials", form, Spends::Nothing, key)
            .await
    }
}
