//! One token for another (RFC 8693).

use std::fmt;

use integration_core::{ExposeSecret as _, Result, SecretString};

use crate::{
    provider::{Form, Provider, Spends},
    scopes::Scopes,
    tokens::TokenSet,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The type of an access token.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Which token to exchange, and for what.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenExchange {
    /// The token of whom it is about.
    pub subject_token: SecretString,
    /// Its type. Default: an access token.
    pub subject_token_type: String,
    /// The token of who acts for them, and its type.
    pub actor: Option<(SecretString, String)>,
    /// What type of token is wanted.
    pub requested_token_type: Option<String>,
    /// The APIs it is for, as addresses.
    pub resources: Vec<String>,
    /// The services it is for, by their names at the server.
    pub audiences: Vec<String>,
    /// What it may do.
    pub scopes: Scopes,
}

impl TokenExchange {
    /// Exchanges this access token.
    #[must_use]
    pub fn new(subject_token: impl Into<SecretString>) -> Self {
        Self {
            subject_token: subject_token.into(),
            subject_token_type: ACCESS_TOKEN.to_owned(),
            actor: None,
            requested_token_type: None,
            resources: Vec::new(),
            audiences: Vec::new(),
            scopes: Scopes::default(),
        }
    }

    /// Sets the type of the token.
    #[must_use]
    pub fn with_subject_token_type(mut self, of: impl Into<String>) -> Self {
        self.subject_token_type = of.into();
        self
    }

    /// Sets the token of who acts, and its type.
    #[must_use]
    pub fn with_actor(mut self, token: impl Into<SecretString>, of: impl Into<String>) -> Self {
        self.actor = Some((token.into(), of.into()));
        self
    }

    /// Sets what type of token is wanted.
    #[must_use]
    pub fn with_requested_token_type(mut self, of: impl Into<String>) -> Self {
        self.requested_token_type = Some(of.into());
        self
    }

    /// Adds an API that it is for.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Adds a service that it is for.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Sets what it may do.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

impl Provider {
    /// Exchanges one token for another. What it is stands in
    /// [`extra`](TokenSet::extra) as `issued_token_type`.
    ///
    /// `POST` to the token endpoint. Sent once. Cancel safe as far as the server keeps the old token.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_target` and others; those of the call.
    ///
    /// [RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)
    pub async fn token_exchange(&self, exchange: &TokenExchange) -> Result<TokenSet> {
        let mut form = Form::grant(GRANT);
        form.set("subject_token", exchange.subject_token.expose_secret());
        form.set("subject_token_type", exchange.subject_token_type.as_str());
        if let Some((token, of)) = &exchange.actor {
            form.set("actor_token", token.expose_secret());
            form.set("actor_token_type", of.as_str());
        }
        form.set_if(
            "requested_token_type",
            exchange.requested_token_type.as_deref(),
        );
        for resource in &exchange.resources {
            form.add("resource", resource.as_str());
        }
        for audience in &exchange.audiences {
            form.add("audience", audience.as_str());
        }
        if !exchange.scopes.is_empty() {
            self.set_scopes(&mut form, &exchange.scopes);
        }
        let key = self.dpop_key(None)?;
        self.request("oauth.token_exchange", form, Spends::Grant, key)
            .await
    }
}

impl fmt::Debug for TokenExchange {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("subject_token_type", &self.subject_token_type)
            .field("has_actor", &self.actor.is_some())
            .field("requested_token_type", &self.requested_token_type)
            .field("resources", &self.resources)
            .field("audiences", &self.audiences)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
