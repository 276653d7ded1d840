//! Refresh tokens that rotate.

use std::time::Duration;

use integration_core::{ErrorKind, ExposeSecret as _};
use integration_e2e::oidc::OidcServer;
use integration_oauth::{TokenSet, Trouble};
use serde_json::json;

use super::{WEB, introspected, log_in, provider, said};

fn refresh_token(tokens: &TokenSet) -> &str {
    tokens.refresh_token.as_ref().unwrap().expose_secret()
}

#[tokio::test]
async fn each_refresh_brings_new_tokens_and_keeps_who_they_are_for() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let mut tokens = log_in(&server, &web).await;
    for _ in 0..3 {
        let fresh = web.refresh(&tokens).await.unwrap();
        assert_ne!(refresh_token(&fresh), refresh_token(&tokens));
        assert_ne!(
            fresh.access_token.expose_secret(),
            tokens.access_token.expose_secret()
        );
        assert_eq!(fresh.scopes, tokens.scopes);
        assert_eq!(web.userinfo(&fresh).await.unwrap()["sub"], "alice");
        tokens = fresh;
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_whole_family() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let old = log_in(&server, &web).await;
    let fresh = web.refresh(&old).await.unwrap();
    let error = web.refresh(&old).await.unwrap_err();
    assert_eq!(Trouble::of(&error), Trouble::Terminal);
    assert_eq!(said(web.refresh(&fresh).await), "invalid_grant");
    assert_eq!(introspected(&server, &fresh).await["active"], false);
}

#[tokio::test]
async fn an_outage_is_told_from_a_grant_that_is_gone_and_costs_nothing() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    for fault in [
        json!({"path": "/token", "count": 1, "status": 500, "body": "<html>oops</html>"}),
        json!({"path": "/token", "count": 1, "status": 401, "body": {"error": "invalid_client"}}),
        json!({"path": "/token", "count": 1, "status": 302, "headers": {"location": "/elsewhere"}}),
        json!({"path": "/token", "count": 1, "status": 200, "body": "<html>login</html>"}),
    ] {
        server.fault(fault.clone()).await;
        let error = web.refresh(&tokens).await.unwrap_err();
        assert_ne!(Trouble::of(&error), Trouble::Terminal, "{fault}");
    }
    assert_eq!(server.hits("/elsewhere").await, 0);
    assert!(web.refresh(&tokens).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_the_grant_and_is_told_as_unknown() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    server.reset().await;
    server
        .fault(json!({"path": "/token", "count": 1, "dropAfter": true}))
        .await;
    let error = web.refresh(&tokens).await.unwrap_err();
    assert_eq!(Trouble::of(&error), Trouble::Transient);
    assert!(matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::Incomplete
    ));
    assert_eq!(server.hits("/token").await, 1);
    // The server had rotated: this is what a process that died between finds.
    assert_eq!(said(web.refresh(&tokens).await), "invalid_grant");
}

#[tokio::test]
async fn a_server_that_throttles_is_left_alone_for_as_long_as_it_says() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    server.reset().await;
    server
        .fault(
            json!({"path": "/token", "count": 1, "status": 429, "headers": {"retry-after": "7"}}),
        )
        .await;
    let error = web.refresh(&tokens).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(error.status(), Some(429));
    assert_eq!(Trouble::of(&error), Trouble::Transient);
    assert_eq!(server.hits("/token").await, 1);
}
