//! Connecting accounts.

use integration_stripe::{Client, ErrorKind, Params, StripeError};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::config;

#[tokio::test]
async fn an_account_is_connected_and_disconnected() {
    let server = ScriptedServer::replies([Reply::ok(
        r#"{"stripe_user_id":"acct_1","access_token":"canary-token","new":1}"#,
    )])
    .await
    .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let token = client.oauth().token("ac_1").send().await.unwrap();
    assert_eq!(token.stripe_user_id(), Some("acct_1"));
    assert_eq!(token.access_token(), Some("canary-token"));
    assert!(!format!("{token:?}").contains("canary"));
    client.oauth().refresh("rt_1").send().await.unwrap();
    client
        .oauth()
        .deauthorize("ca_1", "acct_1")
        .send()
        .await
        .unwrap();
    let sent: Vec<_> = server
        .received()
        .into_iter()
        .map(|r| (r.path, String::from_utf8(r.body.to_vec()).unwrap()))
        .collect();
    let expected = [
        (
            "/oauth/token",
            "grant_type=authorization_code&code=ac_1&client_secret=sk_test_1",
        ),
        (
            "/oauth/token",
            "grant_type=refresh_token&refresh_token=rt_1&client_secret=sk_test_1",
        ),
        ("/oauth/deauthorize", "client_id=ca_1&stripe_user_id=acct_1"),
    ];
    for ((path, body), (to, with)) in sent.iter().zip(expected) {
        assert_eq!((path.as_str(), body.as_str()), (to, with));
    }
    assert_eq!(sent.len(), 3);
}

#[tokio::test]
async fn a_code_that_is_used_up_is_told_by_its_word() {
    let body = r#"{"error":"invalid_grant","error_description":"Authorization code expired"}"#;
    let server = ScriptedServer::replies([Reply::status(400).body(body)])
        .await
        .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let error = client.oauth().token("ac_1").send().await.unwrap_err();
    let words = error.provider::<StripeError>().unwrap();
    assert_eq!(words.code(), Some("invalid_grant"));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_address_for_the_owner_holds_all_and_needs_a_state() {
    let server = ScriptedServer::replies([Reply::ok("{}")]).await.unwrap();
    let client = Client::new(config(&server).with_base_url("https://c.example/")).unwrap();
    let params = Params::new()
        .with("scope", "read_write")
        .with("redirect_uri", "https://a.example/b?c");
    assert_eq!(
        client
            .oauth()
            .authorize_url("ca_1", "s t", &params)
            .unwrap(),
        "https://c.example/oauth/authorize?scope=read_write&redirect_uri=https%3A%2F%2Fa.example%2Fb%3Fc&response_type=code&client_id=ca_1&state=s%20t"
    );
    for (id, state) in [("", "s"), ("ca_1", "")] {
        let error = client
            .oauth()
            .authorize_url(id, state, &params)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
    }
}
