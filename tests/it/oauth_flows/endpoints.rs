//! Introspection, revocation, registration, and keys that change.

use std::time::Duration;

use integration_core::{ErrorKind, ExposeSecret as _};
use integration_e2e::{
    oidc::{APP, OidcServer},
    wait::until_ok,
};
use integration_oauth::{Provider, Registration, SecretString};

use super::{WEB, builder, identity, introspected, log_in, provider, said};

#[tokio::test]
async fn tokens_that_are_given_back_are_worth_nothing() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    assert_eq!(introspected(&server, &tokens).await["active"], true);
    web.revoke(&tokens).await.unwrap();
    assert_eq!(introspected(&server, &tokens).await["active"], false);
    assert_eq!(said(web.refresh(&tokens).await), "invalid_grant");
    // What is gone already is given back all the same.
    web.revoke(&tokens).await.unwrap();
}

#[tokio::test]
async fn an_answer_about_a_token_is_used_again_for_as_long_as_was_said() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let tokens = log_in(&server, &web).await;
    let api = provider(&server, "api", "api-secret");
    server.reset().await;
    for _ in 0..20 {
        assert!(
            api.introspect(&tokens.access_token)
                .await
                .unwrap()
                .is_active
        );
    }
    assert_eq!(server.hits("/token/introspection").await, 1);
    let junk: SecretString = "junk".into();
    assert!(!api.introspect(&junk).await.unwrap().is_active);

    let hasty = builder(&server, "api")
        .client_secret("api-secret")
        .introspection_ttl(Duration::ZERO)
        .build()
        .unwrap();
    assert!(
        hasty
            .introspect(&tokens.access_token)
            .await
            .unwrap()
            .is_active
    );
    web.revoke(&tokens).await.unwrap();
    assert!(
        !hasty
            .introspect(&tokens.access_token)
            .await
            .unwrap()
            .is_active
    );
    assert!(
        api.introspect(&tokens.access_token)
            .await
            .unwrap()
            .is_active
    );
}

#[tokio::test]
async fn a_client_registers_itself_and_logs_in() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let unknown = Provider::discover(server.issuer()).name("op");
    let callback = format!("{APP}/cb");
    let registration = Registration::new([callback.as_str()]).with("client_name", "Demo");
    let client = unknown.register(&registration).await.unwrap();
    assert!(client.client_secret.is_some());
    let client = unknown
        .registered(&client)
        .redirect_uri(callback)
        .build()
        .unwrap();
    let tokens = log_in(&server, &client).await;
    assert_eq!(
        identity(&client, &tokens).await.subject.as_deref(),
        Some("alice")
    );

    // What it registered is read, changed and removed, each time with the token it got last.
    let unknown = Provider::discover(server.issuer());
    let registered = unknown.register(&registration).await.unwrap();
    let read = unknown.registration(&registered).await.unwrap();
    assert_eq!(read.client_id, registered.client_id);
    assert_eq!(read.all["client_name"], "Demo");
    let renamed = registration.with("client_name", "Renamed");
    let changed = unknown.update_registration(&read, &renamed).await.unwrap();
    assert_eq!(changed.all["client_name"], "Renamed");
    assert!(
        unknown.registration(&registered).await.is_err(),
        "the first token works yet"
    );
    unknown.unregister(&changed).await.unwrap();
    let gone = unknown.registration(&changed).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);

    let bad = Registration::new(["http://app.example.test/#fragment"]);
    let refused = Provider::discover(server.issuer()).register(&bad).await;
    assert_eq!(said(refused), "invalid_redirect_uri");
}

#[tokio::test]
async fn a_login_after_the_server_changed_its_keys_is_taken() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", WEB);
    let before = log_in(&server, &web).await;
    identity(&web, &before).await;
    server.rotate_keys(true).await;
    let after = log_in(&server, &web).await;
    let validator = web.id_tokens().await.unwrap();
    let token = after.id_token.clone().unwrap();
    let is_taken = async || {
        let said = validator.check::<serde_json::Value>(token.expose_secret());
        said.await.is_ok()
    };
    until_ok("a login with the new key", Duration::from_secs(6), is_taken).await;
    assert_eq!(
        identity(&web, &after).await.subject.as_deref(),
        Some("alice")
    );
    let old = before.id_token.unwrap();
    let refused = validator
        .check::<serde_json::Value>(old.expose_secret())
        .await;
    assert!(refused.is_err());
}
