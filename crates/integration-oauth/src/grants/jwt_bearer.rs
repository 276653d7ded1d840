//! Tokens for an assertion (RFC 7523, 2.1): service accounts of Google, connected apps of Salesforce.

use std::{fmt, time::Duration};

use integration_core::{Error, ErrorKind, ExposeSecret as _, Result, SecretString};
use integration_jwt::{Algorithm, SigningKey};
use serde_json::{Map, Value};

use crate::{
    provider::{Form, Provider, Spends},
    random,
    scopes::Scopes,
    tokens::TokenSet,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion holds. Google takes at most an hour, Salesforce three minutes.
const LIFETIME: Duration = Duration::from_secs(180);

/// What is asserted: who asks, in whose name, and where.
#[derive(Clone)]
#[must_use]
pub struct Assertion {
    key: SigningKey,
    issuer: String,
    audience: String,
    claims: Map<String, Value>,
}

impl Assertion {
    /// Asserts as `issuer`, to the server that calls itself `audience`, signed with this key.
    pub fn new(key: SigningKey, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            key,
            issuer: issuer.into(),
            audience: audience.into(),
            claims: Map::new(),
        }
    }

    /// Reads the key file of a service account of Google.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no such file. What it holds is in no error.
    ///
    /// [Google's description](https://developers.google.com/identity/protocols/oauth2/service-account)
    pub fn google_service_account(json: &SecretString) -> Result<Self> {
        let mistake = |what: &'static str| {
            Error::new(ErrorKind::Config, "oauth.jwt_bearer")
                .with_message(format!("key file of a service account {what}"))
        };
        let file: Map<String, Value> =
            serde_json::from_str(json.expose_secret()).map_err(|_| mistake("is no JSON object"))?;
        let text = |name: &'static str| file.get(name).and_then(Value::as_str);
        let pem = text("private_key").ok_or_else(|| mistake("has no `private_key`"))?;
        let email = text("client_email").ok_or_else(|| mistake("has no `client_email`"))?;
        let token = text("token_uri").unwrap_or("https://oauth2.googleapis.com/token");
        let mut key = SigningKey::from_pem(Algorithm::Rs256, &pem.into())?;
        if let Some(kid) = text("private_key_id") {
            key = key.with_kid(kid);
        }
        Ok(Self::new(key, email, token))
    }

    /// Sets in whose name: a user of the domain, at Google; a user, at Salesforce.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Asks for scopes in the assertion itself, as Google wants it.
    pub fn scopes(self, scopes: impl Into<Scopes>) -> Self {
        let scopes = scopes.into().to_string();
        self.claim("scope", scopes)
    }

    /// Adds a claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Signs it, for the next three minutes; `unix` is the present since the Unix epoch.
    fn sign(&self, unix: Duration) -> Result<String> {
        let mut claims = self.claims.clone();
        claims.insert("iss".to_owned(), self.issuer.as_str().into());
        claims.insert("aud".to_owned(), self.audience.as_str().into());
        claims.insert("iat".to_owned(), unix.as_secs().into());
        claims.insert("exp".to_owned(), (unix + LIFETIME).as_secs().into());
        claims.insert("jti".to_owned(), random::token()?.into());
        self.key.sign("JWT", &Map::new(), &claims)
    }
}

impl Provider {
    /// Gets a token for an assertion. There is no refresh token: call it again.
    ///
    /// `POST` to the token endpoint. Sent once: servers take an assertion once. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`OAuthError`](crate::OAuthError) `invalid_grant` when the server does not take the
    /// assertion; those of the call.
    ///
    /// [RFC 7523, 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)
    pub async fn jwt_bearer(&self, assertion: &Assertion) -> Result<TokenSet> {
        let signed = assertion.sign(self.clock().unix())?;
        self.jwt_bearer_signed(&signed.into(), Scopes::default())
            .await
    }

    /// Gets a token for an assertion that somebody else signed.
    ///
    /// # Errors
    ///
    /// As [`jwt_bearer`](Self::jwt_bearer).
    pub async fn jwt_bearer_signed(
        &self,
        assertion: &SecretString,
        scopes: impl Into<Scopes>,
    ) -> Result<TokenSet> {
        let mut form = Form::grant(GRANT).without_public_client();
        form.set("assertion", assertion.expose_secret());
        let scopes = scopes.into();
        if !scopes.is_empty() {
            self.set_scopes(&mut form, &scopes);
        }
        let key = self.dpop_key(None)?;
        self.request("oauth.jwt_bearer", form, Spends::Grant, key)
            .await
    }
}

impl fmt::Debug for Assertion {
    /// Shows no claim but who asks and where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
