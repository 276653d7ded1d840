//! Tokens of a client itself.

use integration_core::ExposeSecret as _;
use integration_e2e::oidc::OidcServer;
use integration_jwt::{Algorithm, Claims, SigningKey, Validator};
use integration_oauth::{
    ACCESS_TOKEN, Provider, Scopes, TokenExchange, Trouble, preset::AuthMethod,
};
use serde_json::json;

use super::{builder, introspected, log_in, provider, said};

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

#[tokio::test]
async fn a_token_is_exchanged_for_one_that_says_less_and_for_whom_somebody_acts() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let alice = log_in(&server, &provider(&server, "web", super::WEB)).await;
    let svc = provider(&server, "svc", "svc-secret");
    let actor = svc.client_credentials(["api:read"]).await.unwrap();
    let client = provider(&server, "svc-exchange", "exchange-secret");
    let exchange = TokenExchange::new(alice.access_token.clone())
        .with_actor(actor.access_token, ACCESS_TOKEN)
        .with_requested_token_type(ACCESS_TOKEN)
        .with_resource("https://one.example.test")
        .with_resource("https://two.example.test")
        .with_audience("inner")
        .with_scopes(["openid", "email"]);
    let tokens = client.token_exchange(&exchange).await.unwrap();
    assert_eq!(tokens.extra["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(tokens.scopes, Some(Scopes::from(["openid", "email"])));

    let api = provider(&server, "api", "api-secret");
    let said = api.introspect(&tokens.access_token).await.unwrap();
    assert_eq!(said.subject.as_deref(), Some("alice"));
    assert_eq!(said.client_id.as_deref(), Some("svc-exchange"));
    assert_eq!(said.all["act"]["sub"], "svc");
    let resources = ["https://one.example.test", "https://two.example.test"];
    assert_eq!(said.all["resources"], json!(resources));
    assert_eq!(said.all["audiences"], json!(["inner"]));

    let more = exchange.clone().with_scopes(["openid", "api:write"]);
    let other = exchange
        .clone()
        .with_subject_token_type("urn:example:other");
    let unknown = TokenExchange::new("a-token-of-nobody");
    for (refused, why) in [
        (more, "invalid_scope"),
        (other, "invalid_request"),
        (unknown, "invalid_grant"),
    ] {
        assert_eq!(said_of(&client, &refused).await, why);
    }
    assert_eq!(said_of(&svc, &exchange).await, "invalid_request");
}

async fn said_of(client: &Provider, exchange: &TokenExchange) -> String {
    said(client.token_exchange(exchange).await)
}
