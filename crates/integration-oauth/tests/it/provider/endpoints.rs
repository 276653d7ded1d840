//! Introspection, revocation, userinfo, and the grants that are seldom used.

use std::time::Duration;

use integration_core::ErrorKind;
use integration_jwt::{Algorithm, SigningKey};
use integration_oauth::{
    Assertion, Provider, SecretString, TokenExchange, TokenSet, preset::Preset,
};
use serde_json::{Map, json};

use crate::provider::support::{NOW, Server, builder, jwt, preset, provider, tokens};

fn full() -> Preset {
    let mut preset = preset();
    preset.introspect = Some("https://as.example.test/introspect".to_owned());
    preset.revoke = Some("https://as.example.test/revoke".to_owned());
    preset.userinfo = Some("https://as.example.test/me".to_owned());
    preset
}

fn whole(server: &Server) -> Provider {
    builder(server, full()).client_secret("s").build().unwrap()
}

#[tokio::test]
async fn what_a_server_says_of_a_token_is_read() {
    let server = Server::default();
    let exp = NOW.as_secs() + 60;
    server.json(200, &json!({
        "active": true, "scope": "a b", "client_id": "c", "sub": "u", "aud": ["x", "y"], "iss": "i",
        "exp": exp, "cnf": {"jkt": "J", "x5t#S256": "X"}, "more": 1,
    }));
    let said = whole(&server).introspect(&"T".into()).await.unwrap();
    assert!(said.is_active && said.scopes.contains("b"));
    assert_eq!(said.client_id.as_deref(), Some("c"));
    assert_eq!(said.subject.as_deref(), Some("u"));
    assert_eq!(said.audience, ["x", "y"]);
    assert_eq!(said.issuer.as_deref(), Some("i"));
    assert_eq!(said.expires_at, Some(Duration::from_secs(exp)));
    assert_eq!(said.key_thumbprint.as_deref(), Some("J"));
    assert_eq!(said.certificate_thumbprint.as_deref(), Some("X"));
    assert_eq!(said.all["more"], 1);
    assert_eq!(server.last().field("token").as_deref(), Some("T"));
    for bad in [
        json!({}),
        json!({"active": "true"}),
        json!({"active": null}),
    ] {
        server.json(200, &bad);
        let error = whole(&server).introspect(&"T".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_a_token_is_not_used_beyond_its_time_or_for_another_token() {
    let server = Server::default();
    let provider = whole(&server);
    let ask = async |token: &str| provider.introspect(&token.into()).await.unwrap().is_active;
    server.json(200, &json!({"active": true}));
    assert!(ask("T").await && ask("T").await);
    server.json(200, &json!({"active": false}));
    assert!(!ask("U").await);
    assert_eq!(server.sent().len(), 2);
    tokio::time::sleep(Duration::from_secs(31)).await;
    server.json(200, &json!({"active": false}));
    assert!(!ask("T").await);
    // One that has expired is asked about again, whatever is kept.
    server.json(200, &json!({"active": true, "exp": NOW.as_secs()}));
    server.json(200, &json!({"active": false}));
    assert!(ask("V").await);
    assert!(!ask("V").await);
}

#[tokio::test]
async fn tokens_are_given_back_refresh_token_first_and_all_of_them() {
    let server = Server::default();
    let mut held = TokenSet::new("A").with_refresh_token("R");
    held.also.insert("user".to_owned(), TokenSet::new("U"));
    for _ in 0..3 {
        server.answer(200, &[], "");
    }
    whole(&server).revoke(&held).await.unwrap();
    let sent: Vec<_> = server
        .sent()
        .iter()
        .map(|sent| {
            (
                sent.field("token").unwrap(),
                sent.field("token_type_hint").unwrap(),
            )
        })
        .collect();
    let wanted = [
        ("R", "refresh_token"),
        ("A", "access_token"),
        ("U", "access_token"),
    ];
    assert_eq!(
        sent,
        wanted.map(|(token, hint)| (token.to_owned(), hint.to_owned()))
    );

    // A server that ends refresh tokens only.
    let held = TokenSet::new("A").with_refresh_token("R");
    server.answer(200, &[], "");
    server.json(400, &json!({"error": "unsupported_token_type"}));
    whole(&server).revoke(&held).await.unwrap();
    // The first error is told, and every token is tried.
    let before = server.sent().len();
    server.json(401, &json!({"error": "invalid_client"}));
    server.answer(200, &[], "");
    assert!(whole(&server).revoke(&held).await.is_err());
    assert_eq!(server.sent().len(), before + 2);
    // Slack says no with a 200.
    server.json(200, &json!({"ok": false, "error": "not_authed"}));
    assert!(whole(&server).revoke(&TokenSet::new("A")).await.is_err());
    assert_eq!(
        provider(&server).revoke(&held).await.unwrap_err().kind(),
        ErrorKind::Config
    );
}

/// An ID token that nobody judges, about this user.
fn about(subject: &str) -> SecretString {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    key.sign("JWT", &Map::new(), &json!({"sub": subject}))
        .unwrap()
        .into()
}

#[tokio::test]
async fn userinfo_is_about_the_user_of_the_id_token() {
    let server = Server::default();
    let mut held = TokenSet::new("A");
    server.json(200, &json!({"id": 7, "login": "u"}));
    assert_eq!(whole(&server).userinfo(&held).await.unwrap()["id"], 7);
    assert_eq!(server.last().header("authorization"), Some("Bearer A"));
    held.id_token = Some(about("u"));
    server.json(200, &json!({"sub": "u"}));
    assert!(whole(&server).userinfo(&held).await.is_ok());
    for other in [json!({"sub": "v"}), json!({"id": "u"}), json!({"sub": 7})] {
        server.json(200, &other);
        let error = whole(&server).userinfo(&held).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{other}");
    }
    server.json(401, &json!({"message": "Bad credentials"}));
    let error = whole(&server).userinfo(&held).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn an_api_that_wants_its_nonce_in_a_proof_gets_it_once() {
    let server = Server::default();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut held = TokenSet::new("A");
    held.token_type = "DPoP".to_owned();
    held.dpop_key = Some(key.private_jwk().unwrap());
    let challenge = [
        ("www-authenticate", "DPoP error=\"use_dpop_nonce\""),
        ("dpop-nonce", "n1"),
    ];
    server.answer(401, &challenge, "");
    server.json(200, &json!({"sub": "u"}));
    whole(&server).userinfo(&held).await.unwrap();
    let (_, claims) = jwt(server.last().header("dpop").unwrap());
    assert_eq!(claims["nonce"], "n1");
    assert_eq!(claims["htm"], "GET");
    assert!(claims["ath"].is_string());
    assert_eq!(server.last().header("authorization"), Some("DPoP A"));
    server.answer(401, &challenge, "");
    server.answer(401, &challenge, "");
    assert!(whole(&server).userinfo(&held).await.is_err());
    assert_eq!(server.sent().len(), 4);
}

#[tokio::test]
async fn a_service_account_asserts_who_it_is_and_names_no_client() {
    let server = Server::default();
    let key = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("k");
    let assertion = Assertion::new(key, "sa@p.example.test", "https://as.example.test/token")
        .subject("user@d.example.test")
        .scopes(["b", "a"]);
    let public = builder(&server, preset()).build().unwrap();
    server.json(200, &tokens());
    public.jwt_bearer(&assertion).await.unwrap();
    let sent = server.last();
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    assert_eq!(sent.field("grant_type").as_deref(), Some(grant));
    assert_eq!(sent.field("client_id"), None);
    assert_eq!(sent.header("authorization"), None);
    let (header, claims) = jwt(&sent.field("assertion").unwrap());
    assert_eq!(header["kid"], "k");
    let wanted = json!({
        "iss": "sa@p.example.test", "sub": "user@d.example.test", "scope": "a b",
        "aud": "https://as.example.test/token", "iat": NOW.as_secs(), "exp": NOW.as_secs() + 180,
        "jti": claims["jti"],
    });
    assert_eq!(claims, wanted);
    for bad in [
        "",
        "{}",
        "[]",
        "{\"private_key\":\"canary\",\"client_email\":\"e\"}",
    ] {
        let error = Assertion::google_service_account(&bad.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn an_exchange_says_which_token_is_wanted_for_which() {
    let server = Server::default();
    server.json(
        200,
        &json!({
            "access_token": "AT", "token_type": "N_A",
            "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }),
    );
    let exchange = TokenExchange::new("S")
        .with_actor("C", "urn:ietf:params:oauth:token-type:jwt")
        .with_resource("https://r1")
        .with_audience("a1")
        .with_audience("a2")
        .with_scopes(["x"]);
    let set = provider(&server).token_exchange(&exchange).await.unwrap();
    assert_eq!(set.token_type, "N_A");
    assert_eq!(
        set.extra["issued_token_type"],
        "urn:ietf:params:oauth:token-type:jwt"
    );
    let sent = server.last();
    assert_eq!(sent.field("subject_token").as_deref(), Some("S"));
    assert_eq!(sent.field("actor_token").as_deref(), Some("C"));
    assert_eq!(sent.fields("audience"), ["a1", "a2"]);
    assert_eq!(sent.field("scope").as_deref(), Some("x"));
}

#[tokio::test]
async fn a_grant_of_any_name_is_sent_with_its_fields() {
    let server = Server::default();
    server.json(200, &tokens());
    provider(&server)
        .grant("urn:x:ciba", [("auth_req_id", "1")])
        .await
        .unwrap();
    assert_eq!(server.last().field("auth_req_id").as_deref(), Some("1"));
    assert_eq!(
        server.last().field("grant_type").as_deref(),
        Some("urn:x:ciba")
    );
}
