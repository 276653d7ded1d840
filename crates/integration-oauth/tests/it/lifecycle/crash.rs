use std::time::Duration;

use integration_core::SystemClock;
use integration_testkit::oauth::{AuthFault, MockAuthServer};

use super::{
    process::{Process, is_child},
    shared::{LEASE, Shared},
};

/// A process is killed after the server has rotated, and before it could write that down.
async fn killed_in_the_middle(test: &str, server: &MockAuthServer) -> (Shared, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db").display().to_string();
    let shared = Shared::new(path, server);
    shared.connect(server, Duration::ZERO).await;
    server.inject("/token", [AuthFault::late(Duration::from_secs(60))]);
    let mut victim = Process::start(test, &shared);
    victim.next("began").await;
    for _ in 0..600 {
        if server.calls("refresh_token") == 1 {
            victim.kill();
            return (shared, folder);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the process does not refresh");
}

fn now() -> tokio::time::Instant {
    integration_core::Clock::now(&SystemClock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_had_spent_needs_one_login_and_is_told_once() {
    if is_child().await {
        return;
    }
    let test = "lifecycle::crash::what_a_killed_process_had_spent_needs_one_login_and_is_told_once";
    let server = MockAuthServer::start().await.unwrap();
    let (shared, _folder) = killed_in_the_middle(test, &server).await;
    let killed = now();
    let mut heirs = [Process::start(test, &shared), Process::start(test, &shared)];
    for heir in &mut heirs {
        heir.next("began").await;
    }
    let mut events = 0;
    let mut told = Vec::new();
    for heir in heirs {
        for (kind, rest) in heir.rest().await {
            match kind.as_str() {
                "event" => {
                    assert_eq!(rest, "connection.needs_reauth");
                    events += 1;
                }
                "unusable" | "token" | "error" => told.push(rest),
                _ => {}
            }
        }
    }
    let took = killed.elapsed();
    assert!(
        took <= LEASE + Duration::from_secs(1),
        "taken over after {took:?}"
    );
    assert_eq!(told, ["NeedsReauth(RotationInterrupted)"; 2]);
    assert_eq!(events, 1);
    assert_eq!(
        server.calls("refresh_token"),
        2,
        "one by the dead, one by an heir"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_reuse_window_a_killed_process_costs_nothing() {
    if is_child().await {
        return;
    }
    let test = "lifecycle::crash::within_the_reuse_window_a_killed_process_costs_nothing";
    let server = MockAuthServer::builder();
    let server = server
        .reuse_window(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let (shared, _folder) = killed_in_the_middle(test, &server).await;
    let token = Process::start(test, &shared).next("token").await;
    assert!(server.is_live(&token));
    assert_eq!(server.calls("refresh_token"), 2);
}
