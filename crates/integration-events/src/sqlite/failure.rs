//! From SQLite's errors to ours.

use std::path::Path;

use integration_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Why a command was not carried out.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite failed: the whole batch is rolled back.
    Sql(rusqlite::Error),
    /// The command was refused before it changed anything: the batch goes on.
    Refused(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

pub(super) type Work<T> = Result<T, Failure>;

/// Describes what SQLite reports, without any value of a row.
pub(super) fn storage(operation: &'static str, error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk or the quota of the store is full",
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
    Error::new(ErrorKind::Storage, operation)
        .with_message(message)
        .with_source(error)
}

/// The same for opening a file, which is named.
pub(super) fn opening(path: &Path, error: rusqlite::Error) -> Error {
    storage("events.open", error).with_context("path", path.display())
}

/// Carries a failure of the batch to each of its commands.
pub(super) fn copy(operation: &'static str, error: &rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => storage(
            operation,
            rusqlite::Error::SqliteFailure(*code, text.clone()),
        ),
        other => Error::new(ErrorKind::Storage, operation)
            .with_message("the store failed")
            .with_source(other.to_string()),
    }
}
