//! The key, and the tokens it makes.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{jwk, pair::Pair, pem, thumbprint::thumbprint};
use crate::{algorithm::Algorithm, key::Key, strict_json};

/// Members of a header that the key itself decides, or that change what is signed.
const RESERVED: [&str; 5] = ["alg", "b64", "crit", "kid", "typ"];

/// A key that signs tokens: a private key, or a shared secret. Clones are cheap.
///
/// Shows its id and algorithm, never its material.
#[derive(Clone)]
pub struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    pair: Arc<Pair>,
}

impl SigningKey {
    /// Reads a private or secret JSON Web Key, with its `kid`. An RSA key or secret that names no
    /// `alg` signs with [`Algorithm::Rs256`] or [`Algorithm::Hs256`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is malformed, weak, not for signatures or a public key.
    pub fn from_jwk(json: &SecretString) -> Result<Self> {
        let object = strict_json::object(json.expose_secret().as_bytes());
        let object = object.map_err(|_| unfit("no JSON object"))?;
        let (algorithm, pair) = jwk::parse(&object).map_err(unfit)?;
        let kid = object.get("kid").and_then(Value::as_str);
        Ok(Self {
            kid: kid.map(str::to_owned),
            ..Self::new(algorithm, pair)
        })
    }

    /// Reads a private key in PEM: PKCS #8 (`PRIVATE KEY`), or the older `RSA PRIVATE KEY` and
    /// `EC PRIVATE KEY`.
    ///
    /// Line ends may be written as `\n`, as they are in variables of an environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no such key, is encrypted, or does not fit the algorithm.
    pub fn from_pem(algorithm: Algorithm, pem: &SecretString) -> Result<Self> {
        let der = pem::private_key(pem.expose_secret()).map_err(unfit)?;
        let pair = Pair::from_der(algorithm, &der).map_err(unfit)?;
        Ok(Self::new(algorithm, pair))
    }

    /// Takes a shared secret for [`Algorithm::Hs256`], [`Algorithm::Hs384`] or [`Algorithm::Hs512`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the algorithm is another one, or the secret is shorter than its
    /// hash: 32, 48 or 64 bytes.
    pub fn hmac(algorithm: Algorithm, secret: &SecretString) -> Result<Self> {
        let pair = Pair::secret(algorithm, secret.expose_secret().as_bytes());
        Ok(Self::new(algorithm, pair.map_err(unfit)?))
    }

    /// Makes a new private key without an id; of RSA, one of 2048 bits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a secret, which nobody else would have; [`ErrorKind::Other`] when
    /// the system gives no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        Pair::generate(algorithm).map(|pair| Self::new(algorithm, pair))
    }

    fn new(algorithm: Algorithm, pair: Pair) -> Self {
        Self {
            kid: None,
            algorithm,
            pair: Arc::new(pair),
        }
    }

    /// Sets the id that headers name.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Returns the id that headers name.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns how it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs claims. The header has `alg`, `typ`, the `kid` of the key if it has one, and `header`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Serialize`] when the claims are no JSON object, or `header` holds `alg`, `typ`,
    /// `kid`, `crit` or `b64`; [`ErrorKind::Other`] when signing fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use integration_jwt::{Algorithm, SigningKey};
    /// use serde_json::{Map, json};
    ///
    /// # fn main() -> integration_jwt::Result<()> {
    /// let key = SigningKey::generate(Algorithm::Es256)?.with_kid("2027-01");
    /// let token = key.sign("JWT", &Map::new(), &json!({"iss": "app", "exp": 1_800_000_000}))?;
    /// assert_eq!(token.split('.').count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign(
        &self,
        typ: &str,
        header: &Map<String, Value>,
        claims: &impl Serialize,
    ) -> Result<String> {
        if let Some(name) = RESERVED.iter().find(|name| header.contains_key(**name)) {
            return Err(unwritable("header holds a member that the key decides")
                .with_context("member", name));
        }
        let mut whole = header.clone();
        whole.insert("alg".to_owned(), self.algorithm.name().into());
        whole.insert("typ".to_owned(), typ.into());
        if let Some(kid) = &self.kid {
            whole.insert("kid".to_owned(), kid.as_str().into());
        }
        // serde_json's message may quote a claim.
        let claims = serde_json::to_value(claims).ok().filter(Value::is_object);
        let claims = claims.ok_or_else(|| unwritable("claims are no JSON object"))?;
        let encode = |json: String| URL_SAFE_NO_PAD.encode(json);
        let header = encode(Value::Object(whole).to_string());
        let signed = format!("{header}.{}", encode(claims.to_string()));
        let signature = self.pair.sign(self.algorithm, signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns the public half as a JSON Web Key, with the `kid`; `None` for a secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Map<String, Value>> {
        let mut jwk = jwk::public(&self.pair)?;
        jwk.insert("alg".to_owned(), self.algorithm.name().into());
        jwk.insert("use".to_owned(), "sig".into());
        if let Some(kid) = &self.kid {
            jwk.insert("kid".to_owned(), kid.as_str().into());
        }
        Some(jwk)
    }

    /// Returns the whole key as a JSON Web Key, for a sealed store.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an RSA key and for a secret: keep what they were read from.
    pub fn private_jwk(&self) -> Result<SecretString> {
        let private = jwk::private(&self.pair);
        let private = private.ok_or_else(|| unfit("only keys of a curve are written"))?;
        let mut jwk = self.public_jwk().unwrap_or_default();
        jwk.insert("d".to_owned(), private.into());
        Ok(Value::Object(jwk).to_string().into())
    }

    /// Returns the thumbprint of the public half (RFC 7638, SHA-256); `None` for a secret.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        thumbprint(&jwk::public(&self.pair)?)
    }

    /// Returns the key that verifies what this one signs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is too weak to verify with, such as one of the ROCA generator.
    pub fn verifying_key(&self) -> Result<Key> {
        match self.public_jwk() {
            Some(jwk) => Key::from_jwk(Value::Object(jwk).to_string().as_bytes()),
            None => self.pair.verifying_secret(self.algorithm).map_err(unfit),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn unfit(why: &'static str) -> Error {
    Error::new(ErrorKind::Config, "jwt.sign").with_message(format!("key cannot sign: {why}"))
}

fn unwritable(why: &'static str) -> Error {
    Error::new(ErrorKind::Serialize, "jwt.sign").with_message(why)
}
