use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    connection::{ConnectionState, ReauthReason},
    manager::{
        Unusable,
        testing::{Answer, Fault, Process, World},
    },
};

const LEASE: Duration = Duration::from_secs(30);

/// A process dies after the server has rotated, and before it could write that down.
async fn dies_in_the_middle(world: &World) -> Process {
    let victim = world.process();
    world.expired(&victim).await;
    world.server.script([Answer::Late(Duration::from_secs(10))]);
    let tokens = victim.oauth.tokens(&world.key).unwrap();
    tokio::spawn(async move { tokens.get().await });
    sleep(Duration::from_millis(200)).await;
    assert_eq!(world.server.calls(), 1);
    victim.kill();
    world.process()
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "paused time")]
async fn a_rotation_that_was_interrupted_needs_one_login_and_is_told_once() {
    let world = World::new();
    let heir = dies_in_the_middle(&world).await;
    let began = Instant::now();
    let error = heir.token(&world).await.unwrap_err();
    assert!(
        began.elapsed() <= LEASE + Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let interrupted = ConnectionState::NeedsReauth(ReauthReason::RotationInterrupted);
    assert_eq!(error.provider::<Unusable>().unwrap().state, interrupted);
    assert_eq!(world.server.calls(), 2, "the old token is tried once");
    for _ in 0..5 {
        heir.token(&world).await.unwrap_err();
        world.process().token(&world).await.unwrap_err();
        sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(world.server.calls(), 2, "and never again");
    assert_eq!(world.told(), ["created", "needs_reauth"]);
    heir.oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    heir.token(&world).await.unwrap();
    assert_eq!(world.told(), ["created", "needs_reauth", "recovered"]);
}

#[tokio::test(start_paused = true)]
async fn within_the_reuse_window_of_the_server_nothing_is_lost() {
    let world = World::with(|server| server.rules.reuse_window_s = Some(600));
    let heir = dies_in_the_middle(&world).await;
    assert_eq!(heir.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.calls(), 2);
    assert_eq!(world.told(), ["created", "refreshed"]);
    assert_eq!(world.record().await.intent_at, None);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_dies_before_it_spends_costs_nothing() {
    let world = World::new();
    let victim = world.process();
    world.expired(&victim).await;
    // The answer to its lease never arrives.
    victim
        .store
        .plan(|name| (name == "lease").then_some(Fault::After));
    victim.token(&world).await.unwrap_err();
    victim.kill();
    assert_eq!(world.server.calls(), 0);
    assert_eq!(world.process().token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_slept_over_is_not_used_for_an_exchange() {
    let world = World::with(|server| server.rules.reuse_window_s = Some(7200));
    let sleeper = dies_in_the_middle(&world).await;
    sleep(LEASE).await;
    let ask = |process: &Process| {
        let tokens = process.oauth.tokens(&world.key).unwrap();
        tokio::spawn(async move { tokens.get().await })
    };
    // It has the lease, and waits for its late predecessor when the laptop is closed.
    let first = ask(&sleeper);
    sleep(Duration::from_millis(100)).await;
    world.clock.jump(Duration::from_secs(3600));
    let other = world.process();
    ask(&other).await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(
        world.server.calls(),
        2,
        "one by the dead, one by whoever had the lease last"
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_late_owner_are_parked_for_the_owner_of_now() {
    let world = World::new();
    let (late, heir) = (world.process(), world.process());
    world.expired(&late).await;
    // It has the tokens, and its writes fail until its lease is over by far.
    late.store
        .plan(|name| (name == "swap").then_some(Fault::Before));
    assert_eq!(
        late.token(&world).await.unwrap(),
        "a2",
        "it serves them from memory"
    );
    assert_eq!(world.record().await.version, 1);
    sleep(LEASE).await;
    // An heir gets the lease, and takes its time before it spends.
    let tokens = heir.oauth.tokens(&world.key).unwrap();
    let waiting = tokio::spawn(async move { tokens.get().await });
    sleep(Duration::from_millis(50)).await;
    late.store.plan(|_| None);
    let token = waiting.await.unwrap().unwrap();
    assert_eq!(token.version(), 2);
    assert_eq!(world.server.calls(), 1, "nothing was spent twice");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(late.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.newest().as_deref(), Some("r2"));
}

#[tokio::test(start_paused = true)]
async fn tokens_thought_lost_are_taken_back_when_their_owner_wakes() {
    // A server that keeps the family when an old token is used again.
    let world = World::new();
    let (late, heir) = (world.process(), world.process());
    world.expired(&late).await;
    late.store
        .plan(|name| (name == "swap").then_some(Fault::Before));
    assert_eq!(late.token(&world).await.unwrap(), "a2");
    sleep(LEASE + Duration::from_secs(1)).await;
    world.server.script([Answer::Refusal("invalid_grant")]);
    heir.token(&world).await.unwrap_err();
    assert_eq!(world.told(), ["created", "needs_reauth"]);
    late.store.plan(|_| None);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(world.told(), ["created", "needs_reauth", "recovered"]);
    assert_eq!(heir.token(&world).await.unwrap(), "a2");
    assert_eq!(world.record().await.state, ConnectionState::Active);
}
