//! Keys that sign, judged by the validator.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer as _, EcPrivateKeyRfc5915Der, Pkcs8V1Der},
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use integration_core::ExposeSecret as _;
use integration_jwt::{Algorithm, ErrorKind, KeySet, SecretString, SigningKey, Validator};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{AUDIENCE, FixedClock, ISSUER, NOW, access, b64, verdict, with};

const OF_KEYS: [Algorithm; 10] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
];

const OF_SECRETS: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

/// Judges access tokens by this key alone.
fn judge(key: &SigningKey) -> Validator {
    let keys = KeySet::new(vec![key.verifying_key().unwrap()]);
    let builder = Validator::issuer(ISSUER).audience(AUDIENCE).access_tokens();
    let builder = builder.keys(keys).clock(Arc::new(FixedClock(NOW)));
    builder.build().unwrap()
}

fn sign(key: &SigningKey) -> String {
    key.sign("at+jwt", &Map::new(), &access()).unwrap()
}

fn secret() -> SecretString {
    "s".repeat(64).into()
}

#[tokio::test]
async fn what_a_key_of_any_algorithm_signs_its_own_verifier_accepts_and_no_other() {
    let private = OF_KEYS.map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let shared = OF_SECRETS.map(|algorithm| SigningKey::hmac(algorithm, &secret()).unwrap());
    let keys: Vec<SigningKey> = private.into_iter().chain(shared).collect();
    for signer in &keys {
        let token = sign(signer);
        for other in &keys {
            let is_own = signer.algorithm() == other.algorithm();
            let verdict = verdict(&judge(other), &token).await;
            assert_eq!(verdict.is_ok(), is_own, "{signer:?} judged by {other:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_was_written_is_the_same_when_it_is_read() {
    for algorithm in [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ] {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("k1");
        let read = SigningKey::from_jwk(&key.private_jwk().unwrap()).unwrap();
        assert_eq!(read.kid(), Some("k1"));
        assert_eq!(read.algorithm(), algorithm);
        assert_eq!(read.thumbprint(), key.thumbprint());
        assert_eq!(read.public_jwk(), key.public_jwk());
        assert_eq!(verdict(&judge(&key), &sign(&read)).await, Ok(()));
    }
}

/// A new RSA key as PKCS #8, and what that wraps: PKCS #1.
fn rsa_der() -> (Vec<u8>, Vec<u8>) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // Of 2048 bits the wrapping is 26 bytes.
    (der.as_ref().to_vec(), der.as_ref()[26..].to_vec())
}

/// The numbers of a PKCS #1 key as a JWK.
fn rsa_jwk(der: &[u8]) -> Value {
    let mut rest = &der[4..];
    let mut numbers = Vec::new();
    while let [2, length, after @ ..] = rest {
        let (length, after) = match length {
            0x81 => (usize::from(after[0]), &after[1..]),
            0x82 => (
                usize::from(after[0]) * 256 + usize::from(after[1]),
                &after[2..],
            ),
            short => (usize::from(*short), after),
        };
        numbers.push(b64(&after[..length]));
        rest = &after[length..];
    }
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let members = names.iter().zip(numbers.into_iter().skip(1));
    let mut jwk: Map<String, Value> = members
        .map(|(name, number)| ((*name).to_owned(), number.into()))
        .collect();
    jwk.insert("kty".to_owned(), "RSA".into());
    jwk.insert("kid".to_owned(), "r1".into());
    Value::Object(jwk)
}

#[tokio::test]
async fn an_rsa_key_is_read_from_a_jwk_and_signs_as_it_says() {
    let known = rsa_jwk(&rsa_der().1);
    for alg in ["RS256", "RS512", "PS256"] {
        let mut jwk = known.clone();
        jwk["alg"] = alg.into();
        let key = SigningKey::from_jwk(&jwk.to_string().into()).unwrap();
        assert_eq!(key.algorithm().name(), alg);
        assert_eq!(verdict(&judge(&key), &sign(&key)).await, Ok(()));
    }
    let mut wrong = known;
    wrong["dp"] = wrong["dq"].clone();
    assert!(SigningKey::from_jwk(&wrong.to_string().into()).is_err());
}

#[test]
fn the_public_half_holds_nothing_private() {
    let key = SigningKey::from_jwk(&rsa_jwk(&rsa_der().1).to_string().into()).unwrap();
    let public = key.public_jwk().unwrap();
    let names: Vec<&str> = public.keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    assert!(key.private_jwk().is_err());
    let ours = SigningKey::generate(Algorithm::Es256).unwrap();
    assert!(!ours.public_jwk().unwrap().contains_key("d"));
    let shared = SigningKey::hmac(Algorithm::Hs256, &secret()).unwrap();
    assert_eq!(shared.public_jwk(), None);
    assert_eq!(shared.thumbprint(), None);
}

fn pem(label: &str, der: &[u8]) -> SecretString {
    let body = STANDARD.encode(der);
    let dashes = "-".repeat(5);
    format!("{dashes}BEGIN {label}{dashes}\n{body}\n{dashes}END {label}{dashes}\n").into()
}

#[tokio::test]
async fn a_key_of_pem_is_read_in_all_three_forms() {
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'_> = ec.private_key().as_der().unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    let (pkcs8, pkcs1) = rsa_der();
    for (algorithm, pem) in [
        (
            Algorithm::Es256,
            pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref()),
        ),
        (Algorithm::Es256, pem("EC PRIVATE KEY", sec1.as_ref())),
        (
            Algorithm::EdDsa,
            pem("PRIVATE KEY", ed.to_pkcs8v1().unwrap().as_ref()),
        ),
        (Algorithm::Rs256, pem("PRIVATE KEY", &pkcs8)),
        (Algorithm::Ps256, pem("RSA PRIVATE KEY", &pkcs1)),
    ] {
        let key = SigningKey::from_pem(algorithm, &pem).unwrap();
        assert_eq!(verdict(&judge(&key), &sign(&key)).await, Ok(()));
        let other = match algorithm {
            Algorithm::Es256 => Algorithm::Es384,
            _ => Algorithm::Es256,
        };
        assert!(SigningKey::from_pem(other, &pem).is_err(), "{algorithm:?}");
    }
}

#[test]
fn a_header_carries_the_key_id_the_type_and_what_is_added() {
    let key = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("k1");
    let added = json!({"jwk": {"kty": "EC"}});
    let token = key
        .sign("dpop+jwt", added.as_object().unwrap(), &access())
        .unwrap();
    let (header, _) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let wanted = json!({"alg": "ES256", "typ": "dpop+jwt", "kid": "k1", "jwk": {"kty": "EC"}});
    assert_eq!(header, wanted);
    for name in ["alg", "typ", "kid", "crit", "b64"] {
        let added = json!({ name: "x" });
        let refused = key.sign("JWT", added.as_object().unwrap(), &access());
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Serialize, "{name}");
    }
}

#[test]
fn a_key_that_is_weak_public_or_for_something_else_does_not_sign() {
    let good = SigningKey::generate(Algorithm::Es256).unwrap();
    let good = good.private_jwk().unwrap();
    let good: Value = serde_json::from_str(good.expose_secret()).unwrap();
    let other = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .public_jwk()
        .unwrap();
    for change in [
        json!({"use": "enc"}),
        json!({"key_ops": ["verify"]}),
        json!({"alg": "ES384"}),
        json!({"alg": "none"}),
        json!({"crv": "P-384"}),
        json!({"d": null}),
        json!({"d": "AA"}),
        json!({"x": other["x"], "y": other["y"]}),
        json!({"kty": "RSA"}),
    ] {
        let jwk = with(good.clone(), &change).to_string();
        let refused = SigningKey::from_jwk(&jwk.into()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{change}");
    }
    assert!(SigningKey::hmac(Algorithm::Hs256, &"s".repeat(31).into()).is_err());
    assert!(SigningKey::hmac(Algorithm::Es256, &secret()).is_err());
    assert!(SigningKey::generate(Algorithm::Hs256).is_err());
    assert!(SigningKey::from_jwk(&good.to_string().into()).is_ok());
}

#[test]
fn no_key_is_in_any_debug_or_error() {
    let canary = "canary-".repeat(9);
    let key = SigningKey::hmac(Algorithm::Hs256, &canary.clone().into()).unwrap();
    assert!(!format!("{key:?}").contains("canary"));
    let refused = SigningKey::from_pem(Algorithm::Es256, &canary.clone().into()).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("canary"));
    let jwk = json!({"kty": "EC", "crv": "P-256", "d": canary}).to_string();
    let refused = SigningKey::from_jwk(&jwk.into()).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

proptest! {
    #[test]
    fn arbitrary_text_is_no_key_and_never_panics(text in ".{0,200}") {
        let text: SecretString = text.into();
        prop_assert!(SigningKey::from_jwk(&text).is_err());
        prop_assert!(SigningKey::from_pem(Algorithm::Es256, &text).is_err());
    }
}
