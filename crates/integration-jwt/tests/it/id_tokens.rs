//! ID tokens: each case is one login that must not succeed, by one change to one that does.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use integration_jwt::{Algorithm, Binding, Claims, Rejection, Validator};
use serde_json::{Value, json};

use crate::support::{ED, ES, FixedClock, ISSUER, NOW, RS, Signer, b64, key_set, with};

const CLIENT: &str = "client-1";
const ACCESS_TOKEN: &str = "an-access-token";
const CODE: &str = "a-code";

fn validator() -> Validator {
    let builder = Validator::issuer(ISSUER).audience(CLIENT).id_tokens();
    let builder = builder.keys(key_set()).clock(Arc::new(FixedClock(NOW)));
    builder.algorithms([Algorithm::Rs256]).build().unwrap()
}

fn binding() -> Binding {
    let binding = Binding::new()
        .nonce("n-1")
        .access_token(ACCESS_TOKEN)
        .code(CODE);
    binding.max_age(Duration::from_secs(3600))
}

fn half_hash(of: &str) -> String {
    b64(&digest(&SHA256, of.as_bytes()).as_ref()[..16])
}

fn login() -> Value {
    let now = NOW.as_secs();
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "user-1", "nonce": "n-1", "auth_time": now - 10,
        "iat": now, "exp": now + 600, "at_hash": half_hash(ACCESS_TOKEN), "c_hash": half_hash(CODE),
    })
}

fn token(claims: &Value) -> String {
    RS.token(&json!({"alg": "RS256", "kid": "rs"}), claims)
}

async fn verdict(token: &str) -> Result<Claims, Rejection> {
    let said = validator().check_bound(token, &binding()).await;
    said.map_err(|refusal| refusal.rejection().unwrap())
}

#[tokio::test]
async fn logins_that_are_as_agreed_succeed() {
    let now = NOW.as_secs();
    for changes in [
        json!({}),
        json!({"aud": [CLIENT]}),
        json!({"azp": CLIENT}),
        json!({"aud": [CLIENT, "other"], "azp": CLIENT}),
        json!({"at_hash": null}),
        json!({"c_hash": null}),
        json!({"iat": now + 30, "nbf": now + 30}),
        json!({"exp": now - 30}),
        json!({"auth_time": now - 3650}),
        json!({"name": "Zoë", "nested": {"a": [1, 2]}}),
    ] {
        assert!(
            verdict(&token(&with(login(), &changes))).await.is_ok(),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_login_that_differs_in_one_claim_fails() {
    use Rejection::{
        BadClaim, Expired, IssuedInFuture, LoginTooOld, MissingClaim, NotBound, NotYetValid,
        WrongAudience, WrongIssuer, WrongParty,
    };
    let now = NOW.as_secs();
    for (changes, why) in [
        (json!({"iss": null}), MissingClaim("iss")),
        (json!({"iss": "https://evil.example.test"}), WrongIssuer),
        (json!({"iss": format!("{ISSUER}/")}), WrongIssuer),
        (json!({"aud": null}), MissingClaim("aud")),
        (json!({"aud": "other"}), WrongAudience),
        (json!({"aud": ["other", "another"]}), WrongAudience),
        (json!({"aud": [CLIENT, "other"]}), WrongParty),
        (json!({"azp": "other"}), WrongParty),
        (
            json!({"aud": [CLIENT, "other"], "azp": "other"}),
            WrongParty,
        ),
        (json!({"sub": null}), MissingClaim("sub")),
        (json!({"sub": ""}), BadClaim("sub")),
        (json!({"sub": 1}), BadClaim("sub")),
        (json!({"nonce": null}), MissingClaim("nonce")),
        (json!({"nonce": "n-2"}), NotBound("nonce")),
        (json!({"nonce": "n-1 "}), NotBound("nonce")),
        (json!({"nonce": ["n-1"]}), BadClaim("nonce")),
        (json!({"exp": null}), MissingClaim("exp")),
        (json!({"exp": now - 120}), Expired),
        (json!({"iat": null}), MissingClaim("iat")),
        (json!({"iat": now + 3600}), IssuedInFuture),
        (json!({"nbf": now + 600}), NotYetValid),
        (
            json!({"at_hash": half_hash("another")}),
            NotBound("at_hash"),
        ),
        (json!({"at_hash": "!"}), NotBound("at_hash")),
        (json!({"at_hash": ""}), BadClaim("at_hash")),
        (json!({"c_hash": half_hash("another")}), NotBound("c_hash")),
        (json!({"auth_time": null}), MissingClaim("auth_time")),
        (json!({"auth_time": now - 3661}), LoginTooOld),
        (json!({"auth_time": "now"}), BadClaim("auth_time")),
    ] {
        let said = verdict(&token(&with(login(), &changes))).await;
        assert_eq!(said.unwrap_err(), why, "{changes}");
    }
}

#[tokio::test]
async fn a_login_that_was_not_signed_as_agreed_fails() {
    use Rejection::{AlgorithmNotAllowed, BadSignature, NotThreeParts, UnknownKey, WrongType};
    let good = token(&login());
    let (signed, _) = good.rsplit_once('.').unwrap();
    let secret = Signer::Mac(b"the-secret-of-the-client-0123456789".to_vec());
    let own = |signer: &Signer, kid: &str| {
        signer.token(&json!({"alg": signer.alg(), "kid": kid}), &login())
    };
    let typed = |typ: &str| RS.token(&json!({"alg": "RS256", "kid": "rs", "typ": typ}), &login());
    for (token, why) in [
        (
            RS.token(&json!({"alg": "none"}), &login()),
            AlgorithmNotAllowed,
        ),
        (own(&secret, "rs"), AlgorithmNotAllowed),
        (own(&ES, "es"), AlgorithmNotAllowed),
        (own(&ED, "ed"), AlgorithmNotAllowed),
        (own(&RS, "gone"), UnknownKey),
        (format!("{signed}.{}", b64([7; 256])), BadSignature),
        (typed("at+jwt"), WrongType),
        (typed("logout+jwt"), WrongType),
        ("a.b.c.d.e".to_owned(), NotThreeParts),
        ("garbage".to_owned(), NotThreeParts),
    ] {
        assert_eq!(verdict(&token).await.unwrap_err(), why, "{token}");
    }
}

#[tokio::test]
async fn the_hash_of_an_access_token_is_that_of_the_algorithm() {
    let whole = digest(&aws_lc_rs::digest::SHA512, ACCESS_TOKEN.as_bytes());
    let at_hash = b64(&whole.as_ref()[..32]);
    let claims = with(login(), &json!({"at_hash": at_hash, "c_hash": null}));
    let token = ED.token(&json!({"alg": "EdDSA", "kid": "ed"}), &claims);
    let builder = Validator::issuer(ISSUER).audience(CLIENT).id_tokens();
    let validator = builder
        .keys(key_set())
        .clock(Arc::new(FixedClock(NOW)))
        .build()
        .unwrap();
    assert!(
        validator
            .check_bound::<Value>(&token, &binding())
            .await
            .is_ok()
    );
    let other = binding().access_token("another");
    assert!(
        validator
            .check_bound::<Value>(&token, &other)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_issuer_of_many_customers_is_written_with_the_claim_that_names_the_customer() {
    let template = "https://login.example.test/{tenantid}/v2.0";
    let builder = Validator::issuer("https://login.example.test/common/v2.0").audience(CLIENT);
    let validator = builder
        .issuer_template(template)
        .id_tokens()
        .keys(key_set())
        .clock(Arc::new(FixedClock(NOW)))
        .build()
        .unwrap();
    for (issuer, tid, is_good) in [
        ("https://login.example.test/t-1/v2.0", json!("t-1"), true),
        ("https://login.example.test/common/v2.0", json!(null), true),
        ("https://login.example.test/t-1/v2.0", json!("t-2"), false),
        ("https://login.example.test/t-1/v2.0", json!(null), false),
        ("https://login.example.test/t-1/v2.0", json!(["t-1"]), false),
        ("https://login.example.test//v2.0", json!(""), false),
        ("https://login.example.test/a/b/v2.0", json!("a/b"), false),
        ("https://evil.example.test/t-1/v2.0", json!("t-1"), false),
        (template, json!("{tenantid}"), false),
    ] {
        let token = token(&with(login(), &json!({"iss": issuer, "tid": tid})));
        let said = validator.check::<Value>(&token).await;
        assert_eq!(said.is_ok(), is_good, "{issuer} {tid}");
    }
}
