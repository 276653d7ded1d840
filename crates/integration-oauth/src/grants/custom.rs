//! A grant that is not here (RFC 6749, 4.5).

use integration_core::Result;

use crate::{
    provider::{Form, Provider, Spends},
    tokens::TokenSet,
};

impl Provider {
    /// Gets tokens with a grant of another type, such as
    /// `urn:openid:params:grant-type:ciba`, and its fields.
    ///
    /// `POST` to the token endpoint, with who our client is. Sent once. Not cancel safe: a dropped
    /// future may have spent the grant.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `unsupported_grant_type` and others; those of the call.
    pub async fn grant<K, V>(
        &self,
        grant_type: &str,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<TokenSet>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut form = Form::grant(grant_type);
        for (name, value) in fields {
            form.add(name.into(), value);
        }
        let key = self.dpop_key(None)?;
        self.request("oauth.grant", form, Spends::Grant, key).await
    }
}
