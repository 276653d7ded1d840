//! A laptop that sleeps: the wall clock goes on, the monotonic one stands still.

use std::{sync::Arc, time::Duration};

use integration_core::{Clock as _, ExposeSecret as _, http::Client};
use integration_oauth::{
    OAuth, TokenSet,
    connection::ConnectionKey,
    seal::{KeyRing, SealingKey},
    store::MemoryStore,
};
use integration_testkit::{ManualClock, oauth::MockAuthServer};
use serde_json::Value;

use super::support::provider;

#[tokio::test]
async fn a_token_that_ended_while_the_machine_slept_is_refreshed_once_and_never_sent() {
    let wall = ManualClock::at(Duration::from_secs(1_800_000_000));
    let server = MockAuthServer::builder().clock(wall.shared());
    let server = server.start().await.unwrap();
    let store = MemoryStore::new().with_clock(wall.shared());
    let key = SealingKey::generate("k1").unwrap();
    let oauth = OAuth::builder()
        .provider(provider(&server).clock(wall.shared()).build().unwrap())
        .store(Arc::new(store))
        .vault(Arc::new(KeyRing::new(key)))
        .clock(wall.shared())
        .build()
        .unwrap();
    let issued = server.tokens_for("bob", &["openid"]).unwrap();
    let held = TokenSet::new(issued.access_token.clone())
        .with_refresh_token(issued.refresh_token)
        .with_expires_at(issued.expires_at);
    let key = ConnectionKey::new("default", "demo", "bob").unwrap();
    oauth.connect(key.clone(), held).await.unwrap();
    let client = Client::standard(&server.issuer()).unwrap();
    let client = client
        .credentials(oauth.credentials(&key).unwrap())
        .build()
        .unwrap();
    let call = async || -> Value {
        client
            .get("/userinfo")
            .send()
            .await
            .unwrap()
            .json()
            .unwrap()
    };
    assert_eq!(call().await["sub"], "bob");
    assert_eq!(server.calls("refresh_token"), 0);

    // By the monotonic clock no second has passed.
    let before = wall.now();
    wall.advance(Duration::from_secs(8 * 3600));
    assert!(wall.unix() > issued.expires_at);
    assert!(wall.now() - before < Duration::from_secs(60));
    let calls = (0..20).map(|_| {
        let tokens = oauth.tokens(&key).unwrap();
        tokio::spawn(async move { tokens.get().await.unwrap() })
    });
    for token in calls.collect::<Vec<_>>() {
        let token = token.await.unwrap();
        assert_ne!(token.secret().expose_secret(), issued.access_token);
    }
    assert_eq!(call().await["sub"], "bob");
    assert_eq!(server.calls("refresh_token"), 1);
    // The API saw the old token before the sleep alone: it refused none.
    assert_eq!(server.calls("/userinfo"), 2);
}
