//! The keys of one issuer, and which of them a token may have been signed with.

use integration_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use crate::{
    header::Header,
    jwk,
    jws::Jws,
    key::{Key, Verifier},
    limits::MAX_KEYS,
    rejection::Rejection,
    strict_json,
};

/// Keys that are at hand; [`JwksCache`](crate::JwksCache) fetches them.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    skipped: usize,
}

impl KeySet {
    /// Takes keys as they are.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys, skipped: 0 }
    }

    /// Reads a JSON Web Key Set. A key that is malformed, weak or not for signatures is left out,
    /// and so is a secret beside public keys: it would be one that everybody knows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is not a key set at all.
    pub fn from_jwks(json: &[u8]) -> Result<Self> {
        let refuse = |what| Error::new(ErrorKind::Decode, "jwt.jwks").with_message(what);
        let document =
            strict_json::object(json).map_err(|_| refuse("key set is no JSON object"))?;
        let Some(Value::Array(listed)) = document.get("keys") else {
            return Err(refuse("key set has no array `keys`"));
        };
        let listed_keys = listed.iter().take(MAX_KEYS).filter_map(Value::as_object);
        let parsed: Vec<_> = listed_keys.map(|key| (key, jwk::parse(key).ok())).collect();
        let broken = || parsed.iter().filter(|(_, key)| key.is_none());
        // Of two keys with one id, one that cannot be read leaves open which of them signs.
        let is_ambiguous = |key: &Map<_, _>| broken().any(|(other, _)| are_alike(key, other));
        let keys = parsed.iter().filter(|(key, _)| !is_ambiguous(key));
        let mut keys: Vec<Key> = keys.filter_map(|(_, key)| key.clone()).collect();
        if keys.iter().any(|key| !key.is_secret()) {
            keys.retain(|key| !key.is_secret());
        }
        let skipped = listed.len() - keys.len();
        Ok(Self { keys, skipped })
    }

    /// Leaves out secrets: what was published is none.
    pub(crate) fn without_secrets(mut self) -> Self {
        let before = self.keys.len();
        self.keys.retain(|key| !key.is_secret());
        self.skipped += before - self.keys.len();
        self
    }

    /// Returns how many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no key can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns how many keys of the document were left out.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Verifies the signature alone and returns the payload, whatever it says.
    ///
    /// For signed content that is no JWT. A token is judged by [`Validator`](crate::Validator).
    ///
    /// # Errors
    ///
    /// The rule that is broken.
    pub fn verify(&self, compact: &str) -> Result<Vec<u8>, Rejection> {
        let jws = Jws::parse(compact)?;
        self.check(&jws)?;
        jws.payload()
    }

    pub(crate) fn check(&self, jws: &Jws<'_>) -> Result<(), Rejection> {
        let verifier = self.find(&jws.header)?;
        match verifier.verifies(jws.signed, &jws.signature) {
            true => Ok(()),
            false => Err(Rejection::BadSignature),
        }
    }

    pub(crate) fn has(&self, kid: Option<&str>) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == kid)
    }

    /// The one key that may have signed: it has the id, or no id, or the token names none.
    fn find(&self, header: &Header) -> Result<&Verifier, Rejection> {
        let kid = header.kid.as_deref();
        let named = kid.is_some() && self.has(kid);
        let mut candidates = self.keys.iter().filter(|key| match (kid, named) {
            (None, _) => true,
            (Some(_), true) => key.kid.as_deref() == kid,
            (Some(_), false) => key.kid.is_none(),
        });
        let mut fitting = candidates
            .clone()
            .filter_map(|key| key.verifier(header.algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(Rejection::AmbiguousKey),
            (None, _) if candidates.next().is_some() => Err(Rejection::AlgorithmNotAllowed),
            (None, _) => Err(Rejection::UnknownKey),
        }
    }
}

/// Whether two keys have one id and are of one kind, and both may be for signatures.
fn are_alike(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let is_for_signatures = |key: &Map<_, _>| key.get("use").is_none_or(|of| of == "sig");
    one.contains_key("kid")
        && ["kid", "kty"]
            .iter()
            .all(|name| one.get(*name) == other.get(*name))
        && is_for_signatures(one)
        && is_for_signatures(other)
}
