//! The folder: one process at a time, and files that are there whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use integration_core::{Error, ErrorKind, Result};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use crate::limits::MAX_STORE_FILE;

/// How often to see whether a lock is free.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// A lock that is held. The system frees it when the process dies.
#[derive(Debug)]
pub(super) struct Held(File);

impl Folder {
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let folder = Self(path.to_path_buf());
        let made = folder.clone();
        folder.run("oauth.open_store", move || made.make()).await?;
        Ok(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs what waits for the disk beside the runtime.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = spawn_blocking(work).await;
        let done = done.map_err(|error| storage(operation, "the work was broken off", error))?;
        done.map_err(|error| {
            let message = "the folder of the store cannot be used";
            storage(operation, message, error).with_context("path", self.0.display())
        })
    }

    /// Waits for a lock, at most for `patience`.
    pub(super) async fn lock(&self, name: &'static str, patience: Duration) -> Result<Held> {
        let path = self.path(name);
        let file = self.run("oauth.lock", move || private().open(path)).await?;
        let wait = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => sleep(LOOK).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        };
        let locked = timeout(patience, wait).await;
        let locked = locked
            .map_err(|error| storage("oauth.lock", "another process holds the store", error))?;
        locked.map_err(|error| storage("oauth.lock", "the store cannot be locked", error))?;
        Ok(Held(file))
    }

    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing frees it too; this only does not wait for that.
        let _ = self.0.unlock();
    }
}

/// Reads a file whole; `None` when there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = u64::try_from(MAX_STORE_FILE).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_STORE_FILE {
        return Err(io::Error::other(
            "the file is larger than this program writes",
        ));
    }
    Ok(Some(bytes))
}

/// Puts a file in the place of another, for its owner alone, and on disk when this returns. Only
/// who holds the lock of the folder may.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if bytes.len() > MAX_STORE_FILE {
        return Err(io::Error::other("the file would be too large"));
    }
    let new = path.with_extension("new");
    // What a process that died has left there may have another mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // The name is in the folder, which has its own fate on a power cut.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn storage(
    operation: &'static str,
    message: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorKind::Storage, operation)
        .with_message(message)
        .with_source(error)
}
