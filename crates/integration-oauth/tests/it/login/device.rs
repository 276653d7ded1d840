//! Logins on another device.

use std::time::Duration;

use integration_oauth::{ErrorKind, Scopes};
use integration_testkit::oauth::MockAuthServer;

use super::support::Site;

#[tokio::test]
async fn a_device_logs_in_once_its_user_says_yes() {
    let site = Site::with(MockAuthServer::builder()).await;
    let login = site.oauth.device("demo").scopes(["openid"]).tenant("tv");
    let decide = |prompt: &integration_oauth::login::DevicePrompt| {
        assert!(prompt.address.starts_with("http://127.0.0.1"));
        assert!(!format!("{prompt:?}").contains(&prompt.code));
        assert!(site.server.decide_device(&prompt.code, true));
    };
    let done = tokio::time::timeout(Duration::from_secs(20), login.run(decide));
    let done = done.await.unwrap().unwrap();
    assert_eq!(done.connection.key.to_string(), "tv/demo/user-1");
    assert_eq!(done.granted, Scopes::from(["openid"]));
    assert!(done.identity.is_some());
    assert!(
        site.oauth
            .tokens(&done.connection.key)
            .unwrap()
            .get()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_device_whose_user_says_no_is_told() {
    let site = Site::start().await;
    let login = site.oauth.device("demo").scopes(["openid"]);
    let decide = |prompt: &integration_oauth::login::DevicePrompt| {
        assert!(site.server.decide_device(&prompt.code, false));
    };
    let error = login.run(decide).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}
