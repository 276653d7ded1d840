use std::{collections::BTreeSet, time::Duration};

use integration_core::{ErrorKind, ExposeSecret, credentials::Rejection};
use tokio::time::{sleep, timeout};

use crate::{
    manager::testing::{Answer, World},
    scopes::Scopes,
    tokens::TokenSet,
};

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_of_an_expired_token_cause_one_exchange() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    let tokens = process.oauth.tokens(&world.key).unwrap();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.get().await.unwrap() })
        })
        .collect();
    for caller in callers {
        let token = caller.await.unwrap();
        assert_eq!(token.secret().expose_secret(), "a2");
    }
    assert_eq!(world.server.calls(), 1);
    assert_eq!(world.told(), ["created", "refreshed"]);
    assert!(tokens.ready().is_some());
    let record = world.record().await;
    assert_eq!(
        (record.lease, record.intent_at),
        (None, None),
        "it is left to its end"
    );
}

#[tokio::test(start_paused = true)]
async fn four_processes_of_twenty_five_callers_cause_one_exchange() {
    let world = World::new();
    let first = world.process();
    world.expired(&first).await;
    let mut processes = vec![first];
    processes.extend((0..3).map(|_| world.process()));
    let mut callers = Vec::new();
    for process in &processes {
        for _ in 0..25 {
            let tokens = process.oauth.tokens(&world.key).unwrap();
            callers.push(tokio::spawn(async move { tokens.get().await.unwrap() }));
        }
    }
    let mut seen = BTreeSet::new();
    for caller in callers {
        seen.insert(caller.await.unwrap().secret().expose_secret().to_owned());
    }
    assert_eq!(seen, BTreeSet::from(["a2".to_owned()]));
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_loses_nothing() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    world
        .server
        .script([Answer::Late(Duration::from_millis(1500))]);
    let token = process.token(&world);
    assert!(timeout(Duration::from_millis(300), token).await.is_err());
    sleep(Duration::from_secs(3)).await;
    assert_eq!(process.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.calls(), 1);
    assert_eq!(world.record().await.version, 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_refresh_while_the_token_works() {
    let world = World::new();
    let process = world.process();
    world.due(&process).await;
    assert_eq!(process.token(&world).await.unwrap(), "a1");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(process.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_with_a_due_token_does_not_wait_either() {
    let world = World::new();
    world.due(&world.process()).await;
    let process = world.process();
    world.server.script([Answer::Late(Duration::from_secs(10))]);
    let token = timeout(Duration::from_millis(10), process.token(&world)).await;
    assert_eq!(token.unwrap().unwrap(), "a1");
    sleep(Duration::from_secs(11)).await;
    assert_eq!(process.token(&world).await.unwrap(), "a2");
}

#[tokio::test(start_paused = true)]
async fn a_token_in_its_last_seconds_is_used_when_the_next_cannot_be_had() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    world
        .clock
        .jump(world.server.lifetime - Duration::from_secs(2));
    world.server.script([Answer::Down]);
    assert_eq!(world.process().token(&world).await.unwrap(), "a1");
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_ages_while_a_laptop_sleeps() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    let tokens = process.oauth.tokens(&world.key).unwrap();
    assert_eq!(process.token(&world).await.unwrap(), "a1");
    assert!(tokens.ready().is_some());
    // The wall clock goes on, the monotonic one does not.
    world.clock.jump(Duration::from_secs(8 * 3600));
    assert!(tokens.ready().is_none(), "an expired token is handed out");
    assert_eq!(process.token(&world).await.unwrap(), "a2");
}

#[tokio::test(start_paused = true)]
async fn what_another_process_brought_is_seen_without_an_exchange() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    one.oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    assert_eq!(other.token(&world).await.unwrap(), "a1");
    world
        .clock
        .jump(world.server.lifetime - Duration::from_secs(20));
    one.token(&world).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    other.token(&world).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(other.token(&world).await.unwrap(), "a2");
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_for_all_who_were_refused() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    one.oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    other.token(&world).await.unwrap();
    for process in [&one, &other] {
        let tokens = process.oauth.tokens(&world.key).unwrap();
        for _ in 0..10 {
            assert_eq!(tokens.refused(1), Rejection::TryAgain);
        }
        assert_eq!(process.token(&world).await.unwrap(), "a2");
    }
    assert_eq!(
        world.server.calls(),
        1,
        "the second process found the new one"
    );
    let tokens = one.oauth.tokens(&world.key).unwrap();
    assert_eq!(
        tokens.refused(2),
        Rejection::Final,
        "so soon after the last"
    );
}

#[tokio::test(start_paused = true)]
async fn other_scopes_than_before_are_told() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    world
        .server
        .script([Answer::Scopes(Scopes::from(["read"]))]);
    process.token(&world).await.unwrap();
    assert_eq!(world.told(), ["created", "refreshed", "scopes_changed"]);
    let wanted = Scopes::from(["read", "write"]);
    let missing = process
        .oauth
        .missing_scopes(&world.key, &wanted)
        .await
        .unwrap();
    assert_eq!(missing, Scopes::from(["write"]));
    let more = Scopes::from(["delete"]);
    let asked = process
        .oauth
        .scopes_to_ask(&world.key, &more)
        .await
        .unwrap();
    assert_eq!(asked, Scopes::from(["delete", "read"]));
}

#[tokio::test(start_paused = true)]
async fn a_further_token_is_had_by_its_name_and_refreshed_by_itself() {
    let world = World::new();
    let process = world.process();
    let ends = world.unix() + Duration::from_secs(10_000);
    // The user's token is the one that the server rotates; that of the bot lasts.
    let mut set = TokenSet::new("bot");
    set.also.insert("user".into(), world.server.login());
    process
        .oauth
        .connect(world.key.clone(), set.with_expires_at(ends))
        .await
        .unwrap();
    let user = process.oauth.tokens(&world.key).unwrap().named("user");
    assert_eq!(user.get().await.unwrap().secret().expose_secret(), "a1");
    let other = process.oauth.tokens(&world.key).unwrap().named("other");
    assert_eq!(other.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(process.token(&world).await.unwrap(), "bot");
    world.clock.jump(world.server.lifetime);
    assert_eq!(user.get().await.unwrap().secret().expose_secret(), "a2");
    assert_eq!(process.token(&world).await.unwrap(), "bot");
    assert_eq!(world.server.spent(), ["r1"]);
    world.clock.jump(Duration::from_secs(10_000));
    process.token(&world).await.unwrap_err();
    assert_eq!(world.told().last(), Some(&"needs_reauth"));
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_of_tokens_is_not_the_tokens() {
    let world = World::new();
    let process = world.process();
    let set = TokenSet::new("canary-access").with_refresh_token("canary-refresh");
    let connection = process.oauth.connect(world.key.clone(), set).await.unwrap();
    let tokens = process.oauth.tokens(&world.key).unwrap();
    let token = tokens.get().await.unwrap();
    let shown = format!(
        "{connection:?}{tokens:?}{token:?}{:?}{:?}",
        process.oauth,
        world.events()
    );
    assert!(!shown.contains("canary"), "{shown}");
}
