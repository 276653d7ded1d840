//! Duplicates are known wherever their id is: held in memory, in the index, or only in the row.

use std::{fs, path::Path, time::Duration};

use integration_events::{
    DeliveryState, EventId, NewEvent, RetentionPolicy, SqliteStore, Store, Stored, UnixMillis,
};
use tokio::task::JoinSet;

use crate::support::{NOW, count, event, open};

/// More than are held in memory, so that the hand has been round more than once.
const MANY: u128 = 40_000;
const AT_ONCE: u128 = 1_000;

/// An event without a route, whose id is spread over all ids as a hash is.
fn spread(no: u128) -> NewEvent {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    NewEvent {
        id: EventId::from_bytes(no.wrapping_mul(ODD).to_be_bytes()),
        deliveries: Vec::new(),
        ..event(no, "", None)
    }
}

async fn append_all(store: &SqliteStore, expected: Stored) {
    for first in (1..=MANY).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let mut appends = JoinSet::new();
        for no in first..first + AT_ONCE {
            let store = store.clone();
            appends.spawn(async move { store.append(spread(no)).await.unwrap() });
        }
        let stored = appends.join_all().await;
        assert!(stored.iter().all(|one| *one == expected), "from {first}");
    }
}

/// Copies the files of a store that is open but idle, which is what a crash leaves.
fn crashed(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in ["events.db", "events.db-wal"] {
        fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

#[tokio::test]
async fn every_duplicate_is_known_at_once_after_a_crash_and_after_a_clean_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append_all(&store, Stored::New).await;
    append_all(&store, Stored::Duplicate).await;

    let copy = crashed(dir.path());
    let after_crash = open(copy.path());
    append_all(&after_crash, Stored::Duplicate).await;

    drop(store);
    let after_end = open(dir.path());
    append_all(&after_end, Stored::Duplicate).await;
    for no in [1, MANY / 2, MANY] {
        let found = after_end.event(spread(no).id).await.unwrap().unwrap();
        assert_eq!((found.provider_id, found.duplicates), (format!("p{no}"), 2));
    }
}

#[tokio::test]
async fn an_event_is_found_by_its_id_before_it_is_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(spread(1)).await.unwrap();
    let found = store.event(spread(1).id).await.unwrap();
    assert_eq!(found.unwrap().provider_id, "p1");
    assert!(store.event(spread(2).id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_another_connection_stores_is_a_duplicate_too() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()), open(dir.path()));
    assert_eq!(one.append(spread(1)).await.unwrap(), Stored::New);
    assert_eq!(other.append(spread(2)).await.unwrap(), Stored::New);
    assert_eq!(one.append(spread(2)).await.unwrap(), Stored::Duplicate);
    assert_eq!(other.append(spread(1)).await.unwrap(), Stored::Duplicate);
}

#[tokio::test]
async fn numbers_of_removed_events_are_not_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for no in 1..=3 {
        store.append(spread(no)).await.unwrap();
    }
    drop(store);
    let store = open(dir.path());
    let policy = RetentionPolicy {
        done: Duration::ZERO,
        dead: Duration::ZERO,
        keys: Duration::ZERO,
    };
    let later = UnixMillis(NOW.0 + 1);
    store.prune(policy, later).await.unwrap();
    store.prune(policy, later).await.unwrap();
    assert!(
        store.event(spread(1).id).await.unwrap().is_none(),
        "it is removed"
    );

    assert_eq!(store.append(spread(1)).await.unwrap(), Stored::New);
    assert_eq!(count(&store, DeliveryState::Ready).await, 0);
    let copy = crashed(dir.path());
    let after_crash = open(copy.path());
    assert_eq!(
        after_crash.append(spread(1)).await.unwrap(),
        Stored::Duplicate
    );
}
