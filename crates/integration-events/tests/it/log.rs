//! The write-ahead log, and claims that do not wait for the writer.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use integration_core::{Clock as _, SystemClock};
use integration_events::{
    ClaimRequest, ErrorKind, NewEvent, Resolution, Settled, SqliteConfig, SqliteStore, Store,
};

use crate::support::{NOW, claim, event, open, settle};

const LOG: u64 = 1_000_000;

fn limited(dir: &Path) -> SqliteStore {
    let mut config = SqliteConfig::default();
    config.max_log_bytes = LOG;
    SqliteStore::open(dir.join("events.db"), config).unwrap()
}

fn log_bytes(dir: &Path) -> u64 {
    std::fs::metadata(dir.join("events.db-wal")).unwrap().len()
}

fn large(no: u128) -> NewEvent {
    NewEvent {
        body: Bytes::from(vec![b'x'; 8_000]),
        ..event(no, "billing", None)
    }
}

#[tokio::test]
async fn a_log_that_is_long_is_copied_while_events_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = limited(dir.path());
    let senders = (0..16).map(|sender: u128| {
        let store = store.clone();
        tokio::spawn(async move {
            for no in 0..100 {
                store.append(large(sender << 64 | no)).await.unwrap();
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    // 13 MB were stored. Commits wait at twice the limit, and those then under way have 0.2 MB.
    assert!(log_bytes(dir.path()) < 3 * LOG, "{}", log_bytes(dir.path()));
}

#[tokio::test]
async fn a_log_that_single_claims_make_long_is_copied_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = limited(dir.path());
    for no in 0..300 {
        store.append(event(no, "billing", None)).await.unwrap();
    }
    for _ in 0..300 {
        let leases = claim(&store, 1, NOW).await;
        assert_eq!(
            settle(&store, &leases[0], Resolution::Done).await,
            Settled::Applied
        );
    }
    // Together they wrote 9 MB to it.
    assert!(log_bytes(dir.path()) < 3 * LOG, "{}", log_bytes(dir.path()));
}

#[tokio::test]
async fn a_claim_leaves_its_thread_while_another_process_has_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "billing", None)).await.unwrap();
    let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    // Both run in this thread: were it to wait for the file, nobody would release it.
    let start = SystemClock.now();
    let (leases, ()) = tokio::join!(claim(&store, 1, NOW), release);
    assert_eq!(leases.len(), 1);
    // It would wait for five seconds.
    let waited = SystemClock.now() - start;
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[tokio::test]
async fn a_claim_that_the_writer_cannot_carry_out_fails_and_the_next_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(event(1, "billing", None)).await.unwrap();
    let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    let rename = |from: &str, to: &str| {
        other
            .execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}"))
            .unwrap();
    };
    rename("delivery", "elsewhere");
    let request = ClaimRequest {
        limit: 1,
        lease: Duration::from_secs(30),
        now: NOW,
        routes: None,
    };
    let error = store.claim(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    rename("elsewhere", "delivery");
    assert_eq!(claim(&store, 1, NOW).await.len(), 1);
}
