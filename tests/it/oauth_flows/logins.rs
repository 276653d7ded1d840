//! Logins by browser, with each way for a client to say who it is and for a server to sign.

use integration_core::ExposeSecret as _;
use integration_e2e::oidc::OidcServer;
use integration_jwt::{Algorithm, SigningKey};
use integration_oauth::{Provider, Scopes, preset::AuthMethod};

use super::{
    AuthorizeRequest, WEB, agree, begin, brought, builder, identity, introspected, log_in, provider,
};

/// A login that ends with an identity and tokens of a server.
async fn succeeds(server: &OidcServer, provider: &Provider) {
    let tokens = log_in(server, provider).await;
    assert_eq!(
        identity(provider, &tokens).await.subject.as_deref(),
        Some("alice")
    );
    assert_eq!(tokens.token_type, "Bearer");
    assert!(tokens.refresh_token.is_some());
    let granted = tokens.scopes.as_ref().unwrap();
    assert!(granted.missing_of(&Scopes::from(super::SCOPES)).is_empty());
    let claims = provider.userinfo(&tokens).await.unwrap();
    assert_eq!(claims["email"], "alice@example.test");
    assert_eq!(introspected(server, &tokens).await["active"], true);
}

#[tokio::test]
async fn a_client_logs_in_with_basic_post_or_no_secret() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    succeeds(&server, &provider(&server, "web", WEB)).await;
    let post = builder(&server, "web-post").client_secret("post-secret");
    succeeds(&server, &post.auth(AuthMethod::Post).build().unwrap()).await;
    // Any port of the loopback, as it is free when the program starts.
    let cli = builder(&server, "cli").redirect_uri("http://127.0.0.1:53124/cb");
    let cli = cli.build().unwrap();
    let login = begin(&cli, |request| {
        request.with_redirect_uri("http://127.0.0.1:53124/cb")
    })
    .await;
    let exchange = agree(&server, login).await;
    let tokens = cli.exchange_code(&exchange).await.unwrap();
    assert_eq!(
        identity(&cli, &tokens).await.subject.as_deref(),
        Some("alice")
    );
}

#[tokio::test]
async fn an_id_token_is_taken_with_the_algorithm_that_was_agreed_and_no_other() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    for (client, secret, algorithm) in [
        ("web-es", "es-secret", Algorithm::Es256),
        ("web-ed", "ed-secret", Algorithm::EdDsa),
        ("web-ps", "ps-secret", Algorithm::Ps256),
    ] {
        let agreed = builder(&server, client).client_secret(secret);
        let agreed = agreed.id_token_algorithms([algorithm]).build().unwrap();
        let tokens = log_in(&server, &agreed).await;
        assert_eq!(identity(&agreed, &tokens).await.algorithm, algorithm);
        let usual = provider(&server, client, secret).id_tokens().await.unwrap();
        let token = tokens.id_token.unwrap();
        let refused = usual
            .check::<serde_json::Value>(token.expose_secret())
            .await;
        assert!(refused.is_err(), "{client}");
    }
}

#[tokio::test]
async fn a_request_is_pushed_where_the_server_takes_or_wants_it() {
    let Some(server) = OidcServer::start_with(&[("PAR_REQUIRED", "1")]).await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    assert!(web.metadata().await.unwrap().requires_par);
    let login = begin(&web, |request| request).await;
    assert!(
        login
            .url
            .query_pairs()
            .all(|(name, _)| name == "client_id" || name == "request_uri")
    );
    let exchange = agree(&server, login).await;
    assert!(web.exchange_code(&exchange).await.is_ok());
    succeeds(&server, &provider(&server, "web-par", "par-secret")).await;
    assert_eq!(server.hits("/request").await, 2);
}

#[tokio::test]
async fn tokens_are_bound_to_a_key_and_worth_nothing_without_it() {
    for nonce in ["0", "1"] {
        let Some(server) = OidcServer::start_with(&[("DPOP_NONCE", nonce)]).await else {
            return;
        };
        let bound = builder(&server, "web-dpop")
            .client_secret("dpop-secret")
            .dpop(Algorithm::Es256)
            .build()
            .unwrap();
        let tokens = log_in(&server, &bound).await;
        assert_eq!(tokens.token_type, "DPoP");
        let key = SigningKey::from_jwk(tokens.dpop_key.as_ref().unwrap()).unwrap();
        let seen = introspected(&server, &tokens).await;
        assert_eq!(seen["jkt"].as_str(), key.thumbprint().as_deref());
        assert_eq!(bound.userinfo(&tokens).await.unwrap()["sub"], "alice");
        let fresh = bound.refresh(&tokens).await.unwrap();
        assert_eq!(bound.userinfo(&fresh).await.unwrap()["sub"], "alice");

        let mut stolen = fresh.clone();
        stolen.dpop_key = None;
        assert!(bound.userinfo(&stolen).await.is_err());
        let other = bound.new_dpop_key().unwrap().unwrap();
        stolen.dpop_key = Some(other.jwk);
        assert!(bound.userinfo(&stolen).await.is_err());
    }
}

#[tokio::test]
async fn a_code_that_is_bound_to_a_key_is_worth_nothing_with_another() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let bound = builder(&server, "web-dpop")
        .client_secret("dpop-secret")
        .dpop(Algorithm::Es256)
        .build()
        .unwrap();
    let mut exchange = agree(&server, begin(&bound, |request| request).await).await;
    exchange.dpop_key = Some(bound.new_dpop_key().unwrap().unwrap().jwk);
    assert_eq!(
        super::said(bound.exchange_code(&exchange).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn the_answer_is_posted_where_that_was_asked_for() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let post = |request: AuthorizeRequest| request.with_param("response_mode", "form_post");
    let login = begin(&web, post).await;
    let landing = server
        .browse(login.url.as_str(), &format!("{}/cb", super::APP))
        .await;
    assert!(landing.body.is_some() && !landing.url.contains("code="));
    assert_eq!(brought(&landing, "iss").as_deref(), Some(server.issuer()));
    let mut exchange = login.exchange;
    exchange.code = brought(&landing, "code").unwrap().into();
    assert!(web.exchange_code(&exchange).await.is_ok());
}

#[tokio::test]
async fn userinfo_that_is_signed_is_judged_and_taken() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web-signed", "signed-secret");
    let tokens = log_in(&server, &web).await;
    assert_eq!(
        web.userinfo(&tokens).await.unwrap()["email"],
        "alice@example.test"
    );
}

#[tokio::test]
async fn a_token_for_an_api_is_a_jwt_of_the_server_for_that_api() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let api = "https://api.example.test";
    let login = begin(&web, |request| {
        request
            .with_scopes(["openid", "offline_access", "api:read"])
            .with_resource(api)
    });
    let exchange = agree(&server, login.await)
        .await
        .with_param("resource", api);
    let tokens = web.exchange_code(&exchange).await.unwrap();
    let validator = integration_jwt::Validator::issuer(server.issuer())
        .audience(api)
        .access_tokens()
        .build()
        .unwrap();
    let claims: integration_jwt::Claims = validator
        .check(tokens.access_token.expose_secret())
        .await
        .unwrap();
    assert_eq!(claims.extra["client_id"], "web");
    assert_eq!(claims.extra["scope"], "api:read");
}
