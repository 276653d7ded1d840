//! Logout tokens, and the sessions and pushes of single services.

use std::sync::Arc;

use integration_jwt::{
    Algorithm, Key, KeySet, Rejection, SecretString, Validator, ValidatorBuilder,
};
use serde_json::{Value, json};

use crate::support::{
    ES, FakeIssuer, FixedClock, ISSUER, JumpClock, NOW, RS, Signer, access, check, jwks, key_set,
    verdict, with,
};

const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn judge(builder: ValidatorBuilder, cases: &[(Value, Result<(), Rejection>)], good: &Value) {
    let clock = Arc::new(FixedClock(NOW));
    let validator = builder.keys(key_set()).clock(clock).build().unwrap();
    for (changes, said) in cases {
        let header = json!({"alg": "ES256", "kid": "es", "typ": "JWT"});
        let token = ES.token(&header, &with(good.clone(), changes));
        assert_eq!(verdict(&validator, &token).await, *said, "{changes}");
    }
}

#[tokio::test]
async fn a_logout_token_is_one_only_with_its_event_and_without_a_nonce() {
    let now = NOW.as_secs();
    let good = json!({
        "iss": ISSUER, "aud": "client-1", "iat": now, "exp": now + 120, "jti": "l-1", "sid": "s-1",
        "events": {LOGOUT: {}},
    });
    let cases = [
        (json!({}), Ok(())),
        (json!({"sid": null, "sub": "user-1"}), Ok(())),
        (json!({"sid": null}), Err(Rejection::MissingClaim("sid"))),
        (json!({"nonce": "n"}), Err(Rejection::Forbidden("nonce"))),
        (
            json!({"events": null}),
            Err(Rejection::MissingClaim("events")),
        ),
        (
            json!({"events": {"http://other": {}}}),
            Err(Rejection::BadClaim("events")),
        ),
        (
            json!({"events": {LOGOUT: true}}),
            Err(Rejection::BadClaim("events")),
        ),
        (
            json!({"events": [LOGOUT]}),
            Err(Rejection::BadClaim("events")),
        ),
        (json!({"jti": null}), Err(Rejection::MissingClaim("jti"))),
        (json!({"iat": null}), Err(Rejection::MissingClaim("iat"))),
        (
            json!({"iss": "https://evil.example.test"}),
            Err(Rejection::WrongIssuer),
        ),
        (json!({"aud": "client-2"}), Err(Rejection::WrongAudience)),
    ];
    let builder = Validator::issuer(ISSUER)
        .audience("client-1")
        .logout_tokens();
    judge(builder, &cases, &good).await;
}

#[tokio::test]
async fn a_logout_token_that_was_not_signed_as_agreed_is_none() {
    use Rejection::{AlgorithmNotAllowed, BadSignature, NotThreeParts};
    let now = NOW.as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": "client-1", "iat": now, "exp": now + 120, "jti": "l-1", "sid": "s-1",
        "events": {LOGOUT: {}},
    });
    let secret = Signer::Mac(b"the-secret-of-the-client-0123456789".to_vec());
    let signed = |signer: &Signer, kid: &str, alg: &str| {
        let header = json!({"alg": alg, "kid": kid, "typ": "logout+jwt"});
        signer.token(&header, &claims)
    };
    let unsigned = signed(&ES, "es", "none");
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    let validator = Validator::issuer(ISSUER)
        .audience("client-1")
        .logout_tokens();
    let validator = validator
        .algorithms([Algorithm::Es256])
        .keys(key_set())
        .clock(Arc::new(FixedClock(NOW)))
        .build()
        .unwrap();
    assert_eq!(
        verdict(&validator, &signed(&ES, "es", "ES256")).await,
        Ok(())
    );
    for (token, why) in [
        (format!("{unsigned}."), NotThreeParts),
        (signed(&ES, "es", "none"), AlgorithmNotAllowed),
        (signed(&secret, "es", "HS256"), AlgorithmNotAllowed),
        (signed(&RS, "rs", "RS256"), AlgorithmNotAllowed),
        (signed(&RS, "es", "ES256"), BadSignature),
    ] {
        assert_eq!(verdict(&validator, &token).await, Err(why), "{token}");
    }
}

#[tokio::test]
async fn a_supabase_session_is_of_the_project_and_of_a_user_that_is_logged_in() {
    let now = NOW.as_secs();
    let good = json!({
        "iss": "https://ref.supabase.co/auth/v1", "aud": "authenticated", "sub": "user-1",
        "role": "authenticated", "iat": now, "exp": now + 3600, "aal": "aal1", "session_id": "s",
    });
    let cases = [
        (json!({}), Ok(())),
        (json!({"role": null}), Err(Rejection::MissingClaim("role"))),
        (json!({"role": 1}), Err(Rejection::BadClaim("role"))),
        (json!({"sub": null}), Err(Rejection::MissingClaim("sub"))),
        (json!({"aud": "anon"}), Err(Rejection::WrongAudience)),
        (
            json!({"iss": "https://other.supabase.co/auth/v1"}),
            Err(Rejection::WrongIssuer),
        ),
    ];
    judge(
        Validator::supabase("https://ref.supabase.co/"),
        &cases,
        &good,
    )
    .await;
}

#[tokio::test]
async fn an_older_project_of_supabase_signs_with_its_secret() {
    let secret = "a-secret-of-a-project-that-is-long-enough";
    let signer = Signer::Mac(secret.as_bytes().to_vec());
    let key = Key::hmac(Algorithm::Hs256, &SecretString::from(secret)).unwrap();
    let clock = Arc::new(FixedClock(NOW));
    let builder = Validator::supabase("https://ref.supabase.co").keys(KeySet::new(vec![key]));
    let validator = builder.clock(clock).build().unwrap();
    let claims = json!({
        "iss": "https://ref.supabase.co/auth/v1", "aud": "authenticated", "sub": "user-1",
        "role": "authenticated", "iat": NOW.as_secs(), "exp": NOW.as_secs() + 3600,
    });
    for header in [
        json!({"alg": "HS256", "typ": "JWT"}),
        json!({"alg": "HS256", "kid": "k"}),
    ] {
        assert_eq!(
            verdict(&validator, &signer.token(&header, &claims)).await,
            Ok(())
        );
    }
}

#[tokio::test]
async fn a_push_of_pubsub_is_signed_for_the_service_account() {
    let now = NOW.as_secs();
    let (audience, account) = (
        "https://app.example.test/push",
        "push@p.iam.gserviceaccount.com",
    );
    let good = json!({
        "iss": "https://accounts.google.com", "aud": audience, "sub": "1", "email": account,
        "email_verified": true, "azp": "1", "iat": now, "exp": now + 3600,
    });
    let cases = [
        (json!({}), Ok(())),
        (json!({"iss": "accounts.google.com"}), Ok(())),
        (
            json!({"iss": "http://accounts.google.com"}),
            Err(Rejection::WrongIssuer),
        ),
        (
            json!({"email": "evil@x.iam.gserviceaccount.com"}),
            Err(Rejection::WrongParty),
        ),
        (
            json!({"email": null}),
            Err(Rejection::MissingClaim("email")),
        ),
        (
            json!({"email_verified": false}),
            Err(Rejection::BadClaim("email_verified")),
        ),
        (
            json!({"email_verified": "true"}),
            Err(Rejection::BadClaim("email_verified")),
        ),
        (
            json!({"aud": "https://other.example.test"}),
            Err(Rejection::WrongAudience),
        ),
    ];
    judge(Validator::google_pubsub(audience, account), &cases, &good).await;
}

#[tokio::test]
async fn a_clerk_session_is_of_one_of_our_origins_and_complete() {
    let now = NOW.as_secs();
    let good = json!({
        "iss": "https://clerk.example.test", "azp": "https://app.example.test", "sub": "user_1",
        "sid": "sess_1", "iat": now, "nbf": now - 10, "exp": now + 60, "v": 2, "sts": "active",
    });
    let cases = [
        (json!({}), Ok(())),
        (json!({"sts": null}), Ok(())),
        (json!({"sts": "pending"}), Err(Rejection::BadClaim("sts"))),
        (
            json!({"azp": "https://evil.example.test"}),
            Err(Rejection::WrongParty),
        ),
        (json!({"azp": null}), Err(Rejection::WrongParty)),
        (json!({"sid": null}), Err(Rejection::MissingClaim("sid"))),
        (json!({"nbf": null}), Err(Rejection::MissingClaim("nbf"))),
    ];
    let builder = Validator::issuer("https://clerk.example.test");
    judge(
        builder.clerk_sessions(["https://app.example.test"]),
        &cases,
        &good,
    )
    .await;
}

/// Where each service publishes its keys, asked for over a fake transport.
#[tokio::test(start_paused = true)]
async fn services_are_asked_for_their_keys_where_they_publish_them() {
    let clerk = Validator::issuer("https://clerk.example.test");
    for (builder, path) in [
        (
            Validator::supabase("https://ref.supabase.co"),
            "/auth/v1/.well-known/jwks.json",
        ),
        (Validator::google_pubsub("a", "b"), "/oauth2/v3/certs"),
        (
            clerk.clerk_sessions(["https://app.example.test"]),
            "/.well-known/jwks.json",
        ),
    ] {
        let (clock, issuer) = (JumpClock::new(), FakeIssuer::default());
        issuer.serve(path, jwks(&[ES.jwk("es")]));
        let builder = builder.http(issuer.client(clock.clone())).clock(clock);
        let token = ES.token(&json!({"alg": "ES256", "kid": "es"}), &access());
        let refused = check(&builder.build().unwrap(), &token).await.unwrap_err();
        assert_eq!(refused.rejection(), Some(Rejection::WrongIssuer), "{path}");
        assert_eq!(issuer.fetches(), 1);
    }
}
