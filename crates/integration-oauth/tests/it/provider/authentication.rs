//! How a client says who it is.

use std::sync::Arc;

use integration_core::{ErrorKind, ExposeSecret as _, http::HeaderMap};
use integration_jwt::{Algorithm, Key, KeySet, SigningKey, Validator};
use integration_oauth::{
    TokenSet,
    preset::{AuthMethod, BodyFormat},
};
use integration_testkit::leaks;
use serde_json::{Map, Value, json};

use crate::provider::support::{FixedClock, NOW, Sent, Server, builder, jwt, preset, tokens};

const ODD: &str = "web-secret:with/odd+chars%& ü";

/// What a client sends that says who it is with this method.
async fn sent(method: AuthMethod, key: Option<SigningKey>) -> Sent {
    let server = Server::default();
    server.json(200, &tokens());
    let mut builder = builder(&server, preset()).client_id("the app").auth(method);
    builder = match key {
        Some(key) => {
            let jwk = key.private_jwk().unwrap();
            leaks::note_answer(&HeaderMap::new(), jwk.expose_secret().as_bytes());
            builder.private_key(key)
        }
        None => builder.client_secret(ODD),
    };
    let provider = builder.build().unwrap();
    provider.client_credentials(["a"]).await.unwrap();
    server.last()
}

#[tokio::test]
async fn basic_encodes_id_and_secret_as_in_a_form_and_raw_does_not() {
    let encoded = sent(AuthMethod::Basic, None).await;
    // the+app:web-secret%3Awith%2Fodd%2Bchars%25%26+%C3%BC
    assert_eq!(
        encoded.header("authorization").unwrap(),
        "Basic dGhlK2FwcDp3ZWItc2VjcmV0JTNBd2l0aCUyRm9kZCUyQmNoYXJzJTI1JTI2KyVDMyVCQw=="
    );
    assert_eq!(encoded.field("client_id"), None);
    assert_eq!(encoded.field("client_secret"), None);
    let raw = sent(AuthMethod::BasicRaw, None).await;
    assert_eq!(
        raw.header("authorization").unwrap(),
        "Basic dGhlIGFwcDp3ZWItc2VjcmV0OndpdGgvb2RkK2NoYXJzJSYgw7w="
    );
}

#[tokio::test]
async fn post_sends_both_and_none_the_id_alone() {
    let posted = sent(AuthMethod::Post, None).await;
    assert_eq!(posted.field("client_id").as_deref(), Some("the app"));
    assert_eq!(posted.field("client_secret").as_deref(), Some(ODD));
    assert_eq!(posted.header("authorization"), None);
    for method in [AuthMethod::None, AuthMethod::Mtls] {
        let alone = sent(method, None).await;
        assert_eq!(alone.field("client_id").as_deref(), Some("the app"));
        assert_eq!(alone.field("client_secret"), None);
        assert_eq!(alone.header("authorization"), None);
    }
}

/// The claims of an assertion, its signature checked with this key.
async fn asserted(sent: &Sent, key: Key) -> Map<String, Value> {
    assert_eq!(sent.field("client_secret"), None);
    assert_eq!(
        sent.field("client_assertion_type").unwrap(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let validator = Validator::issuer("the app")
        .audience("https://as.example.test/token")
        .keys(KeySet::new(vec![key]))
        .clock(Arc::new(FixedClock))
        .build()
        .unwrap();
    let assertion = sent.field("client_assertion").unwrap();
    validator.check(&assertion).await.unwrap().extra
}

#[tokio::test]
async fn an_assertion_is_signed_short_lived_and_never_the_same() {
    let secret: integration_oauth::SecretString = ODD.repeat(2).into();
    let server = Server::default();
    let provider = builder(&server, preset())
        .client_id("the app")
        .client_secret(secret.clone())
        .auth(AuthMethod::ClientSecretJwt)
        .build()
        .unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        server.json(200, &tokens());
        provider.client_credentials(["a"]).await.unwrap();
        let key = Key::hmac(Algorithm::Hs256, &secret).unwrap();
        let claims = asserted(&server.last(), key).await;
        assert_eq!(claims["sub"], "the app");
        assert_eq!(claims["exp"], NOW.as_secs() + 60);
        ids.push(claims["jti"].clone());
    }
    assert_ne!(ids[0], ids[1]);

    let key = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("k1");
    let sent = sent(AuthMethod::PrivateKeyJwt, Some(key.clone())).await;
    asserted(&sent, key.verifying_key().unwrap()).await;
    let (header, _) = jwt(&sent.field("client_assertion").unwrap());
    assert_eq!(header["kid"], "k1");
}

#[tokio::test]
async fn a_signed_secret_is_one_of_the_team_for_the_issuer() {
    let server = Server::default();
    server.json(200, &tokens());
    let mut preset = preset();
    preset.auth = Some(AuthMethod::SignedSecret);
    let team = serde_json::from_value(json!({"about": "the team"})).unwrap();
    preset.params.insert("team_id".to_owned(), team);
    let key = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("k1");
    let provider = builder(&server, preset)
        .private_key(key)
        .param("team_id", "TEAM1")
        .assertion_audience("https://appleid.example.test")
        .build()
        .unwrap();
    provider.client_credentials(["a"]).await.unwrap();
    let (_, claims) = jwt(&server.last().field("client_secret").unwrap());
    assert_eq!(claims["iss"], "TEAM1");
    assert_eq!(claims["sub"], "app");
    assert_eq!(claims["aud"], "https://appleid.example.test");
}

#[tokio::test]
async fn without_a_method_it_follows_from_what_there_is() {
    let server = Server::default();
    let public = builder(&server, preset()).build().unwrap();
    server.json(200, &tokens());
    public.client_credentials(["a"]).await.unwrap();
    assert_eq!(server.last().field("client_id").as_deref(), Some("app"));
    let confidential = builder(&server, preset())
        .client_secret("s")
        .build()
        .unwrap();
    server.json(200, &tokens());
    confidential.client_credentials(["a"]).await.unwrap();
    assert!(
        server
            .last()
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

#[test]
fn a_client_without_what_its_method_needs_is_not_built() {
    let server = Server::default();
    for method in [
        AuthMethod::Basic,
        AuthMethod::BasicRaw,
        AuthMethod::Post,
        AuthMethod::ClientSecretJwt,
        AuthMethod::PrivateKeyJwt,
        AuthMethod::SignedSecret,
    ] {
        let error = builder(&server, preset()).auth(method).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{method:?}");
    }
    assert!(builder(&server, preset()).client_id("").build().is_err());
    assert!(
        builder(&server, preset())
            .redirect_uri("http://app.example.test")
            .build()
            .is_err()
    );
    assert!(
        builder(&server, preset())
            .redirect_uri("http://127.0.0.1:1/cb")
            .build()
            .is_ok()
    );
    let mut plain = preset();
    plain.token = Some("http://as.example.test/token".to_owned());
    assert!(builder(&server, plain).build().is_err());
}

#[tokio::test]
async fn a_json_body_headers_and_fields_of_a_preset_are_sent() {
    let server = Server::default();
    server.json(200, &tokens());
    let mut preset = preset();
    preset.token_body = BodyFormat::Json;
    preset
        .headers
        .insert("Demo-Version".to_owned(), "2022-06-28".to_owned());
    preset
        .token_params
        .insert("audience".to_owned(), "x".to_owned());
    preset.refresh = Some("https://as.example.test/refresh".to_owned());
    preset
        .refresh_rules
        .params
        .insert("again".to_owned(), "1".to_owned());
    let provider = builder(&server, preset).client_secret("s").build().unwrap();
    let held = TokenSet::new("A").with_refresh_token("R");
    provider.refresh(&held).await.unwrap();
    let sent = server.last();
    assert_eq!(sent.url.as_str(), "https://as.example.test/refresh");
    assert_eq!(sent.header("demo-version"), Some("2022-06-28"));
    assert_eq!(sent.header("accept"), Some("application/json"));
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    let wanted =
        json!({"grant_type": "refresh_token", "refresh_token": "R", "audience": "x", "again": "1"});
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn no_secret_is_in_any_debug_or_error() {
    let server = Server::default();
    let canary = "canary-".repeat(6);
    let provider = builder(&server, preset())
        .client_secret(canary.clone())
        .build()
        .unwrap();
    server.answer(500, &[], "<html>");
    let held = TokenSet::new(canary.clone()).with_refresh_token(canary.clone());
    let error = provider.refresh(&held).await.unwrap_err();
    let shown = format!("{provider:?} {held:?} {error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(held.access_token.expose_secret().contains("canary"));
}

#[tokio::test]
async fn while_a_secret_is_replaced_the_one_that_is_not_taken_is_followed_by_the_other() {
    let server = Server::default();
    let provider = builder(&server, preset())
        .client_secret("new")
        .previous_client_secret("old")
        .auth(AuthMethod::Post)
        .build()
        .unwrap();
    let held = TokenSet::new("A").with_refresh_token("R");
    let refused = || server.json(401, &json!({"error": "invalid_client"}));
    let sent = |from: usize| -> Vec<String> {
        let sent = server.sent();
        sent[from..]
            .iter()
            .filter_map(|sent| sent.field("client_secret"))
            .collect()
    };
    // The new one is not in force yet.
    refused();
    server.json(200, &tokens());
    provider.refresh(&held).await.unwrap();
    server.json(200, &tokens());
    provider.refresh(&held).await.unwrap();
    assert_eq!(sent(0), ["new", "old", "old"]);
    // Now it is.
    refused();
    server.json(200, &tokens());
    provider.refresh(&held).await.unwrap();
    assert_eq!(sent(3), ["old", "new"]);
    // Neither is taken: the error is the first one, and nothing has changed.
    refused();
    refused();
    let error = provider.refresh(&held).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    // Another error is not one of the secret.
    server.json(400, &json!({"error": "invalid_grant"}));
    assert!(provider.refresh(&held).await.is_err());
    assert_eq!(sent(5), ["new", "old", "new"]);
}

#[tokio::test]
async fn a_server_that_repeats_a_secret_does_not_have_it_shown() {
    let server = Server::default();
    let provider = builder(&server, preset()).client_secret("s3cret-canary");
    let provider = provider.auth(AuthMethod::Post).build().unwrap();
    let held = TokenSet::new("A").with_refresh_token("refresh-canary");
    let text = "no such token refresh-canary of s3cret-canary";
    server.json(
        400,
        &json!({"error": "invalid_grant", "error_description": text}),
    );
    let error = provider.refresh(&held).await.unwrap_err();
    let said = error.provider::<integration_oauth::OAuthError>().unwrap();
    assert_eq!(
        said.description.as_deref(),
        Some("no such token *** of ***")
    );
    assert!(!format!("{error} {error:?} {said:?} {said}").contains("canary"));
}
