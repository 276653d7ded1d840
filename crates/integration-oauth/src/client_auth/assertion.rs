//! Assertions of a client (RFC 7523), and secrets that are assertions.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};
use integration_jwt::{Algorithm, SigningKey};
use serde_json::{Map, json};
use url::Url;

use super::{Identity, Secret};
use crate::{preset::AuthMethod, provider::Metadata, random};

/// What the field beside an assertion says.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion holds. It is made for one request.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long a signed secret holds; Apple takes up to six months.
const SECRET_LIFETIME: Duration = Duration::from_secs(300);

impl Identity {
    /// Signs who we are, for one request.
    pub(super) fn assertion(
        &self,
        endpoint: &Url,
        known: &Metadata,
        which: Secret,
        now: Duration,
    ) -> Result<String> {
        let audience = self.audience.as_deref().or(known.issuer.as_deref());
        let token = known.token.as_ref().unwrap_or(endpoint);
        let claims = json!({
            "iss": self.id,
            "sub": self.id,
            "aud": audience.unwrap_or(token.as_str()),
            "jti": random::token()?,
            "iat": now.as_secs(),
            "exp": (now + LIFETIME).as_secs(),
        });
        self.signer(known, which)?.sign("JWT", &Map::new(), &claims)
    }

    fn signer(&self, known: &Metadata, which: Secret) -> Result<SigningKey> {
        let key = match (self.method(known), &self.key, self.secret(which)) {
            (AuthMethod::ClientSecretJwt, _, Some(secret)) => {
                return SigningKey::hmac(Algorithm::Hs256, secret);
            }
            (_, Some(key), _) => Some(key.clone()),
            _ => None,
        };
        key.ok_or_else(|| {
            Error::new(ErrorKind::Config, "oauth.client").with_message("private_key is missing")
        })
    }

    /// A secret that is an assertion, as Apple wants it: issued by the team, for the server, about
    /// the client.
    pub(super) fn signed_secret(&self, known: &Metadata, now: Duration) -> Result<String> {
        let audience = self.audience.as_deref().or(known.issuer.as_deref());
        let claims = json!({
            "iss": self.team.as_deref().unwrap_or(&self.id),
            "sub": self.id,
            "aud": audience,
            "iat": now.as_secs(),
            "exp": (now + SECRET_LIFETIME).as_secs(),
        });
        self.signer(known, Secret::Current)?
            .sign("JWT", &Map::new(), &claims)
    }
}
