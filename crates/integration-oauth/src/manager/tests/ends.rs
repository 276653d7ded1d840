use std::time::Duration;

use integration_core::ErrorKind;
use tokio::time::sleep;

use crate::{
    connection::{ConnectionState, ReauthReason},
    manager::{
        Unusable,
        testing::{Answer, World},
    },
    store::Filter,
    tokens::TokenSet,
};

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_ended_is_revoked_and_leaves_no_tokens() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    let connection = process.oauth.disconnect(&world.key).await.unwrap();
    assert_eq!(connection.state, ConnectionState::Disconnected);
    process.oauth.disconnect(&world.key).await.unwrap();
    assert_eq!(world.server.revocations(), ["r1"]);
    assert_eq!(world.told(), ["created", "disconnected"]);
    assert!(world.record().await.sealed.is_empty());
    let error = process.token(&world).await.unwrap_err();
    assert_eq!(
        error.provider::<Unusable>().unwrap().state,
        ConnectionState::Disconnected
    );
    assert!(process.oauth.forget(&world.key).await.unwrap());
    assert_eq!(
        process.token(&world).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_a_refresh_under_way_and_revokes_what_it_brought() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    world.expired(&one).await;
    world.server.script([Answer::Late(Duration::from_secs(3))]);
    let tokens = one.oauth.tokens(&world.key).unwrap();
    let caller = tokio::spawn(async move { tokens.get().await });
    sleep(Duration::from_millis(100)).await;
    other.oauth.disconnect(&world.key).await.unwrap();
    caller.await.unwrap().unwrap();
    assert_eq!(world.server.revocations(), ["r2"]);
    assert_eq!(world.record().await.state, ConnectionState::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn another_process_hears_of_the_end_within_a_minute() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    one.oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    assert_eq!(other.token(&world).await.unwrap(), "a1");
    one.oauth.revoked(&world.key).await.unwrap();
    sleep(Duration::from_secs(61)).await;
    let _ = other.token(&world).await;
    sleep(Duration::from_millis(10)).await;
    let error = other.token(&world).await.unwrap_err();
    assert_eq!(
        error.provider::<Unusable>().unwrap().state,
        ConnectionState::Revoked
    );
    assert!(world.server.revocations().is_empty(), "the provider knows");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_nobody_can_replace_end_with_the_reason() {
    let world = World::new();
    let process = world.process();
    let alone = TokenSet::new("a").with_expires_at(world.unix() + Duration::from_secs(60));
    let mut short = alone.clone().with_refresh_token("r");
    short.refresh_expires_at = Some(world.unix() + Duration::from_secs(50));
    let rows = [
        (alone, ReauthReason::NoRefreshToken),
        (short, ReauthReason::RefreshTokenExpired),
    ];
    for (tokens, reason) in rows {
        let world = World::new();
        let process = world.process();
        process
            .oauth
            .connect(world.key.clone(), tokens)
            .await
            .unwrap();
        sleep(Duration::from_secs(59)).await;
        if reason == ReauthReason::NoRefreshToken {
            process.token(&world).await.unwrap();
        }
        sleep(Duration::from_secs(2)).await;
        let error = process.token(&world).await.unwrap_err();
        let state = ConnectionState::NeedsReauth(reason);
        assert_eq!(error.provider::<Unusable>().unwrap().state, state);
        assert_eq!(world.server.calls(), 0);
        assert_eq!(world.told(), ["created", "needs_reauth"]);
    }
    drop(process);
}

#[tokio::test(start_paused = true)]
async fn a_login_without_a_refresh_token_keeps_the_one_at_hand() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    let again = TokenSet::new("again").with_expires_at(world.unix() + Duration::from_secs(1));
    process
        .oauth
        .connect(world.key.clone(), again)
        .await
        .unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(process.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.spent(), ["r1"]);
}

#[tokio::test(start_paused = true)]
async fn a_login_whose_token_renews_itself_does_not_end_with_the_one_before() {
    let world = World::new();
    let process = world.process();
    let lasts = |token: &str, seconds| {
        let end = world.unix() + Duration::from_secs(seconds);
        let mut set = TokenSet::new(token).with_expires_at(end);
        set.refresh_expires_at = set.expires_at;
        set
    };
    for login in [lasts("one", 10), lasts("two", 3600)] {
        let connect = process.oauth.connect(world.key.clone(), login);
        connect.await.unwrap();
    }
    let inner = &process.oauth.inner;
    let record = inner.read(&world.key).await.unwrap().unwrap();
    let held = inner.opened(&record).await.unwrap().unwrap().tokens;
    assert_eq!(held.refresh_expires_at, held.expires_at);
}

#[tokio::test(start_paused = true)]
async fn a_login_in_the_middle_of_a_refresh_wins_and_frees_the_lease() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    world.expired(&one).await;
    world.server.script([Answer::Late(Duration::from_secs(3))]);
    let tokens = one.oauth.tokens(&world.key).unwrap();
    let caller = tokio::spawn(async move { tokens.get().await });
    sleep(Duration::from_millis(100)).await;
    other
        .oauth
        .connect(world.key.clone(), TokenSet::new("login"))
        .await
        .unwrap();
    let token = caller.await.unwrap().unwrap();
    assert_eq!(token.version(), 2);
    assert_eq!(one.token(&world).await.unwrap(), "login");
    assert!(!world.is_leased().await);
}

#[tokio::test(start_paused = true)]
async fn connections_are_listed_without_their_tokens() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    let filter = Filter {
        tenant: Some("acme".into()),
        ..Filter::default()
    };
    let listed = process.oauth.list(&filter).await.unwrap();
    assert_eq!(listed.items, [process.oauth.get(&world.key).await.unwrap()]);
    let filter = Filter {
        tenant: Some("other".into()),
        ..Filter::default()
    };
    assert!(process.oauth.list(&filter).await.unwrap().items.is_empty());
}
