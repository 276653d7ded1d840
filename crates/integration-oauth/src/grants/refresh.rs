//! New tokens for old ones (RFC 6749, 6).

use integration_core::{Error, ErrorKind, ExposeSecret as _, Result};

use crate::{
    provider::{Form, Provider, Spends},
    tokens::TokenSet,
};

impl Provider {
    /// Gets new tokens with the refresh token of these, or with the access token itself where the
    /// preset says so (`renew`).
    ///
    /// What the answer leaves out stays as it was: the refresh token, the scopes, the ID token, the
    /// fields beside them, further tokens.
    ///
    /// `POST` to the token endpoint. Sent once, since the refresh token may be good for one use.
    /// Not cancel safe: a dropped future may have spent it. Who refreshes for many callers does so
    /// in a task of its own.
    ///
    /// # Errors
    ///
    /// [`Trouble::of`](crate::Trouble::of) tells whether the grant is gone, our client is set up
    /// wrong or it may work later. [`ErrorKind::Config`] when there is no refresh token.
    ///
    /// [RFC 6749, 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)
    pub async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> {
        const OPERATION: &str = "oauth.refresh";
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
        Ok(merged(held, fresh))
    }
}

/// New tokens, with what the answer left out.
pub(super) fn merged(held: &TokenSet, mut fresh: TokenSet) -> TokenSet {
    if fresh.refresh_token.is_none() {
        fresh.refresh_token.clone_from(&held.refresh_token);
        fresh.refresh_expires_at = fresh.refresh_expires_at.or(held.refresh_expires_at);
    }
    if fresh.scopes.is_none() {
        fresh.scopes.clone_from(&held.scopes);
    }
    if fresh.id_token.is_none() {
        fresh.id_token.clone_from(&held.id_token);
    }
    if fresh.dpop_key.is_none() {
        fresh.dpop_key.clone_from(&held.dpop_key);
    }
    for (name, value) in &held.extra {
        fresh
            .extra
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    for (name, set) in &held.also {
        fresh
            .also
            .entry(name.clone())
            .or_insert_with(|| set.clone());
    }
    fresh
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scopes::Scopes;

    #[test]
    fn what_an_answer_leaves_out_stays_as_it_was() {
        let mut held = TokenSet::new("A1")
            .with_refresh_token("R1")
            .with_scopes(Scopes::from(["a"]));
        held.refresh_expires_at = Some(Duration::from_secs(9));
        held.id_token = Some("I1".into());
        held.dpop_key = Some("K1".into());
        held.extra.insert("realm".to_owned(), 1.into());
        held.also.insert("user".to_owned(), TokenSet::new("U1"));
        let merged = merged(&held, TokenSet::new("A2"));
        let text = |secret: &Option<integration_core::SecretString>| {
            secret.as_ref().unwrap().expose_secret().to_owned()
        };
        assert_eq!(merged.access_token.expose_secret(), "A2");
        assert_eq!(text(&merged.refresh_token), "R1");
        assert_eq!(merged.refresh_expires_at, held.refresh_expires_at);
        assert_eq!(merged.scopes, held.scopes);
        assert_eq!(text(&merged.id_token), "I1");
        assert_eq!(text(&merged.dpop_key), "K1");
        assert_eq!(merged.extra["realm"], 1);
        assert_eq!(merged.also["user"].access_token.expose_secret(), "U1");
    }

    #[test]
    fn what_an_answer_brings_replaces_what_was_there() {
        let mut held = TokenSet::new("A1").with_refresh_token("R1");
        held.refresh_expires_at = Some(Duration::from_secs(9));
        held.extra.insert("realm".to_owned(), 1.into());
        let mut fresh = TokenSet::new("A2").with_refresh_token("R2");
        fresh.scopes = Some(Scopes::from(["b"]));
        fresh.extra.insert("realm".to_owned(), 2.into());
        let merged = merged(&held, fresh);
        assert_eq!(merged.refresh_token.unwrap().expose_secret(), "R2");
        assert_eq!(merged.refresh_expires_at, None);
        assert_eq!(merged.scopes, Some(Scopes::from(["b"])));
        assert_eq!(merged.extra["realm"], 2);
    }
}
