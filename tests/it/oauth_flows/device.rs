//! Login on a device without a browser.

use std::time::Duration;

use integration_core::ErrorKind;
use integration_e2e::oidc::OidcServer;
use serde_json::json;
use tokio::time::timeout;

use super::{builder, identity_of_device, provider};

#[tokio::test]
async fn a_device_waits_until_its_user_has_agreed_elsewhere() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let cli = builder(&server, "cli").build().unwrap();
    let mut login = cli.device(["openid", "offline_access"]).await.unwrap();
    assert!(login.verification_uri.starts_with(server.issuer()));
    let complete = login.verification_uri_complete.clone().unwrap();
    assert!(complete.contains(&login.user_code));

    // A caller that leaves and comes back goes on where it was.
    assert!(
        timeout(Duration::from_millis(50), login.wait())
            .await
            .is_err()
    );
    let page = server.browse(&complete, "").await.page;
    assert!(page.is_some());
    let tokens = login.wait().await.unwrap();
    assert_eq!(
        identity_of_device(&cli, &tokens).await.as_deref(),
        Some("alice")
    );
    assert!(cli.refresh(&tokens).await.is_ok());
}

#[tokio::test]
async fn a_user_who_says_no_ends_it() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let cli = builder(&server, "cli").build().unwrap();
    let mut login = cli.device(["openid"]).await.unwrap();
    let complete = login.verification_uri_complete.clone().unwrap();
    server
        .browse_as(json!({"url": complete, "abort": true}))
        .await;
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_client_that_may_not_is_told_so() {
    let Some(server) = OidcServer::start().await else {
        return;
    };
    let web = provider(&server, "web", super::WEB);
    assert!(web.device(["openid"]).await.is_err());
}
