//! Proofs that whoever sends a token holds the key it is bound to (`DPoP`, RFC 9449).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{
    Error, ErrorKind, ExposeSecret as _, Result, SecretString,
    http::{HeaderMap, Method, StatusCode},
};
use integration_jwt::SigningKey;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{random, tokens::TokenSet};

pub(crate) const OPERATION: &str = "oauth.dpop";

/// The header that carries a proof.
pub const HEADER: &str = "dpop";

/// The header in which a server gives the nonce of the next proof.
pub const NONCE_HEADER: &str = "dpop-nonce";

/// Bytes of a nonce that are taken.
const MAX_NONCE: usize = 512;

/// Makes proofs.
#[derive(Debug)]
pub struct DpopProof;

impl DpopProof {
    /// Makes the proof for one request: the value of its header `DPoP`.
    ///
    /// `token` is the access token that the request carries, as `Authorization: DPoP`; `nonce` is
    /// the last one that this server gave; `unix` is the present since the Unix epoch. Each proof is
    /// good for one request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a shared secret, which proves nothing.
    ///
    /// [RFC 9449, 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)
    pub fn for_request(
        key: &SigningKey,
        method: &Method,
        url: &Url,
        token: Option<&SecretString>,
        nonce: Option<&str>,
        unix: Duration,
    ) -> Result<String> {
        let mut jwk = key.public_jwk().ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION)
                .with_message("a shared secret proves nothing: use a key of a curve")
        })?;
        let counted = ["kty", "crv", "x", "y", "n", "e"];
        jwk.retain(|name, _| counted.contains(&name.as_str()));
        let mut address = url.clone();
        address.set_query(None);
        address.set_fragment(None);
        let mut claims = json!({
            "jti": random::token()?,
            "htm": method.as_str(),
            "htu": address.as_str(),
            "iat": unix.as_secs(),
        });
        if let Some(token) = token {
            let hash = digest(&SHA256, token.expose_secret().as_bytes());
            claims["ath"] = URL_SAFE_NO_PAD.encode(hash).into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let header = Map::from_iter([("jwk".to_owned(), Value::Object(jwk))]);
        key.sign("dpop+jwt", &header, &claims)
    }
}

/// Returns the nonce that an answer gives for the next proof.
#[must_use]
pub fn nonce(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get(NONCE_HEADER)?.to_str().ok()?;
    (!nonce.is_empty() && nonce.len() <= MAX_NONCE).then(|| nonce.to_owned())
}

/// Whether an API refused a request only because its proof lacked the nonce that the answer gives.
/// The same request may then be sent once more.
#[must_use]
pub fn wants_nonce(status: StatusCode, headers: &HeaderMap) -> bool {
    let challenges = headers.get_all("www-authenticate");
    let mut challenges = challenges.iter().filter_map(|value| value.to_str().ok());
    status == StatusCode::UNAUTHORIZED
        && nonce(headers).is_some()
        && challenges.any(|challenge| challenge.contains("use_dpop_nonce"))
}

/// Reads the key of a [`TokenSet`].
///
/// # Errors
///
/// [`ErrorKind::Config`] when it is no private key.
pub fn read_key(jwk: &SecretString) -> Result<SigningKey> {
    SigningKey::from_jwk(jwk)
}

/// The key that these tokens need a proof of. Without it they are not sent.
pub(crate) fn key_of(tokens: &TokenSet) -> Result<Option<SigningKey>> {
    match &tokens.dpop_key {
        _ if !tokens.is_bound() => Ok(None),
        Some(jwk) => read_key(jwk).map(Some),
        None => Err(no_key()),
    }
}

pub(crate) fn no_key() -> Error {
    Error::new(ErrorKind::Config, OPERATION)
        .with_message("the token is bound to a key, and the key is not here")
}

#[cfg(test)]
mod tests {
    use integration_core::http::HeaderValue;
    use integration_jwt::Algorithm;

    use super::*;

    fn part(proof: &str, n: usize) -> Value {
        let part = proof.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_proof_is_for_one_method_address_token_and_nonce() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let url = Url::parse("https://api.example.test/a?secret=1#f").unwrap();
        let unix = Duration::from_secs(7);
        let proof = || {
            let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU".into();
            DpopProof::for_request(&key, &Method::GET, &url, Some(&token), Some("n"), unix).unwrap()
        };
        let (header, claims) = (part(&proof(), 0), part(&proof(), 1));
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(header["alg"], "ES256");
        let names: Vec<&String> = header["jwk"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["crv", "kty", "x", "y"]);
        assert_eq!(claims["htm"], "GET");
        assert_eq!(claims["htu"], "https://api.example.test/a");
        assert_eq!(claims["nonce"], "n");
        assert_eq!(claims["iat"], 7);
        // The token and its hash are those of RFC 9449, 7.1.
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_ne!(part(&proof(), 1)["jti"], part(&proof(), 1)["jti"]);
        let secret = SigningKey::hmac(Algorithm::Hs256, &"s".repeat(32).into()).unwrap();
        assert!(DpopProof::for_request(&secret, &Method::GET, &url, None, None, unix).is_err());
    }

    #[test]
    fn a_nonce_is_wanted_only_where_one_is_given() {
        let mut headers = HeaderMap::new();
        let challenge = HeaderValue::from_static("DPoP error=\"use_dpop_nonce\"");
        headers.insert("www-authenticate", challenge);
        assert!(!wants_nonce(StatusCode::UNAUTHORIZED, &headers));
        headers.insert(NONCE_HEADER, HeaderValue::from_static("n1"));
        assert!(wants_nonce(StatusCode::UNAUTHORIZED, &headers));
        assert!(!wants_nonce(StatusCode::FORBIDDEN, &headers));
        assert_eq!(nonce(&headers).as_deref(), Some("n1"));
        headers.insert(
            "www-authenticate",
            HeaderValue::from_static("DPoP error=\"invalid_token\""),
        );
        assert!(!wants_nonce(StatusCode::UNAUTHORIZED, &headers));
    }
}
