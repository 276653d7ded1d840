//! Tokens of a client itself.

use integration_core::ExposeSecret as _;
use integration_e2e::oidc::OidcServer;
use integration_jwt::{Algorithm, Claims, SigningKey, Validator};
use integration_oauth::{Provider, Trouble, preset::AuthMethod};

use super::{builder, introspected, provider, said};

const API: &str = "https://api.example.test";

async fn gets_a_token(server: &OidcServer, client: &Provider) {
    let tokens = client
        .client_credentials_for(["api:read"], Some(API))
        .await
        .unwrap();
    let validator = Validator::issuer(server.issuer())
        .audience(API)
        .access_tokens();
    let validator = validator.build().unwrap();
    let claims: Claims = validator
        .check(tokens.access_token.expose_secret())
        .await
        .unwrap();
    assert_eq!(claims.extra["client_id"], client.client_id());
    assert!(tokens.refresh_token.is_none());
}

#[tokio::test]
async fn a_machine_gets_a_token_with_a_secret_a_signed_secret_and_a_private_key() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    gets_a_token(&server, &provider(&server, "svc", "svc-secret")).await;
    let signed = builder(&server, "svc-csjwt")
        .client_secret("a-client-secret-jwt-secret-of-32-bytes!")
        .auth(AuthMethod::ClientSecretJwt)
        .build()
        .unwrap();
    gets_a_token(&server, &signed).await;
    let key = SigningKey::from_jwk(server.service_key()).unwrap();
    let keyed = builder(&server, "svc-pkjwt")
        .private_key(key)
        .build()
        .unwrap();
    gets_a_token(&server, &keyed).await;
    gets_a_token(&server, &keyed).await;
}

#[tokio::test]
async fn a_token_without_a_resource_is_one_that_the_api_asks_about() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let svc = provider(&server, "svc", "svc-secret");
    let tokens = svc.client_credentials([] as [&str; 0]).await.unwrap();
    let seen = introspected(&server, &tokens).await;
    assert_eq!(seen["active"], true);
    assert_eq!(seen["client"], "svc");
}

#[tokio::test]
async fn a_machine_that_is_not_who_it_says_gets_nothing_and_is_told_so() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let scopes = || ["api:read"];
    let wrong = provider(&server, "svc", "wrong");
    assert_eq!(
        said(wrong.client_credentials(scopes()).await),
        "invalid_client"
    );
    let error = wrong.client_credentials(scopes()).await.unwrap_err();
    assert_eq!(Trouble::of(&error), Trouble::Config);
    let unknown = provider(&server, "nobody", "x");
    assert_eq!(
        said(unknown.client_credentials(scopes()).await),
        "invalid_client"
    );
    let other = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("svc-1");
    let forged = builder(&server, "svc-pkjwt")
        .private_key(other)
        .build()
        .unwrap();
    assert_eq!(
        said(forged.client_credentials(scopes()).await),
        "invalid_client"
    );
    let web = provider(&server, "web", super::WEB);
    // The standard has `unauthorized_client` for a grant that is not this client's.
    assert_eq!(
        said(web.client_credentials(scopes()).await),
        "invalid_request"
    );
    let svc = provider(&server, "svc", "svc-secret");
    let grant = svc.grant("urn:example:unknown", [("a", "b")]).await;
    assert_eq!(said(grant), "unsupported_grant_type");
}
