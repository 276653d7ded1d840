//! The judge of tokens.

use std::{sync::Arc, time::Duration};

use integration_core::SharedClock;
use serde::de::DeserializeOwned;

use crate::{
    algorithm::Algorithm,
    binding::Binding,
    builder::ValidatorBuilder,
    claims::{Claims, Raw},
    header::Header,
    jwks::JwksCache,
    jws::Jws,
    key_set::KeySet,
    profile::Profile,
    rejection::{Refusal, Rejection},
    strict_json::Node,
};

/// Judges the tokens of one issuer, or of [several](Self::or). Clones are cheap and share the keys.
#[derive(Clone, Debug)]
pub struct Validator {
    pub(crate) inner: Arc<Rules>,
    /// The rules of further issuers.
    pub(crate) others: Vec<Arc<Rules>>,
}

#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) issuers: Vec<String>,
    pub(crate) template: Option<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) profile: Profile,
    /// Empty: whatever the key is for.
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) leeway: Duration,
    pub(crate) clock: SharedClock,
    pub(crate) keys: Keys,
}

#[derive(Debug)]
pub(crate) enum Keys {
    AtHand(KeySet),
    Fetched(JwksCache),
}

impl Validator {
    /// Starts a validator for the tokens of `issuer`, which must be their `iss` to the letter.
    ///
    /// Unless told otherwise it finds the keys by OpenID Connect discovery, on the first check.
    pub fn issuer(issuer: impl Into<String>) -> ValidatorBuilder {
        ValidatorBuilder::new(issuer.into())
    }

    /// Judges the tokens of the other's issuers too, by the other's rules and keys.
    ///
    /// Which rules are those of a token follows from its `iss`, so no key of one issuer is ever tried
    /// on the tokens of another. Of two with the same issuer the first one judges.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.others.push(other.inner);
        self.others.extend(other.others);
        self
    }

    /// Judges a token and reads its claims.
    ///
    /// Waits only where keys have to be fetched, and never longer than the cache permits. Cancel
    /// safe: a fetch goes on without its caller.
    ///
    /// # Errors
    ///
    /// [`Refusal::Token`] with the rule that is broken; [`Refusal::Keys`] where the keys of the
    /// issuer cannot be had.
    pub async fn check<T: DeserializeOwned>(&self, token: &str) -> Result<Claims<T>, Refusal> {
        self.check_bound(token, &Binding::default()).await
    }

    /// Judges a token that must belong to one login, such as an ID token with its nonce.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub async fn check_bound<T: DeserializeOwned>(
        &self,
        token: &str,
        binding: &Binding,
    ) -> Result<Claims<T>, Refusal> {
        let jws = Jws::parse(token)?;
        let rules = self.rules_of(&jws)?;
        rules.check_header(&jws.header)?;
        rules.keys.check(&jws).await?;
        // Nothing of the payload is believed before this line.
        let payload = jws.payload()?;
        let raw = Raw::read(&payload)?;
        let now = rules.clock.unix();
        rules.check_claims(&raw, now)?;
        binding.check(&raw, jws.header.algorithm, now, rules.leeway)?;
        Ok(raw.into_claims(&jws.header, &payload)?)
    }

    /// The rules that a token is for: the only ones, or those of the issuer it claims to be of, which
    /// check that claim again once it is signed.
    fn rules_of(&self, jws: &Jws<'_>) -> Result<&Rules, Rejection> {
        if self.others.is_empty() {
            return Ok(&self.inner);
        }
        let payload = jws.payload()?;
        let raw = Raw::read(&payload)?;
        let mut rules = std::iter::once(&self.inner).chain(&self.others);
        let found = rules.find_map(|rules| match rules.check_issuer(&raw) {
            Ok(()) => Some(Ok(&**rules)),
            Err(Rejection::WrongIssuer) => None,
            Err(other) => Some(Err(other)),
        });
        found.unwrap_or(Err(Rejection::WrongIssuer))
    }
}

impl Keys {
    async fn check(&self, jws: &Jws<'_>) -> Result<(), Refusal> {
        match self {
            Self::AtHand(keys) => Ok(keys.check(jws)?),
            Self::Fetched(cache) => cache.check(jws).await,
        }
    }
}

impl Rules {
    fn check_header(&self, header: &Header) -> Result<(), Rejection> {
        let allowed = self.algorithms.is_empty() || self.algorithms.contains(&header.algorithm);
        if !allowed {
            return Err(Rejection::AlgorithmNotAllowed);
        }
        self.profile.check_type(header)
    }

    fn check_claims(&self, raw: &Raw<'_>, now: Duration) -> Result<(), Rejection> {
        self.check_issuer(raw)?;
        self.check_audience(raw)?;
        self.check_dates(raw, now)?;
        self.profile.check(raw, &self.audience)
    }

    fn check_issuer(&self, raw: &Raw<'_>) -> Result<(), Rejection> {
        let issuer = raw.text("iss")?.ok_or(Rejection::MissingClaim("iss"))?;
        let is_ours = self.issuers.iter().any(|ours| ours == issuer);
        match is_ours || self.fits_template(raw, issuer) {
            true => Ok(()),
            false => Err(Rejection::WrongIssuer),
        }
    }

    /// Whether the issuer is the template with the claims of the token in their places.
    fn fits_template(&self, raw: &Raw<'_>, issuer: &str) -> bool {
        let Some(template) = &self.template else {
            return false;
        };
        let mut written = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return false;
            };
            let name = if name == "tenantid" { "tid" } else { name };
            let value = raw
                .all
                .get(name)
                .and_then(Node::as_text)
                .unwrap_or_default();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if value.is_empty() || !value.bytes().all(is_plain) {
                return false;
            }
            written.push_str(before);
            written.push_str(value);
            rest = after;
        }
        written.push_str(rest);
        // A template without a place is no other issuer.
        written != *template && written == issuer
    }

    fn check_audience(&self, raw: &Raw<'_>) -> Result<(), Rejection> {
        if self.audience.is_empty() {
            return Ok(()); // Only profiles without one are built like this.
        }
        if raw.audience.is_empty() {
            return Err(Rejection::MissingClaim("aud"));
        }
        match raw.audience.iter().any(|told| self.audience.contains(told)) {
            true => Ok(()),
            false => Err(Rejection::WrongAudience),
        }
    }

    fn check_dates(&self, raw: &Raw<'_>, now: Duration) -> Result<(), Rejection> {
        let latest = now.saturating_add(self.leeway);
        let expiry = raw.expires_at.ok_or(Rejection::MissingClaim("exp"))?;
        if expiry.saturating_add(self.leeway) <= now {
            return Err(Rejection::Expired);
        }
        if raw.not_before.is_some_and(|date| date > latest) {
            return Err(Rejection::NotYetValid);
        }
        if raw.issued_at.is_some_and(|date| date > latest) {
            return Err(Rejection::IssuedInFuture);
        }
        Ok(())
    }
}
