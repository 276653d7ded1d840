//! Credentials on a real server of the loopback, with everything that is shown looked through.

use std::{fs, time::Duration};

use integration_core::{
    ErrorKind,
    credentials::{CachedToken, Credentials, SecretSource, Token, TokenConfig},
    http::Client,
};
use integration_testkit::{Canary, Reply, ScriptedServer};

use crate::support::{Log, credentials_of_every_kind, quick, shown};

fn client(server: &ScriptedServer, credentials: &Credentials) -> Client {
    let builder = Client::standard(&server.url("")).unwrap();
    builder
        .credentials(credentials.clone())
        .policies(quick())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_secret_of_any_kind_is_sent_and_shown_nowhere() {
    let (log, _guard) = Log::keep();

    let canary = Canary::new();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, canary.as_str()).unwrap();
    let server = ScriptedServer::start(|request| match request.number % 2 {
        0 => Reply::ok("fine"),
        _ => Reply::status(401),
    })
    .await
    .unwrap();
    // As sent, so that an encoded secret is found as well.
    let mut values = Vec::new();
    for credentials in credentials_of_every_kind(&canary, &path) {
        canary.assert_hidden_by(&credentials);
        canary.assert_absent(&credentials.to_string());
        let client = client(&server, &credentials);
        let before = server.received().len();
        client.get("/").send().await.unwrap();
        let error = client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        canary.assert_absent(&shown(&error));
        canary.assert_hidden_by(&credentials);
        // Refused for good, or without a newer one: nothing is sent twice.
        let received = server.received();
        assert_eq!(received.len(), before + 2);
        let name = credentials.header().unwrap().as_str();
        let value = received[before].header(name).to_owned();
        assert!(value.starts_with("Basic ") || value.contains(canary.as_str()));
        assert!(!format!("{} {credentials:?}", shown(&error)).contains(&value));
        values.push(value);
    }

    // A secret that cannot stand in a header is warned of, and not shown.
    let bad = format!("{}\u{7}\n", canary.as_str());
    let source = SecretSource::fixed(bad.clone());
    canary.assert_hidden_by(&source);
    let error = Credentials::api_key("x-api-key", source).unwrap_err();
    canary.assert_absent(&shown(&error));
    let token = Token::new(bad.clone());
    canary.assert_hidden_by(&token);
    let fetch = move |_| {
        let token = token.clone();
        async move { Ok(token) }
    };
    let token = CachedToken::new(fetch, TokenConfig::default()).unwrap();
    let client = client(&server, &Credentials::token(token));
    let error = client.get("/").max_attempts(1).send().await.unwrap_err();
    canary.assert_absent(&shown(&error));

    let text = log.text();
    assert!(text.contains("token refreshed"), "nothing was logged");
    assert!(values.iter().all(|value| !text.contains(value)));
    canary.assert_absent(&text);
}

#[tokio::test(start_paused = true)]
async fn a_bad_secret_of_a_file_is_warned_of_once_and_not_shown() {
    let (log, _guard) = Log::keep();
    let canary = Canary::new();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, canary.as_str()).unwrap();
    let source = SecretSource::file(&path).unwrap();
    let credentials = Credentials::bearer(source).unwrap();
    let warnings = || log.text().matches(" WARN ").count();
    let look = async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut headers = integration_core::http::HeaderMap::new();
        let deadline = crate::support::now() + Duration::from_secs(1);
        credentials.authorize(&mut headers, deadline).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    for _ in 0..3 {
        fs::write(&path, format!("{}\u{7}", canary.as_str())).unwrap();
        look().await;
        assert_eq!(warnings(), 1);
    }
    fs::write(&path, format!("{}2", canary.as_str())).unwrap();
    look().await;
    fs::remove_file(&path).unwrap();
    look().await;
    assert_eq!(warnings(), 2);
    let text = log.text();
    assert!(text.contains(&path.display().to_string()));
    assert!(text.contains("secret replaced"));
    canary.assert_absent(&text);
}
