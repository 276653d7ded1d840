use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use integration_core::ErrorKind;
use tokio::time::sleep;

use crate::{
    connection::{ConnectionKey, ConnectionState},
    error::{OAuthError, Trouble},
    manager::testing::{Answer, Fault, World},
};

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_writes_costs_no_token_and_the_old_one_is_served_to_its_end() {
    let world = World::new();
    let process = world.process();
    world.due(&process).await;
    process
        .store
        .plan(|name| (name != "get").then_some(Fault::Before));
    for _ in 0..19 {
        assert_eq!(process.token(&world).await.unwrap(), "a1");
        sleep(Duration::from_secs(1)).await;
    }
    sleep(Duration::from_secs(2)).await;
    let error = process.token(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.server.calls(), 0);
    process.store.plan(|_| None);
    sleep(error.retry_after().unwrap_or(Duration::from_secs(60))).await;
    assert_eq!(process.token(&world).await.unwrap(), "a2");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_asked_less_and_less_and_wipes_nothing() {
    let world = World::new();
    let process = world.process();
    world.due(&process).await;
    world.server.script(vec![Answer::Down; 100]);
    for _ in 0..19 {
        assert_eq!(process.token(&world).await.unwrap(), "a1");
        sleep(Duration::from_secs(1)).await;
    }
    assert!(
        (2..=6).contains(&world.server.calls()),
        "{}",
        world.server.calls()
    );
    sleep(Duration::from_secs(600)).await;
    let before = world.server.calls();
    let error = process.token(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(process.token(&world).await.is_err(), "within the back-off");
    assert_eq!(world.server.calls(), before + 1);
    let record = world.record().await;
    assert_eq!((record.state, record.version), (ConnectionState::Active, 1));
    assert_eq!(world.told(), ["created"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_accepted_stops_all_refreshes_at_that_provider() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    world.server.script([Answer::Refusal("invalid_client")]);
    let error = process.token(&world).await.unwrap_err();
    assert_eq!(
        error.provider::<OAuthError>().unwrap().trouble,
        Trouble::Config
    );
    // Another connection of the provider does not even ask.
    let other = ConnectionKey::new("acme", "demo", "43").unwrap();
    let mut tokens = world.server.login();
    tokens.expires_at = Some(world.unix());
    process.oauth.connect(other.clone(), tokens).await.unwrap();
    let error = process
        .oauth
        .tokens(&other)
        .unwrap()
        .get()
        .await
        .unwrap_err();
    assert_eq!(
        error.provider::<OAuthError>().unwrap().code,
        "invalid_client"
    );
    assert_eq!(world.server.calls(), 1);
    // Set right, it goes on where it stopped.
    sleep(Duration::from_secs(120)).await;
    process.oauth.tokens(&other).unwrap().get().await.unwrap();
    assert_eq!(world.told(), ["created", "created", "refreshed"]);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_gone_is_told_once_and_a_login_recovers_it() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    world.expired(&one).await;
    world.server.script([Answer::Refusal("invalid_grant")]);
    for process in [&one, &other, &one] {
        let error = process.token(&world).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(world.server.calls(), 1);
    assert_eq!(world.told(), ["created", "needs_reauth"]);
    one.oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(other.token(&world).await.unwrap(), "a2");
    assert_eq!(world.told(), ["created", "needs_reauth", "recovered"]);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_cannot_be_stored_are_served_and_stored_later() {
    for fault in [Fault::Before, Fault::After] {
        let world = World::new();
        let process = world.process();
        world.expired(&process).await;
        let is_down = Arc::new(AtomicBool::new(true));
        let switch = Arc::clone(&is_down);
        process
            .store
            .plan(move |name| (name == "swap" && switch.load(Ordering::Relaxed)).then_some(fault));
        assert_eq!(process.token(&world).await.unwrap(), "a2");
        sleep(Duration::from_secs(300)).await;
        assert_eq!(process.token(&world).await.unwrap(), "a2");
        is_down.store(false, Ordering::Relaxed);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(world.record().await.version, 2);
        assert_eq!(world.process().token(&world).await.unwrap(), "a2");
        assert_eq!(world.server.calls(), 1);
        assert_eq!(world.told(), ["created", "refreshed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_tokens_to_be_stored() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    world.server.script([Answer::Late(Duration::from_secs(5))]);
    let tokens = process.oauth.tokens(&world.key).unwrap();
    tokio::spawn(async move { tokens.get().await });
    sleep(Duration::from_millis(50)).await;
    process.oauth.shutdown().await;
    assert_eq!(world.record().await.version, 2);
    assert_eq!(
        process.token(&world).await.unwrap(),
        "a2",
        "what is at hand is served"
    );
    world.clock.jump(world.server.lifetime);
    let error = process.token(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(world.server.calls(), 1);
}
