//! What a server refuses, and what is refused of a server.

use integration_core::ErrorKind;
use integration_e2e::oidc::{APP, OidcServer};
use integration_jwt::Binding;
use integration_oauth::{CodeVerifier, Provider, Trouble};
use serde_json::{Value, json};

use super::{WEB, agree, begin, brought, builder, http, log_in, provider, said};

#[tokio::test]
async fn a_code_is_good_once_with_its_own_verifier_and_redirect_address() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let good = agree(&server, begin(&web, |request| request).await).await;
    assert!(web.exchange_code(&good).await.is_ok());
    let error = web.exchange_code(&good).await.unwrap_err();
    assert_eq!(Trouble::of(&error), Trouble::Terminal);

    let mut other = agree(&server, begin(&web, |request| request).await).await;
    other.verifier = Some(CodeVerifier::generate().unwrap().secret().clone());
    assert_eq!(said(web.exchange_code(&other).await), "invalid_grant");
    let mut none = agree(&server, begin(&web, |request| request).await).await;
    none.verifier = None;
    assert_eq!(said(web.exchange_code(&none).await), "invalid_grant");
    let elsewhere = agree(&server, begin(&web, |request| request).await).await;
    let elsewhere = elsewhere.with_redirect_uri("http://localhost:4999/cb");
    assert_eq!(said(web.exchange_code(&elsewhere).await), "invalid_grant");
    let mine = agree(&server, begin(&web, |request| request).await).await;
    let thief = builder(&server, "web-post").client_secret("post-secret");
    let thief = thief
        .auth(integration_oauth::preset::AuthMethod::Post)
        .build()
        .unwrap();
    assert_eq!(said(thief.exchange_code(&mine).await), "invalid_grant");
    let invented = integration_oauth::CodeExchange::new("invented");
    assert_eq!(said(web.exchange_code(&invented).await), "invalid_grant");
}

#[tokio::test]
async fn a_redirect_address_that_is_not_registered_never_sees_a_browser() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    // Without pushing, so that it is the browser that finds out.
    let known = provider(&server, "web", WEB);
    let mut preset = known.preset_data().clone();
    let metadata = known.metadata().await.unwrap();
    preset.authorize = metadata.authorize.as_ref().map(ToString::to_string);
    preset.token = metadata.token.as_ref().map(ToString::to_string);
    preset.jwks = metadata.jwks.as_ref().map(ToString::to_string);
    let direct = Provider::builder(preset)
        .client_id("web")
        .client_secret(WEB);
    let direct = direct
        .redirect_uri("https://evil.example.test/cb")
        .build()
        .unwrap();
    let login = begin(&direct, |request| request).await;
    let landing = server
        .browse(login.url.as_str(), "https://evil.example.test")
        .await;
    assert!(landing.page.unwrap().contains("redirect_uri"));

    // With pushing it is found out before any browser is sent.
    let pushed = builder(&server, "web").client_secret(WEB);
    let pushed = pushed
        .redirect_uri("https://evil.example.test/cb")
        .build()
        .unwrap();
    let request = integration_oauth::AuthorizeRequest::new("s").with_challenge("c".repeat(43));
    assert!(pushed.authorize_url(&request).await.is_err());
}

#[tokio::test]
async fn a_user_who_says_no_brings_an_error_and_no_code() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let login = begin(&web, |request| request).await;
    let how = json!({"url": login.url.as_str(), "stopAt": format!("{APP}/cb"), "abort": true});
    let landing = server.browse_as(how).await;
    assert_eq!(brought(&landing, "error").as_deref(), Some("access_denied"));
    assert_eq!(brought(&landing, "state").as_deref(), Some("the-state"));
    assert_eq!(brought(&landing, "iss").as_deref(), Some(server.issuer()));
    assert_eq!(brought(&landing, "code"), None);
}

#[tokio::test]
async fn a_session_that_is_needed_and_not_there_is_an_error() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let login = begin(&web, |request| request.with_param("prompt", "none")).await;
    let landing = server
        .browse(login.url.as_str(), &format!("{APP}/cb"))
        .await;
    assert_eq!(
        brought(&landing, "error").as_deref(),
        Some("login_required")
    );
}

#[tokio::test]
async fn an_id_token_that_is_forged_or_of_another_login_is_refused() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let validator = web.id_tokens().await.unwrap();
    let now = web.clock().unix().as_secs();
    let good = json!({
        "iss": server.issuer(), "aud": "web", "sub": "alice", "nonce": "n", "iat": now, "exp": now + 60,
    });
    let mint = async |change: Value| {
        let mut what = json!({"kid": "rs-1", "payload": good});
        for (name, value) in change.as_object().unwrap() {
            match what.pointer_mut(name) {
                Some(place) => *place = value.clone(),
                None => what[name] = value.clone(),
            }
        }
        server.mint(what).await
    };
    let binding = Binding::new().nonce("n");
    let token = mint(json!({})).await;
    assert!(
        validator
            .check_bound::<Value>(&token, &binding)
            .await
            .is_ok()
    );
    for change in [
        json!({"mode": "none"}),
        json!({"mode": "badsig"}),
        json!({"mode": "hs256", "secret": WEB}),
        json!({"kid": "es-1"}),
        json!({"kid": "ps-1"}),
        json!({"/payload/iss": "https://evil.example.test"}),
        json!({"/payload/aud": "web-post"}),
        json!({"/payload/nonce": "other"}),
        json!({"/payload/exp": now - 3600}),
        json!({"/payload/iat": now + 3600}),
        json!({"/payload/sub": ""}),
        json!({"header": {"typ": "at+jwt"}}),
        json!({"header": {"typ": "logout+jwt"}}),
    ] {
        let token = mint(change.clone()).await;
        let refused = validator.check_bound::<Value>(&token, &binding).await;
        assert!(refused.is_err(), "{change}");
    }
}

#[tokio::test]
async fn userinfo_about_somebody_else_is_refused() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    let fault = json!({"path": "/me", "count": 1, "status": 200, "body": {"sub": "mallory"}});
    server.fault(fault).await;
    let error = web.userinfo(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(web.userinfo(&tokens).await.is_ok());
}

#[tokio::test]
async fn a_server_that_says_it_is_another_is_not_believed() {
    let (Some(honest), Some(evil)) = (OidcServer::start().await, OidcServer::start().await) else {
        return;
    };
    let path = "/.well-known/openid-configuration";
    let document: Value = http()
        .get(&format!("{}{path}", honest.issuer()))
        .send()
        .await
        .unwrap()
        .json()
        .unwrap();
    evil.fault(json!({"path": path, "count": 9, "status": 200, "body": document}))
        .await;
    let error = provider(&evil, "web", WEB).metadata().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("another issuer"));
}
