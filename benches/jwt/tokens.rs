//! One token of each algorithm, signed by keys made on the spot.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{Clock as _, SystemClock};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example.test";
pub(crate) const AUDIENCE: &str = "https://api.example.test";

pub(crate) struct Signed {
    pub(crate) algorithm: &'static str,
    pub(crate) token: String,
    pub(crate) jwk: Value,
}

pub(crate) fn all() -> [Signed; 4] {
    [secret(), rsa(), curve(), edwards()]
}

fn secret() -> Signed {
    let secret = [7; 32];
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let jwk = json!({"kty": "oct", "k": b64(secret)});
    signed("HS256", jwk, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn rsa() -> Signed {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    let jwk = json!({"kty": "RSA", "n": b64(public.n), "e": b64(public.e)});
    signed("RS256", jwk, |message| {
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
    signed("ES256", jwk, |message| {
        key.sign(&SystemRandom::new(), message)
            .unwrap()
            .as_ref()
            .to_vec()
    })
}

fn edwards() -> Signed {
    let key = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key())});
    signed("EdDSA", jwk, |message| key.sign(message).as_ref().to_vec())
}

fn signed(algorithm: &'static str, mut jwk: Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> Signed {
    let now = SystemClock.unix().as_secs();
    let header = json!({"alg": algorithm, "kid": "key-1", "typ": "at+jwt"});
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "0f8c2f0e-user", "client_id": "app-1",
        "jti": "1d9f8f5a-3a", "iat": now, "nbf": now, "exp": now + 86_400,
        "scope": "openid profile offline_access api:read api:write", "tenant": "acme",
    });
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let token = format!("{message}.{}", b64(sign(message.as_bytes())));
    jwk["alg"] = algorithm.into();
    jwk["kid"] = "key-1".into();
    Signed {
        algorithm,
        token,
        jwk,
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
