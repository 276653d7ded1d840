//! What the grants send, and how often.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integration_core::{ErrorKind, ExposeSecret as _, http::HeaderMap};
use integration_jwt::{Algorithm, SigningKey, thumbprint};
use integration_oauth::{CodeExchange, OAuthError, Scopes, TokenSet, Trouble};
use integration_testkit::leaks;
use serde_json::{Value, json};

use crate::provider::support::{NOW, Server, builder, jwt, preset, provider, tokens};

#[tokio::test]
async fn a_code_is_sent_with_its_redirect_address_and_verifier() {
    let server = Server::default();
    server.json(200, &tokens());
    let exchange = CodeExchange::new("C")
        .with_verifier("V")
        .with_param("resource", "https://r");
    let set = provider(&server).exchange_code(&exchange).await.unwrap();
    let sent = server.last();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "C"),
        ("code_verifier", "V"),
        ("redirect_uri", "https://app.example.test/cb"),
        ("resource", "https://r"),
    ] {
        assert_eq!(sent.field(name).as_deref(), Some(value));
    }
    assert_eq!(set.access_token.expose_secret(), "AT");
    assert_eq!(set.expires_at.unwrap().as_secs(), NOW.as_secs() + 3600);
    assert_eq!(set.scopes, Some(Scopes::from(["a", "b"])));
    assert!(set.dpop_key.is_none());
}

#[tokio::test]
async fn a_grant_that_is_good_once_is_sent_once_whatever_happens() {
    for status in [500, 503, 429] {
        let server = Server::default();
        server.answer(status, &[], "");
        let held = TokenSet::new("A").with_refresh_token("R");
        let error = provider(&server).refresh(&held).await.unwrap_err();
        assert_eq!(Trouble::of(&error), Trouble::Transient);
        assert_eq!(server.sent().len(), 1);
        server.answer(status, &[], "");
        let code = CodeExchange::new("C");
        assert!(provider(&server).exchange_code(&code).await.is_err());
        assert_eq!(server.sent().len(), 2);
    }
}

#[tokio::test]
async fn an_id_token_of_a_refresh_is_of_the_same_login() {
    let login = json!({"iss": "https://as.example.test", "sub": "u", "aud": "app", "iat": 1});
    let with = |changes: &Value| {
        let mut claims = login.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    let refreshed = async |before: Option<&str>, now: String| {
        let server = Server::default();
        let mut answer = tokens();
        answer["id_token"] = now.into();
        server.json(200, &answer);
        let mut held = TokenSet::new("A").with_refresh_token("R");
        held.id_token = before.map(Into::into);
        provider(&server).refresh(&held).await
    };
    let before = with(&json!({}));
    for good in [
        json!({"iat": 2}),
        json!({"aud": ["other", "app"], "azp": "app"}),
    ] {
        let set = refreshed(Some(&before), with(&good)).await.unwrap();
        assert_eq!(set.id_token.unwrap().expose_secret(), with(&good));
    }
    for strange in [
        json!({"iss": "https://evil.example.test"}),
        json!({"sub": "another"}),
        json!({"sub": null}),
        json!({"aud": "other"}),
        json!({"aud": ["other"]}),
        json!({"aud": null}),
        json!({"azp": "other"}),
    ] {
        let error = refreshed(Some(&before), with(&strange)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{strange}");
        assert!(!format!("{error} {error:?}").contains("evil"));
    }
    let error = refreshed(Some(&before), "e30.e30.s".to_owned()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Decode);
    // Without one to compare with there is nothing to say.
    assert!(
        refreshed(None, with(&json!({"sub": "another"})))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn what_spends_nothing_is_sent_again() {
    let server = Server::default();
    server.answer(503, &[], "");
    server.json(200, &tokens());
    let set = provider(&server)
        .client_credentials(["b", "a"])
        .await
        .unwrap();
    assert_eq!(set.access_token.expose_secret(), "AT");
    assert_eq!(server.sent().len(), 2);
    assert_eq!(server.last().field("scope").as_deref(), Some("a b"));
}

#[tokio::test]
async fn an_error_of_the_server_is_told_apart() {
    let server = Server::default();
    let held = TokenSet::new("A").with_refresh_token("R");
    for (code, trouble, kind) in [
        (
            "invalid_grant",
            Trouble::Terminal,
            ErrorKind::Unauthenticated,
        ),
        ("invalid_client", Trouble::Config, ErrorKind::Config),
        ("strange", Trouble::Transient, ErrorKind::Validation),
    ] {
        server.json(400, &json!({"error": code, "error_description": "d"}));
        let error = provider(&server).refresh(&held).await.unwrap_err();
        assert_eq!(Trouble::of(&error), trouble);
        assert_eq!(error.kind(), kind);
        assert_eq!(error.operation(), "oauth.refresh");
        assert_eq!(error.status(), Some(400));
        let said = error.provider::<OAuthError>().unwrap();
        assert_eq!(
            (said.code.as_str(), said.description.as_deref()),
            (code, Some("d"))
        );
    }
    let nothing = TokenSet::new("A");
    let error = provider(&server).refresh(&nothing).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn scopes_are_written_as_the_provider_wants_them() {
    let server = Server::default();
    let mut preset = preset();
    preset.scope_separator = Some(",".to_owned());
    preset.scopes = vec!["x".to_owned(), "y".to_owned()];
    let provider = builder(&server, preset).client_secret("s").build().unwrap();
    server.json(200, &tokens());
    provider.client_credentials(["b", "a"]).await.unwrap();
    assert_eq!(server.last().field("scope").as_deref(), Some("a,b"));
    server.json(200, &tokens());
    provider
        .client_credentials(Scopes::default())
        .await
        .unwrap();
    assert_eq!(server.last().field("scope").as_deref(), Some("x,y"));
}

#[tokio::test]
async fn a_server_that_wants_its_nonce_in_a_proof_gets_it_once() {
    let server = Server::default();
    let provider = builder(&server, preset())
        .client_secret("s")
        .dpop(Algorithm::Es256)
        .build()
        .unwrap();
    let wants = json!({"error": "use_dpop_nonce"});
    server.answer(400, &[("DPoP-Nonce", "n1")], wants.to_string());
    let bound = json!({"access_token": "AT", "token_type": "DPoP", "refresh_token": "R"});
    server.answer(200, &[("DPoP-Nonce", "n2")], bound.to_string());
    let login = provider.new_dpop_key().unwrap().unwrap();
    leaks::note_answer(&HeaderMap::new(), login.jwk.expose_secret().as_bytes());
    let exchange = CodeExchange::new("C").with_dpop_key(login.jwk.clone());
    let set = provider.exchange_code(&exchange).await.unwrap();

    let proofs: Vec<_> = server
        .sent()
        .iter()
        .map(|sent| jwt(sent.header("dpop").unwrap()))
        .collect();
    assert_eq!(proofs.len(), 2);
    assert_eq!(proofs[0].1.get("nonce"), None);
    assert_eq!(proofs[1].1["nonce"], "n1");
    assert_ne!(proofs[0].1["jti"], proofs[1].1["jti"]);
    for (header, claims) in &proofs {
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(
            thumbprint(header["jwk"].as_object().unwrap()).unwrap(),
            login.thumbprint
        );
        assert_eq!(claims["htu"], "https://as.example.test/token");
        assert_eq!(claims["htm"], "POST");
    }
    assert_eq!(set.token_type, "DPoP");
    assert!(SigningKey::from_jwk(set.dpop_key.as_ref().unwrap()).is_ok());

    // The refresh is bound to the same key, and uses the last nonce at once.
    server.json(200, &bound);
    let fresh = provider.refresh(&set).await.unwrap();
    let (header, claims) = jwt(server.last().header("dpop").unwrap());
    assert_eq!(claims["nonce"], "n2");
    assert_eq!(
        thumbprint(header["jwk"].as_object().unwrap()).unwrap(),
        login.thumbprint
    );
    assert!(fresh.dpop_key.is_some());

    // A server that never has enough is asked twice and no more.
    server.answer(400, &[("DPoP-Nonce", "n3")], wants.to_string());
    server.answer(400, &[("DPoP-Nonce", "n4")], wants.to_string());
    let before = server.sent().len();
    assert!(provider.refresh(&set).await.is_err());
    assert_eq!(server.sent().len(), before + 2);
}

#[tokio::test]
async fn who_asked_for_bound_tokens_takes_no_others_at_a_login() {
    let server = Server::default();
    let provider = builder(&server, preset())
        .client_secret("s3cret")
        .dpop(Algorithm::Es256)
        .build()
        .unwrap();
    server.json(200, &tokens());
    let exchange = provider.exchange_code(&CodeExchange::new("C")).await;
    assert_eq!(exchange.unwrap_err().kind(), ErrorKind::Decode);
    // A refresh token that was spent for them is not thrown away.
    let mut held = TokenSet::new("AT1").with_refresh_token("RT1");
    held.dpop_key = Some(provider.new_dpop_key().unwrap().unwrap().jwk);
    server.json(200, &tokens());
    let fresh = provider.refresh(&held).await.unwrap();
    assert_eq!(fresh.token_type, "Bearer");
    assert_eq!(fresh.refresh_token.unwrap().expose_secret(), "RT2");
}

#[tokio::test]
async fn a_bound_token_whose_key_is_missing_is_not_shown_to_the_userinfo_endpoint() {
    let server = Server::default();
    let mut preset = preset();
    preset.userinfo = Some("https://as.example.test/me".to_owned());
    let provider = builder(&server, preset).build().unwrap();
    let mut bound = TokenSet::new("AT1");
    bound.token_type = "DPoP".to_owned();
    let error = provider.userinfo(&bound).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(server.sent().is_empty());
}
