use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use integration_core::{Clock, SystemClock, config::process_env};
use integration_oauth::{
    ErrorKind,
    store::{Leasing, PostgresConfig, PostgresStore, Swap, TokenStore},
};
use tokio_postgres::{Client, NoTls};

use super::rig::{FLOWS, LONG, Rig, change, key};

/// Says why a test does nothing, past the capture of the test runner; fails it in CI.
fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
    assert!(process_env("CI").as_deref() != Some("true"), "{why}");
}

fn address() -> String {
    let named = process_env("POSTGRES_URL");
    named.unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// A connection beside the store, if a server runs.
async fn client() -> Option<Client> {
    match tokio_postgres::connect(&address(), NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Some(client)
        }
        Err(error) => {
            skip(&format!(
                "no PostgreSQL at POSTGRES_URL or 127.0.0.1:5432: {error}"
            ));
            None
        }
    }
}

/// A schema of this test alone. Those of earlier runs are dropped when they are a day old.
async fn schema(client: &Client) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemClock.unix().as_secs();
    let sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'oauth\\_it\\_%'";
    for row in client.query(sql, &[]).await.unwrap() {
        let name: String = row.get(0);
        let born = name
            .split('_')
            .nth(2)
            .and_then(|born| born.parse::<u64>().ok());
        if born.is_some_and(|born| born + 86_400 < now) {
            let drop = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
            let _ = client.batch_execute(&drop).await;
        }
    }
    format!("oauth_it_{now}_{}_{number}", std::process::id())
}

pub(crate) fn config(schema: &str) -> PostgresConfig {
    let config = PostgresConfig::new(&address()).unwrap();
    let config = config.with_schema(schema).unwrap();
    config.with_max_flows(FLOWS).with_max_connections(4)
}

/// A schema for the processes of a test, if a server runs.
pub(crate) async fn fresh_schema() -> Option<String> {
    Some(schema(&client().await?).await)
}

async fn rig() -> Option<Rig> {
    let schema = schema(&client().await?).await;
    let store = Arc::new(PostgresStore::connect(config(&schema)).await.unwrap());
    Some(Rig {
        tokens: store.clone(),
        flows: store,
        clock: SystemClock::shared(),
        cases: 8,
    })
}

super::conformance!(super::rig, flavor = "multi_thread", worker_threads = 2);

/// Two stores over one schema, as two machines would have them.
async fn two() -> Option<(Client, PostgresStore, PostgresStore)> {
    let client = client().await?;
    let schema = schema(&client).await;
    // At the same time, so both meet a database without tables.
    let (one, two) = tokio::join!(
        PostgresStore::connect(config(&schema)),
        PostgresStore::connect(config(&schema))
    );
    client
        .batch_execute(&format!("SET search_path TO {schema}"))
        .await
        .unwrap();
    Some((client, one.unwrap(), two.unwrap()))
}

#[tokio::test]
async fn two_stores_on_one_schema_are_one() {
    let Some((_client, one, two)) = two().await else {
        return;
    };
    assert_eq!(
        one.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let Leasing::Granted { record } = two.lease(&key("a"), "two", LONG).await.unwrap() else {
        panic!("it is free")
    };
    let held = one.lease(&key("a"), "one", LONG).await.unwrap();
    assert!(matches!(held, Leasing::Held { .. }), "{held:?}");
    let waiting = {
        let one = one.clone();
        tokio::spawn(async move { one.changed(&key("a"), 1, LONG).await })
    };
    let swap = two
        .compare_and_swap(&key("a"), 1, Some(record.fence), change(b"y"))
        .await;
    assert_eq!(swap.unwrap(), Swap::Done(2));
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.expect("the other store sees it").unwrap().unwrap();
    assert_eq!(one.get(&key("a")).await.unwrap().unwrap().sealed, b"y");
}

#[tokio::test]
async fn a_change_is_told_by_a_notification() {
    let Some((client, store, _)) = two().await else {
        return;
    };
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    // The channel of the store, listened to from outside.
    let (listener, mut connection) = tokio_postgres::connect(&address(), NoTls).await.unwrap();
    let (told, mut names) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let Ok(tokio_postgres::AsyncMessage::Notification(notification)) = message {
                let _ = told.send(notification.payload().to_owned());
            }
        }
    });
    listener
        .batch_execute("LISTEN integration_oauth")
        .await
        .unwrap();
    let Leasing::Granted { record } = store.lease(&key("a"), "one", LONG).await.unwrap() else {
        panic!("it is free")
    };
    let swap = store
        .compare_and_swap(&key("a"), 1, Some(record.fence), change(b"y"))
        .await;
    assert_eq!(swap.unwrap(), Swap::Done(2));
    let name = tokio::time::timeout(Duration::from_secs(20), names.recv()).await;
    let name = name.expect("a notification").unwrap();
    assert_eq!(name.len(), 32);
    assert!(!name.contains("acme"), "a notification shows no name");
    drop(client);
}

#[tokio::test]
async fn connections_that_the_server_ends_are_made_anew() {
    let Some(client) = client().await else {
        return;
    };
    let schema = schema(&client).await;
    // All sessions of the store are those of this name.
    let named = format!("{}?application_name={schema}", address());
    let config = PostgresConfig::new(&named).unwrap();
    let config = config.with_schema(&schema).unwrap();
    let store = PostgresStore::connect(config).await.unwrap();
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    for _ in 0..3 {
        let end =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        let ended = client.query(end, &[&schema]).await.unwrap().len();
        assert!(ended >= 1, "none of ours was there");
        assert!(store.get(&key("a")).await.unwrap().is_some());
    }
    // The one that listens too.
    let Leasing::Granted { record } = store.lease(&key("a"), "one", LONG).await.unwrap() else {
        panic!("it is free")
    };
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.changed(&key("a"), 1, LONG).await })
    };
    let swap = store
        .compare_and_swap(&key("a"), 1, Some(record.fence), change(b"y"))
        .await;
    assert_eq!(swap.unwrap(), Swap::Done(2));
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.expect("it looks for itself").unwrap().unwrap();
}

#[tokio::test]
async fn leases_end_by_the_time_of_the_database() {
    let Some((client, store, _)) = two().await else {
        return;
    };
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let lease = store.lease(&key("a"), "one", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Granted { .. }));
    let sql = "SELECT lease_until - (extract(epoch FROM now()) * 1000000)::bigint FROM connection";
    let left: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    let hour = 3_600_000_000_i64;
    assert!((hour - 60_000_000..=hour).contains(&left), "{left}");
    // An hour ago by the database: whatever our own clock says, it is free.
    client
        .batch_execute("UPDATE connection SET lease_until = lease_until - 3600000000")
        .await
        .unwrap();
    let lease = store.lease(&key("a"), "two", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Granted { .. }), "{lease:?}");
}

#[tokio::test]
async fn a_row_that_another_transaction_holds_is_an_error_in_time() {
    let Some(client) = client().await else {
        return;
    };
    let schema = schema(&client).await;
    let config = config(&schema).with_timeout(Duration::from_millis(300));
    let store = PostgresStore::connect(config).await.unwrap();
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let hold = format!("BEGIN; SELECT * FROM {schema}.connection FOR UPDATE");
    client.batch_execute(&hold).await.unwrap();
    let error = store.lease(&key("a"), "one", LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    // Reading needs no lock.
    assert!(store.get(&key("a")).await.unwrap().is_some());
    client.batch_execute("ROLLBACK").await.unwrap();
    let lease = store.lease(&key("a"), "one", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Granted { .. }), "{lease:?}");
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let Some(client) = client().await else {
        return;
    };
    let schema = schema(&client).await;
    drop(PostgresStore::connect(config(&schema)).await.unwrap());
    let later = format!("UPDATE {schema}.version SET version = 99");
    client.batch_execute(&later).await.unwrap();
    let error = PostgresStore::connect(config(&schema)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("have version 99"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_in_time() {
    let port = integration_testkit::RefusingPort::new().unwrap();
    let address = port.url("/d").replace("http://", "postgres://u:canary-pw@");
    let config = PostgresConfig::new(&address).unwrap();
    let error = PostgresStore::connect(config.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(!format!("{error:?} {error} {config:?}").contains("canary-pw"));
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_to_another_machine_unless_told() {
    for (address, is_refused) in [
        ("postgres://u:p@192.0.2.1/d", true),
        ("postgres://u:p@db.example.com/d", true),
        ("postgres://u:p@db.example.com/d?sslmode=require", true),
        ("host=127.0.0.1,192.0.2.1 user=u", true),
        ("host=db.example.com hostaddr=192.0.2.1 user=u", true),
    ] {
        let config = PostgresConfig::new(address).unwrap();
        let error = PostgresStore::connect(config).await.unwrap_err();
        assert_eq!(error.kind() == ErrorKind::Config, is_refused, "{address}");
        assert!(error.to_string().contains("connect_tls"), "{error}");
    }
}

#[test]
fn an_address_or_a_schema_that_is_none_is_refused_and_not_shown() {
    for address in ["", "postgres://u:canary-pw@h:port/d", "mysql://canary-pw"] {
        let error = PostgresConfig::new(address).err();
        assert!(address.is_empty() || error.is_some(), "{address}");
        assert!(!format!("{error:?}").contains("canary-pw"));
    }
    for schema in ["", "Oauth", "a; drop table x", "ä", &"a".repeat(64)] {
        let config = PostgresConfig::new("postgres://u@127.0.0.1/d").unwrap();
        assert!(config.with_schema(schema).is_err(), "{schema}");
    }
}
