use std::time::Duration;

use tokio::time::sleep;

use crate::{
    connection::ConnectionKey,
    manager::{
        SweepConfig,
        testing::{Answer, World},
    },
    store::TokenStore as _,
};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[tokio::test(start_paused = true)]
async fn the_background_refreshes_before_a_caller_has_to_and_stops_with_the_shutdown() {
    let world = World::new();
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    process.oauth.start_sweeper(SweepConfig::default()).unwrap();
    sleep(minutes(45)).await;
    assert_eq!(world.server.calls(), 0);
    sleep(minutes(10)).await;
    assert_eq!(world.server.calls(), 1);
    assert_eq!(process.token(&world).await.unwrap(), "a2");
    process.oauth.shutdown().await;
    sleep(minutes(120)).await;
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_backgrounds_refresh_each_connection_once() {
    let world = World::new();
    let processes = [world.process(), world.process()];
    processes[0]
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    for process in &processes {
        process.oauth.start_sweeper(SweepConfig::default()).unwrap();
    }
    sleep(minutes(55)).await;
    assert_eq!(world.server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_used_before_it_dies_of_disuse() {
    let world = World::with(|server| {
        server.rules.max_idle_s = Some(7 * 86_400);
        server.lifetime = Duration::from_secs(90 * 86_400);
    });
    let process = world.process();
    process
        .oauth
        .connect(world.key.clone(), world.server.login())
        .await
        .unwrap();
    let config = SweepConfig::default();
    world.clock.jump(Duration::from_secs(3 * 86_400));
    assert_eq!(process.oauth.sweep(&config).await.unwrap(), 0);
    world.clock.jump(Duration::from_secs(3 * 86_400));
    assert_eq!(process.oauth.sweep(&config).await.unwrap(), 1);
    assert_eq!(world.server.spent(), ["r1"]);
    assert_eq!(process.oauth.sweep(&config).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_refreshes_is_left_to_them() {
    let world = World::new();
    let process = world.process();
    world.expired(&process).await;
    let ttl = Duration::from_secs(30);
    let _ = world
        .store
        .lease(&world.key, "somebody", ttl)
        .await
        .unwrap();
    let config = SweepConfig::default();
    assert_eq!(process.oauth.sweep(&config).await.unwrap(), 0);
    sleep(ttl).await;
    assert_eq!(process.oauth.sweep(&config).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_are_refreshed_at_once() {
    let world = World::new();
    let process = world.process();
    for account in 0..20 {
        let key = ConnectionKey::new("acme", "demo", account.to_string()).unwrap();
        process
            .oauth
            .connect(key, world.server.login())
            .await
            .unwrap();
    }
    world.clock.jump(minutes(61));
    world
        .server
        .script(vec![Answer::Late(Duration::from_secs(1)); 20]);
    let config = SweepConfig::default().with_concurrency(4);
    let sweep = process.oauth.sweep(&config);
    assert!(
        tokio::time::timeout(Duration::from_millis(900), sweep)
            .await
            .is_err()
    );
    assert_eq!(world.server.calls(), 4);
}
