//! What a server says of itself, and what is believed of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::{Clock, Delivery, ErrorKind, SystemClock};
use integration_oauth::{Provider, ProviderBuilder, preset::Preset};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::provider::support::{NOW, Server};

const ISSUER: &str = "https://as.example.test/tenant";
const OPENID: &str = "https://as.example.test/tenant/.well-known/openid-configuration";
const OAUTH: &str = "https://as.example.test/.well-known/oauth-authorization-server/tenant";

fn document(changes: &Value) -> Value {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example.test/authorize",
        "token_endpoint": "https://as.example.test/token",
        "jwks_uri": "https://as.example.test/keys",
        "userinfo_endpoint": "https://as.example.test/me",
        "authorization_response_iss_parameter_supported": true,
        "new_member": {"a": 1},
    });
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn builder(server: &Server) -> ProviderBuilder {
    let builder = Provider::discover(ISSUER).client_id("app");
    builder.http(server.client())
}

/// What becomes of the document with these changes.
async fn refused(changes: &Value) -> ErrorKind {
    let server = Server::default();
    server.serve(OPENID, 200, &document(changes));
    let provider = builder(&server).build().unwrap();
    provider.metadata().await.unwrap_err().kind()
}

#[tokio::test]
async fn a_server_is_asked_once_for_all_that_it_says() {
    let server = Server::default();
    server.serve(OPENID, 200, &document(&json!({})));
    let provider = builder(&server).build().unwrap();
    assert_eq!(provider.name(), "as.example.test");
    let (one, two) = tokio::join!(provider.metadata(), provider.metadata());
    assert_eq!(one.unwrap(), two.unwrap());
    let known = provider.metadata().await.unwrap();
    assert_eq!(
        known.token.as_ref().unwrap().as_str(),
        "https://as.example.test/token"
    );
    assert!(known.sends_iss);
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn a_server_without_the_document_of_openid_is_asked_for_that_of_oauth() {
    let server = Server::default();
    server.serve(OPENID, 404, &json!({}));
    server.serve(OAUTH, 200, &document(&json!({})));
    let provider = builder(&server).build().unwrap();
    assert!(provider.metadata().await.is_ok());
}

#[tokio::test]
async fn the_issuer_is_compared_to_the_letter() {
    for issuer in [
        "https://as.example.test/tenant/",
        "https://AS.example.test/tenant",
        "https://as.example.test",
        "https://evil.test",
        "",
    ] {
        assert_eq!(
            refused(&json!({"issuer": issuer})).await,
            ErrorKind::Decode,
            "{issuer}"
        );
    }
    assert_eq!(refused(&json!({"issuer": null})).await, ErrorKind::Decode);
}

#[tokio::test]
async fn an_issuer_that_writes_itself_as_a_template_is_believed_if_the_preset_says_so() {
    let template = "https://as.example.test/{tenantid}";
    let server = Server::default();
    server.serve(OPENID, 200, &document(&json!({"issuer": template})));
    let mut preset = Preset::default();
    preset.name = "entra".to_owned();
    preset.issuer = Some(ISSUER.to_owned());
    let build = |preset: Preset| {
        let builder = Provider::builder(preset).client_id("app");
        builder.http(server.client()).build().unwrap()
    };
    assert!(build(preset.clone()).metadata().await.is_err());
    preset.issuer_template = Some(template.to_owned());
    assert!(build(preset).metadata().await.is_ok());
}

#[tokio::test]
async fn a_document_cannot_send_us_to_another_host_a_private_network_or_without_tls() {
    for endpoint in [
        "https://evil.test/token",
        "https://as.example.test.evil.test/token",
        "http://as.example.test/token",
        "https://169.254.169.254/token",
        "https://[fd00::1]/token",
        "https://localhost/token",
        "http://127.0.0.1/token",
        "https://user@as.example.test/token",
        "file:///etc/passwd",
        "token",
    ] {
        for name in ["token_endpoint", "authorization_endpoint", "jwks_uri"] {
            let kind = refused(&json!({ name: endpoint })).await;
            assert_eq!(kind, ErrorKind::Config, "{name} {endpoint}");
        }
    }
}

#[tokio::test]
async fn what_is_seldom_used_is_left_out_where_its_address_is_a_strange_one() {
    let server = Server::default();
    let changes = json!({"userinfo_endpoint": "https://evil.test/me", "revocation_endpoint": 7});
    server.serve(OPENID, 200, &document(&changes));
    let known = builder(&server).build().unwrap().metadata().await.unwrap();
    assert_eq!((&known.userinfo, &known.revoke), (&None, &None));
}

#[tokio::test]
async fn hosts_that_are_listed_may_be_named() {
    let server = Server::default();
    let changes = json!({"token_endpoint": "https://oauth2.example.org/token"});
    server.serve(OPENID, 200, &document(&changes));
    let allowed = builder(&server)
        .allow_host("oauth2.example.org")
        .build()
        .unwrap();
    assert!(allowed.metadata().await.is_ok());
    let private = json!({"token_endpoint": "https://10.0.0.9/token"});
    server.serve(OPENID, 200, &document(&private));
    let listed = || builder(&server).allow_host("10.0.0.9");
    assert!(listed().build().unwrap().metadata().await.is_err());
    let inside = listed().allow_private_addresses().build().unwrap();
    assert!(inside.metadata().await.is_ok());
}

#[tokio::test]
async fn a_redirect_of_the_document_is_not_followed() {
    let server = Server::default();
    server.answer(
        302,
        &[("location", "https://as.example.test/tenant/elsewhere")],
        "",
    );
    let provider = builder(&server).build().unwrap();
    assert!(provider.metadata().await.is_err());
    assert_eq!(server.sent().len(), 1);
}

/// With the client that a provider makes for itself; no packet leaves, as the address is judged first.
#[tokio::test]
async fn a_private_server_is_not_connected_to_unless_it_is_allowed() {
    for host in ["10.255.255.1", "169.254.169.254", "[fd00::1]"] {
        let provider = Provider::discover(format!("https://{host}")).client_id("app");
        let error = provider.build().unwrap().metadata().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{host}: {error}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{host}: {error}");
    }
}

/// A clock whose wall time a test sets; the other one is tokio's.
#[derive(Debug)]
struct SetClock(Mutex<Duration>);

impl Clock for SetClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_renewed_while_it_is_used_and_survives_an_outage_for_a_day() {
    const HOUR: Duration = Duration::from_secs(3600);
    let clock = Arc::new(SetClock(Mutex::new(NOW)));
    let server = Server::default();
    server.serve(OPENID, 200, &document(&json!({})));
    let provider = builder(&server).clock(clock.clone()).build().unwrap();
    let token = async || {
        let known = provider.metadata().await?;
        Ok::<_, integration_oauth::Error>(known.token.clone().unwrap().to_string())
    };
    let settle = || tokio::time::sleep(Duration::from_secs(60));
    assert_eq!(token().await.unwrap(), "https://as.example.test/token");

    let moved = document(&json!({"token_endpoint": "https://as.example.test/token2"}));
    server.serve(OPENID, 200, &moved);
    settle().await;
    assert_eq!(token().await.unwrap(), "https://as.example.test/token");
    *clock.0.lock().unwrap() += HOUR + Duration::from_secs(1);
    // The first caller after an hour is served at once, the next has what is new.
    assert_eq!(token().await.unwrap(), "https://as.example.test/token");
    settle().await;
    assert_eq!(token().await.unwrap(), "https://as.example.test/token2");
    assert_eq!(server.count(OPENID), 2);

    server.serve(OPENID, 500, &json!({}));
    *clock.0.lock().unwrap() += 24 * HOUR;
    assert_eq!(token().await.unwrap(), "https://as.example.test/token2");
    settle().await;
    *clock.0.lock().unwrap() += 2 * HOUR;
    settle().await;
    assert!(token().await.is_err());
}

#[tokio::test]
async fn a_failure_is_not_repeated_for_every_caller() {
    let server = Server::default();
    server.serve(OPENID, 200, &json!({"issuer": "https://evil.test"}));
    let provider = builder(&server).build().unwrap();
    for _ in 0..50 {
        assert!(provider.metadata().await.is_err());
    }
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn a_preset_with_all_addresses_asks_nobody() {
    let server = Server::default();
    let mut preset = Preset::default();
    preset.name = "still".to_owned();
    preset.token = Some("https://as.example.test/token".to_owned());
    let provider = Provider::builder(preset)
        .client_id("app")
        .http(server.client())
        .build()
        .unwrap();
    assert!(provider.metadata().await.unwrap().authorize.is_none());
    assert!(server.sent().is_empty());
}
