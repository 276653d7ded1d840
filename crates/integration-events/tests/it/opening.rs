//! What a store refuses to open.

use integration_events::{ErrorKind, SqliteConfig, SqliteStore};

use crate::support::{NOW, open};

#[test]
fn a_newer_database_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("events.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 9).unwrap();
    drop(conn);
    let error = SqliteStore::open(&path, SqliteConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("version 9"), "{error}");
    assert!(error.message().contains("up to 1"), "{error}");
}

#[test]
fn a_foreign_database_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(conn);
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path, SqliteConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing/events.db");
    let error = SqliteStore::open(&path, SqliteConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let error = SqliteStore::open_exclusive(&path, SqliteConfig::default(), NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
}

#[test]
fn a_store_opened_exclusively_is_refused_to_others_until_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.db");
    let open = || SqliteStore::open_exclusive(&path, SqliteConfig::default(), NOW);
    let first = open().unwrap();
    assert_eq!(open().unwrap_err().kind(), ErrorKind::Conflict);
    drop(first);
    assert!(open().is_ok());
}
