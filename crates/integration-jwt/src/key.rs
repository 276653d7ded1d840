//! One key, prepared once for the algorithms it may verify.

use std::fmt;

use aws_lc_rs::{hmac, signature::ParsedPublicKey};
use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};

use crate::{algorithm::Algorithm, jwk, strict_json};

/// A key that verifies tokens. It decides the algorithm, never the token.
///
/// Shows its id and algorithms, never its material.
#[derive(Clone)]
pub struct Key {
    pub(crate) kid: Option<String>,
    verifiers: Vec<(Algorithm, Verifier)>,
}

/// Parsed beforehand: for RSA that is a fifth of a verification.
#[derive(Clone)]
pub(crate) enum Verifier {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl Key {
    pub(crate) fn new(kid: Option<String>, verifiers: Vec<(Algorithm, Verifier)>) -> Self {
        Self { kid, verifiers }
    }

    /// Takes a shared secret for [`Algorithm::Hs256`], [`Algorithm::Hs384`] or [`Algorithm::Hs512`].
    ///
    /// The key has no id and fits tokens with any.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the algorithm is another one, or the secret is shorter than its
    /// hash: 32, 48 or 64 bytes.
    pub fn hmac(algorithm: Algorithm, secret: &SecretString) -> Result<Self> {
        let verifier = jwk::secret(algorithm, secret.expose_secret().as_bytes());
        Ok(Self::new(None, vec![verifier.map_err(unfit)?]))
    }

    /// Reads one JSON Web Key, public or secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is malformed, weak, or not for signatures.
    pub fn from_jwk(json: &[u8]) -> Result<Self> {
        let object = strict_json::object(json).map_err(|_| unfit("no JSON object"))?;
        jwk::parse(&object).map_err(unfit)
    }

    /// Sets the id. Such a key fits only tokens that name it, or name none.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    pub(crate) fn verifier(&self, algorithm: Algorithm) -> Option<&Verifier> {
        let found = self.verifiers.iter().find(|(of, _)| *of == algorithm);
        found.map(|(_, verifier)| verifier)
    }

    pub(crate) fn is_secret(&self) -> bool {
        let mut verifiers = self.verifiers.iter();
        verifiers.any(|(_, verifier)| matches!(verifier, Verifier::Secret(_)))
    }
}

impl Verifier {
    /// Whether the signature is of this key; of a secret, in constant time.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<Algorithm> = self.verifiers.iter().map(|(of, _)| *of).collect();
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithms", &algorithms)
            .finish_non_exhaustive()
    }
}

fn unfit(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, "jwt.key").with_message(format!("key cannot be used: {why}"))
}
