//! How a device waits for its user.

use std::{sync::Arc, time::Duration};

use integration_core::{Clock, ErrorKind, ExposeSecret as _, SystemClock};
use integration_oauth::{DeviceLogin, preset::Preset};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::provider::support::{NOW, Server, preset, tokens};

/// A wall clock that goes with tokio's.
#[derive(Debug)]
struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        NOW + (self.now() - self.0)
    }
}

fn device() -> Preset {
    let mut preset = preset();
    preset.device = Some("https://as.example.test/device".to_owned());
    preset
}

async fn begin(server: &Server, changes: &Value) -> DeviceLogin {
    let mut answer = json!({
        "device_code": "DC", "user_code": "ABCD-EFGH", "verification_uri": "https://as.example.test/activate",
        "expires_in": 600, "interval": 5,
    });
    for (name, value) in changes.as_object().unwrap() {
        answer[name] = value.clone();
    }
    server.json(200, &answer);
    let clock = Arc::new(Running(SystemClock.now()));
    let provider = integration_oauth::Provider::builder(device())
        .client_id("tv")
        .http(server.client())
        .clock(clock)
        .build()
        .unwrap();
    provider.device(["a"]).await.unwrap()
}

fn pending(server: &Server) {
    server.json(400, &json!({"error": "authorization_pending"}));
}

#[tokio::test(start_paused = true)]
async fn it_asks_as_often_as_the_server_says_and_slower_when_told() {
    let server = Server::default();
    let mut login = begin(&server, &json!({})).await;
    assert_eq!(login.user_code, "ABCD-EFGH");
    assert_eq!(login.expires_at, NOW + Duration::from_secs(600));
    pending(&server);
    server.json(400, &json!({"error": "slow_down"}));
    pending(&server);
    server.json(200, &tokens());
    let began = SystemClock.now();
    let set = login.wait().await.unwrap();
    // 5, 5, and after being told to slow down 10, 10.
    assert_eq!((SystemClock.now() - began).as_secs(), 30);
    assert_eq!(set.access_token.expose_secret(), "AT");
    let sent = server.last();
    assert_eq!(sent.field("device_code").as_deref(), Some("DC"));
    assert_eq!(sent.field("client_id").as_deref(), Some("tv"));
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(sent.field("grant_type").as_deref(), Some(grant));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_code_however_long_the_server_says() {
    for (says, lasts) in [(20, 20), (1_000_000, 1800)] {
        let server = Server::default();
        let mut login = begin(&server, &json!({"expires_in": says, "interval": 60})).await;
        for _ in 0..40 {
            pending(&server);
        }
        let began = SystemClock.now();
        let error = login.wait().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
        assert_eq!((SystemClock.now() - began).as_secs(), lasts);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_that_the_server_tells_is_told_apart() {
    for (status, body, kind) in [
        (
            400,
            json!({"error": "access_denied"}),
            ErrorKind::PermissionDenied,
        ),
        (
            400,
            json!({"error": "expired_token"}),
            ErrorKind::DeadlineExceeded,
        ),
        (400, json!({"error": "invalid_client"}), ErrorKind::Config),
        (400, json!({"error": "strange"}), ErrorKind::Validation),
    ] {
        let server = Server::default();
        let mut login = begin(&server, &json!({})).await;
        server.json(status, &body);
        assert_eq!(login.wait().await.unwrap_err().kind(), kind, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_more_and_more_slowly() {
    let server = Server::default();
    let mut login = begin(&server, &json!({})).await;
    for _ in 0..3 {
        server.answer(500, &[], "<html>");
    }
    server.json(200, &tokens());
    let began = SystemClock.now();
    login.wait().await.unwrap();
    assert_eq!((SystemClock.now() - began).as_secs(), 5 + 10 + 20 + 40);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_loses_no_token() {
    let server = Server::default();
    let mut login = begin(&server, &json!({})).await;
    server.json(200, &tokens());
    server.hold(Duration::from_secs(1));
    assert!(
        timeout(Duration::from_millis(5500), login.wait())
            .await
            .is_err()
    );
    assert_eq!(server.sent().len(), 2);
    let set = login.wait().await.unwrap();
    assert_eq!(set.access_token.expose_secret(), "AT");
    assert_eq!(server.sent().len(), 2);
}

#[tokio::test]
async fn an_answer_without_code_or_address_is_refused_and_googles_spelling_is_not() {
    let server = Server::default();
    let google = json!({"verification_uri": null, "verification_url": "https://g.example.test"});
    let login = begin(&server, &google).await;
    assert_eq!(login.verification_uri, "https://g.example.test");
    assert!(!format!("{login:?}").contains("ABCD"));
    let provider = integration_oauth::Provider::builder(device());
    let provider = provider
        .client_id("tv")
        .http(server.client())
        .build()
        .unwrap();
    for missing in ["device_code", "user_code", "verification_uri"] {
        let mut answer =
            json!({"device_code": "D", "user_code": "U", "verification_uri": "https://v"});
        answer.as_object_mut().unwrap().remove(missing);
        server.json(200, &answer);
        let error = provider.device(["a"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{missing}");
    }
}
