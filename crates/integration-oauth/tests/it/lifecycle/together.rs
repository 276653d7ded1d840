use std::{collections::BTreeSet, time::Duration};

use integration_testkit::oauth::{AuthFault, MockAuthServer};

use super::{
    process::{Process, is_child},
    shared::{Shared, key},
};

const PROCESSES: usize = 4;
const CALLERS: usize = 25;

async fn all_get_one_token_by_one_exchange(test: &str, store: String) {
    let server = MockAuthServer::start().await.unwrap();
    let mut shared = Shared::new(store, &server);
    shared.callers = CALLERS;
    shared.connect(&server, Duration::ZERO).await;
    // So that all of them come while one is at it.
    server.inject("/token", [AuthFault::late(Duration::from_millis(1500))]);
    let processes: Vec<_> = (0..PROCESSES)
        .map(|_| Process::start(test, &shared))
        .collect();
    let mut tokens = Vec::new();
    for process in processes {
        for (kind, rest) in process.rest().await {
            assert!(
                !["error", "unusable"].contains(&kind.as_str()),
                "{kind} {rest}"
            );
            if kind == "token" {
                tokens.push(rest);
            }
        }
    }
    assert_eq!(tokens.len(), PROCESSES * CALLERS);
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(server.calls("refresh_token"), 1);
    assert!(server.is_live(&tokens[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_on_sqlite_cause_one_exchange() {
    if is_child().await {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db").display().to_string();
    let test = "lifecycle::together::four_processes_on_sqlite_cause_one_exchange";
    all_get_one_token_by_one_exchange(test, path).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_on_postgresql_cause_one_exchange() {
    if is_child().await {
        return;
    }
    let Some(schema) = crate::stores::postgres_schema().await else {
        return;
    };
    let test = "lifecycle::together::four_processes_on_postgresql_cause_one_exchange";
    all_get_one_token_by_one_exchange(test, format!("postgres:{schema}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_writes_costs_no_token() {
    let server = MockAuthServer::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    let shared = Shared::new(path.display().to_string(), &server);
    let oauth = shared.connect(&server, Duration::from_secs(6)).await;
    let tokens = oauth.tokens(&key()).unwrap();
    let first = tokens.get().await.unwrap();
    // Another program holds the right to write.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..5 {
        let token = tokens.get().await.unwrap();
        assert_eq!(token.version(), first.version());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    tokens.get().await.unwrap_err();
    assert_eq!(
        server.calls("/token"),
        0,
        "a token was spent that nobody could have kept"
    );
    other.execute_batch("COMMIT").unwrap();
    let mut got = None;
    for _ in 0..30 {
        got = tokens.get().await.ok();
        if got.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(got.map(|token| token.version()), Some(2));
    assert_eq!(server.calls("/token"), 1);
}
