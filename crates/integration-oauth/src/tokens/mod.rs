//! The tokens of one answer.

pub(crate) mod answer;
pub(crate) mod identity;
mod merge;
pub(crate) mod stored;

use std::{collections::BTreeMap, fmt, time::Duration};

use integration_core::SecretString;
use serde_json::{Map, Value};

use crate::scopes::Scopes;

/// The tokens of one connection, as an authorization server handed them out.
///
/// Shows what they are, never a token. It has no `Serialize` on purpose: what is written goes
/// through a [`Vault`](crate::seal::Vault).
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenSet {
    /// What goes to the API. Visible ASCII, so it fits a header.
    pub access_token: SecretString,
    /// How it is sent: `Bearer` or `DPoP`.
    pub token_type: String,
    /// When the access token expires, since the Unix epoch; `None` when it lasts until it is refused.
    pub expires_at: Option<Duration>,
    /// Whether [`expires_at`](Self::expires_at) is a guess, because the server did not say.
    pub is_expiry_guessed: bool,
    /// What gets the next access token.
    pub refresh_token: Option<SecretString>,
    /// When the refresh token expires, since the Unix epoch, where the provider says so.
    pub refresh_expires_at: Option<Duration>,
    /// What was granted; `None` when the server did not say, which means what was asked for.
    pub scopes: Option<Scopes>,
    /// Who logged in, as a JWT.
    pub id_token: Option<SecretString>,
    /// Fields of the answer beyond the standard, such as `instance_url`. May hold secrets.
    pub extra: Map<String, Value>,
    /// Further tokens of the same answer by name, such as `user` beside the bot token of Slack.
    pub also: BTreeMap<String, TokenSet>,
    /// The private key the tokens are bound to (`DPoP`), as a JWK.
    pub dpop_key: Option<SecretString>,
}

impl TokenSet {
    /// Creates a set of this bearer token alone.
    #[must_use]
    pub fn new(access_token: impl Into<SecretString>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_at: None,
            is_expiry_guessed: false,
            refresh_token: None,
            refresh_expires_at: None,
            scopes: None,
            id_token: None,
            extra: Map::new(),
            also: BTreeMap::new(),
            dpop_key: None,
        }
    }

    /// Whether the access token is worth nothing without a proof of its key.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        self.token_type.as_str().eq_ignore_ascii_case("dpop")
    }

    /// Sets when the access token expires, since the Unix epoch.
    #[must_use]
    pub const fn with_expires_at(mut self, unix: Duration) -> Self {
        self.expires_at = Some(unix);
        self
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<SecretString>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Sets what was granted.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = Some(scopes);
        self
    }
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("token_type", &self.token_type)
            .field("expires_at", &self.expires_at)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("scopes", &self.scopes)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .field("also", &self.also)
            .finish_non_exhaustive()
    }
}
