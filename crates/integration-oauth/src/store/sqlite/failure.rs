//! From SQLite's errors to ours.

use integration_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Describes what SQLite reports, without any value of a row.
pub(super) fn storage(operation: &'static str, error: &rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the store is read only",
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => "the store cannot be opened",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds the store"
        }
        Some(ErrorCode::NotADatabase) => "the file is not a database",
        Some(ErrorCode::DatabaseCorrupt) => "the store is damaged",
        Some(ErrorCode::SystemIoFailure) => "the disk failed",
        _ => "the store failed",
    };
    let described = Error::new(ErrorKind::Storage, operation).with_message(message);
    match error {
        rusqlite::Error::SqliteFailure(code, _) => {
            described.with_context("sqlite_code", code.extended_code)
        }
        _ => described,
    }
}
