//! Connections whose tokens a real server rotates.

use std::{sync::Arc, time::Duration};

use integration_core::ExposeSecret as _;
use integration_e2e::oidc::OidcServer;
use integration_oauth::{
    OAuth, Provider, TokenSet,
    connection::{ConnectionKey, ConnectionState, ReauthReason},
    manager::{AccessToken, Unusable},
    seal::{KeyRing, SealingKey},
    store::MemoryStore,
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{WEB, introspected, log_in, provider};

struct Rig {
    server: OidcServer,
    web: Provider,
    oauth: OAuth,
    key: ConnectionKey,
}

/// A connection whose access token has just expired.
async fn rig() -> Option<Rig> {
    let server = OidcServer::start().await?;
    let web = provider(&server, "web", WEB);
    let ring = KeyRing::new(SealingKey::generate("k1").unwrap());
    let oauth = OAuth::builder()
        .provider(web.clone())
        .store(Arc::new(MemoryStore::new()))
        .vault(Arc::new(ring))
        .build()
        .unwrap();
    let key = ConnectionKey::new("acme", "op", "alice").unwrap();
    let rig = Rig {
        server,
        web,
        oauth,
        key,
    };
    rig.connect().await;
    rig.server.reset().await;
    Some(rig)
}

impl Rig {
    async fn connect(&self) {
        let mut tokens = log_in(&self.server, &self.web).await;
        tokens.expires_at = Some(Duration::from_secs(1));
        self.oauth.connect(self.key.clone(), tokens).await.unwrap();
    }

    async fn token(&self) -> integration_oauth::Result<AccessToken> {
        self.oauth.tokens(&self.key)?.get().await
    }

    async fn works(&self, token: &AccessToken) -> bool {
        let set = TokenSet::new(token.secret().expose_secret().to_owned());
        introspected(&self.server, &set).await["active"] == true
    }
}

#[tokio::test]
async fn a_hundred_tasks_with_an_expired_token_cause_one_call() {
    let Some(rig) = rig().await else { return };
    let tokens = rig.oauth.tokens(&rig.key).unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.get().await.unwrap() })
        })
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for task in tasks {
        seen.insert(task.await.unwrap().secret().expose_secret().to_owned());
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(rig.server.hits("/token").await, 1);
    assert!(rig.works(&rig.token().await.unwrap()).await);
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_loses_nothing() {
    let Some(rig) = rig().await else { return };
    let late = json!({"path": "/token", "count": 1, "holdMs": 1500});
    rig.server.fault(late).await;
    let left = timeout(Duration::from_millis(300), rig.token()).await;
    assert!(left.is_err(), "it was answered at once");
    let token = rig.token().await.unwrap();
    assert!(rig.works(&token).await);
    assert_eq!(rig.server.hits("/token").await, 1);
}

#[tokio::test]
async fn a_rotation_whose_answer_is_lost_needs_a_login_and_goes_on_with_it() {
    let Some(rig) = rig().await else { return };
    let lost = json!({"path": "/token", "count": 1, "dropAfter": true});
    rig.server.fault(lost).await;
    rig.token().await.unwrap_err();
    // After the back-off the old token is tried once more, and never again.
    sleep(Duration::from_millis(1100)).await;
    let mut error = rig.token().await.unwrap_err();
    for _ in 0..3 {
        sleep(Duration::from_millis(1100)).await;
        error = rig.token().await.unwrap_err();
    }
    let interrupted = ConnectionState::NeedsReauth(ReauthReason::RotationInterrupted);
    assert_eq!(error.provider::<Unusable>().unwrap().state, interrupted);
    assert_eq!(rig.server.hits("/token").await, 2);
    rig.connect().await;
    let token = rig.token().await.unwrap();
    assert!(rig.works(&token).await);
    rig.oauth.disconnect(&rig.key).await.unwrap();
    assert!(!rig.works(&token).await, "it was not revoked");
}
