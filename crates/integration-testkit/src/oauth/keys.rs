//! Keys that sign for real, and checks of what clients signed.

use std::io;

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// With what the mock server signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// ECDSA on P-256.
    #[default]
    Es256,
    /// RSA with PKCS #1 v1.5 padding; its key takes a while to make.
    Rs256,
    /// Ed25519.
    EdDsa,
}

/// A key pair with its name.
pub(super) struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ec(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

impl SigningKey {
    pub(super) fn generate(algorithm: SigningAlgorithm, kid: String) -> io::Result<Self> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(|k| Pair::Ec(k.into()))
            }
            SigningAlgorithm::Rs256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|k| Pair::Rsa(k.into()))
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(|k| Pair::Ed(k.into())),
        };
        let pair = pair.map_err(|_| io::Error::other("no key could be made"))?;
        Ok(Self { kid, pair })
    }

    pub(super) fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Rsa(_) => "RS256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// The public half.
    pub(super) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ec(key) => {
                // An uncompressed point: one byte of its form, then both coordinates.
                let point = key.public_key().as_ref();
                let x = point.get(1..33).unwrap_or_default();
                let y = point.get(33..).unwrap_or_default();
                json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)})
            }
            Pair::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": b64(public.n), "e": b64(public.e)})
            }
            Pair::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key())}),
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.alg());
        jwk
    }

    /// Makes a JWT of this `typ`.
    pub(super) fn sign(&self, typ: &str, claims: &Value) -> io::Result<String> {
        let header = json!({"alg": self.alg(), "kid": self.kid, "typ": typ});
        let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = self.signature(signed.as_bytes())?;
        Ok(format!("{signed}.{}", b64(signature)))
    }

    fn signature(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let random = SystemRandom::new();
        let failed = |_| io::Error::other("signing failed");
        match &self.pair {
            Pair::Ec(key) => {
                let signature = key.sign(&random, message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::Ed(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }
}

/// Reads the claims of a JWT if one of these keys, or the secret, signed it.
pub(super) fn verified(token: &str, keys: &[Value], secret: Option<&str>) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&unb64(header)?).ok()?;
    let signature = unb64(signature)?;
    let is_good = match header["alg"].as_str()? {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret?.as_bytes());
            hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
        }
        alg => keys
            .iter()
            .any(|jwk| is_signed_by(jwk, alg, signed.as_bytes(), &signature).unwrap_or_default()),
    };
    let claims = serde_json::from_slice(&unb64(claims)?).ok()?;
    is_good.then_some(claims)
}

fn is_signed_by(jwk: &Value, alg: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
    let part = |name: &str| unb64(jwk[name].as_str()?);
    let checked = match (alg, jwk["kty"].as_str()?) {
        ("ES256", "EC") => {
            let point = [vec![4], part("x")?, part("y")?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
        }
        ("EdDSA", "OKP") => UnparsedPublicKey::new(&ED25519, part("x")?).verify(message, signature),
        ("RS256", "RSA") => {
            let (n, e) = (part("n")?, part("e")?);
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        }
        _ => return None,
    };
    Some(checked.is_ok())
}

/// The hash that a PKCE challenge is.
pub(super) fn s256(verifier: &str) -> String {
    b64(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// The left half of a hash, as `at_hash` has it.
pub(super) fn half_hash(token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    b64(hash.as_ref().get(..16).unwrap_or_default())
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn unb64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_signs_what_its_public_half_verifies() {
        for algorithm in [
            SigningAlgorithm::Es256,
            SigningAlgorithm::Rs256,
            SigningAlgorithm::EdDsa,
        ] {
            let key = SigningKey::generate(algorithm, "k1".to_owned()).unwrap();
            let other = SigningKey::generate(algorithm, "k1".to_owned()).unwrap();
            let token = key.sign("JWT", &json!({"sub": "bob"})).unwrap();
            let read = verified(&token, &[key.jwk()], None);
            assert_eq!(read.unwrap()["sub"], "bob", "{algorithm:?}");
            assert_eq!(verified(&token, &[other.jwk()], None), None);
        }
    }

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        // RFC 7636, appendix B.
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
