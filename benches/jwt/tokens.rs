//! One token of each algorithm, signed by keys made on the spot.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Clock as _, SystemClock};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example.test";
pub(crate) const AUDIENCE: &str = "https://api.example.test";
pub(crate) const SUBJECT: &str = "0f8c2f0e-user";
pub(crate) const SCOPE: &str = "openid profile offline_access api:read api:write";

/// Seconds.
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

pub(crate) struct Signed {
    pub(crate) algorithm: &'static str,
    pub(crate) token: String,
    /// What nobody may take, by what is wrong with it.
    pub(crate) refused: [(&'static str, String); 5],
    pub(crate) jwk: Value,
    /// Verifies message and signature with a key that is prepared, and does nothing else.
    pub(crate) verify: Verify,
}

pub(crate) type Verify = Box<dyn Fn(&[u8], &[u8]) -> bool>;

pub(crate) fn all() -> [Signed; 4] {
    [secret(), rsa(), curve(), edwards()]
}

fn secret() -> Signed {
    let secret = [7; 32];
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let jwk = json!({"kty": "oct", "k": b64(secret)});
    let own = key.clone();
    let verify: Verify = Box::new(move |message, tag| hmac::verify(&own, message, tag).is_ok());
    signed("HS256", jwk, verify, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn rsa() -> Signed {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    let parsed = public
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .unwrap();
    let jwk = json!({"kty": "RSA", "n": b64(public.n), "e": b64(public.e)});
    signed("RS256", jwk, verify(parsed), |message| {
        let mut signature = vec![0; key.public_modulus_len()];
        let random = SystemRandom::new();
        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        signature
    })
}

fn curve() -> Signed {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)});
    let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()).unwrap();
    signed("ES256", jwk, verify(parsed), |message| {
        key.sign(&SystemRandom::new(), message)
            .unwrap()
            .as_ref()
            .to_vec()
    })
}

fn edwards() -> Signed {
    let key = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key())});
    let parsed = ParsedPublicKey::new(&ED25519, key.public_key()).unwrap();
    signed("EdDSA", jwk, verify(parsed), |message| {
        key.sign(message).as_ref().to_vec()
    })
}

fn verify(key: ParsedPublicKey) -> Verify {
    Box::new(move |message, signature| key.verify_sig(message, signature).is_ok())
}

fn signed(
    algorithm: &'static str,
    mut jwk: Value,
    verify: Verify,
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Signed {
    let now = SystemClock.unix().as_secs();
    let header = json!({"alg": algorithm, "kid": "key-1", "typ": "at+jwt"});
    let claims = |at: u64| {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "client_id": "app-1",
            "jti": "1d9f8f5a-3a", "iat": at, "nbf": at, "exp": at + DAY,
            "scope": SCOPE, "tenant": "acme",
        })
    };
    let message = |claims: &Value| {
        let claims = b64(claims.to_string());
        format!("{}.{claims}", b64(header.to_string()))
    };
    let issue = |claims: &Value| {
        let message = message(claims);
        let signature = b64(sign(message.as_bytes()));
        format!("{message}.{signature}")
    };
    let but = |claim: &str, value: &str| {
        let mut claims = claims(now);
        claims[claim] = value.into();
        claims
    };
    let token = issue(&claims(now));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let other = message(&but("sub", "another"));
    let refused = [
        ("another signature", with_another_signature(&token)),
        ("another subject", format!("{other}.{signature}")),
        ("another issuer", issue(&but("iss", AUDIENCE))),
        ("another audience", issue(&but("aud", ISSUER))),
        ("an expired one", issue(&claims(now - DAY - HOUR))),
    ];
    jwk["alg"] = algorithm.into();
    jwk["kid"] = "key-1".into();
    Signed {
        algorithm,
        token,
        refused,
        jwk,
        verify,
    }
}

/// One bit of it is turned.
fn with_another_signature(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let middle = signature.len() / 2;
    signature[middle] ^= 1;
    format!("{message}.{}", b64(signature))
}

impl Signed {
    /// What was signed, and the signature.
    pub(crate) fn parts(&self) -> (Vec<u8>, Vec<u8>) {
        let (message, signature) = self.token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        (message.as_bytes().to_vec(), signature)
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
