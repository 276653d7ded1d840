use std::{fs, path::Path, sync::Arc, time::Duration};

use integration_core::SystemClock;
use integration_oauth::{
    ErrorKind,
    store::{FlowStore, Leasing, SqliteConfig, SqliteStore, Swap, TokenStore},
};

use super::rig::{FLOWS, LONG, Rig, change, key};

/// A store of two connections to one file, as two processes would have them. The file is left to
/// the system: the rig outlives no test, but the store outlives the rig.
async fn rig() -> Option<Rig> {
    let folder = tempfile::tempdir().unwrap().keep();
    let config = SqliteConfig::new(folder.join("oauth.db")).with_max_flows(FLOWS);
    let store = Arc::new(SqliteStore::open(config).await.unwrap());
    Some(Rig {
        tokens: store.clone(),
        flows: store,
        clock: SystemClock::shared(),
        cases: 8,
    })
}

super::conformance!(super::rig, flavor = "multi_thread", worker_threads = 2);

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    let store = open(&path).await;
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let end = Duration::from_secs(4_000_000_000);
    store.put([1; 32], b"flow".to_vec(), end).await.unwrap();
    drop(store);
    let store = open(&path).await;
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().sealed, b"x");
    assert_eq!(store.take([1; 32]).await.unwrap().unwrap(), b"flow");
}

#[tokio::test]
async fn two_stores_on_one_file_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    let (one, two) = (open(&path).await, open(&path).await);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_stores_on_one_file_one_gets_the_lease() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    let stores = [open(&path).await, open(&path).await];
    assert_eq!(
        stores[0].put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    for version in 1..20 {
        let tasks = stores.clone().map(|store| {
            tokio::spawn(
                async move { (store.lease(&key("a"), "owner", LONG).await.unwrap(), store) },
            )
        });
        let mut granted = 0;
        for task in tasks {
            if let (Leasing::Granted { record }, store) = task.await.unwrap() {
                granted += 1;
                let swap = store
                    .compare_and_swap(&key("a"), version, Some(record.fence), change(b"y"))
                    .await;
                // The other may only have been granted a lease that was free again.
                let _ = swap.unwrap();
            }
        }
        assert!(granted >= 1);
        let version_now = stores[1].get(&key("a")).await.unwrap().unwrap().version;
        assert_eq!(version_now, version + 1);
        let record = stores[0].get(&key("a")).await.unwrap().unwrap();
        if record.lease.is_some() {
            assert!(
                stores[0]
                    .release(&key("a"), record.fence, false)
                    .await
                    .unwrap()
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("oauth.db")).await;
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        names.push(entry.file_name().into_string().unwrap());
        assert_eq!(mode, 0o600, "{names:?}");
    }
    names.sort();
    assert_eq!(names, ["oauth.db", "oauth.db-shm", "oauth.db-wal"]);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(path.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("belongs to another program"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    let text = folder.path().join("text");
    fs::write(
        &text,
        "not a database, and long enough to be told from one".repeat(100),
    )
    .unwrap();
    let error = SqliteStore::open(text).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    drop(open(&path).await);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("has version 99"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_missing_is_an_error_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("oauth.db");
    let error = SqliteStore::open(path.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
}

#[tokio::test]
async fn the_store_works_again_after_a_failed_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oauth.db");
    let store = open(&path).await;
    assert_eq!(
        store.put_new(&key("a"), change(b"x")).await.unwrap(),
        Swap::Done(1)
    );
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("ALTER TABLE connection RENAME TO away")
        .unwrap();
    let error = store.lease(&key("a"), "owner", LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(store.get(&key("a")).await.is_err());
    other
        .execute_batch("ALTER TABLE away RENAME TO connection")
        .unwrap();
    let lease = store.lease(&key("a"), "owner", LONG).await.unwrap();
    assert!(matches!(lease, Leasing::Granted { .. }), "{lease:?}");
}
