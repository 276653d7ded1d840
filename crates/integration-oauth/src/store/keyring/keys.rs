//! Where the key comes from, and where a new one is put.

use std::path::PathBuf;

use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use keyring_core::Entry;
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    KeyringConfig,
    config::Keyring,
    folder::{self, Folder},
};
use crate::{
    seal::{KeyRing, SealingKey},
    store::rules,
};

/// The name of the key within the keyring.
const USER: &str = "integration-oauth";

/// The file of keys, for where there is no keyring.
const FILE: &str = "keys";

const LOCK: &str = "keys.lock";

/// Where the key is that seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyHome {
    /// In the keyring.
    Keyring,
    /// In a file that only its owner may read, because no keyring answered.
    File,
}

/// Gets the key, or makes one. Of several processes that start at once, one makes it.
pub(super) async fn get(config: &KeyringConfig, folder: &Folder) -> Result<(KeyRing, KeyHome)> {
    // Whoever has the lock may wait for a user before the keyring.
    let patience = config.keyring_timeout.saturating_mul(2);
    let patience = patience.saturating_add(super::connections::PATIENCE);
    let _held = folder.lock(LOCK, patience).await?;
    let path = folder.path(FILE);
    match said(config).await {
        Some(text) => {
            let key = SealingKey::from_text(text.expose_secret()).map_err(|error| {
                error
                    .with_context("keyring_service", &config.program)
                    .with_context("keyring_user", USER)
            })?;
            Ok((
                with_file(KeyRing::new(key), path, folder).await?,
                KeyHome::Keyring,
            ))
        }
        None => Ok((in_file(config, path, folder).await?, KeyHome::File)),
    }
}

/// Asks the keyring for the key; `None` when there is no keyring, or it is of no use now.
async fn said(config: &KeyringConfig) -> Option<SecretString> {
    let (keyring, program) = (config.keyring.clone(), config.program.clone());
    let new = new_key("keyring", config);
    let ask = spawn_blocking(move || ask(&keyring, &program, new));
    match timeout(config.keyring_timeout, ask).await {
        Ok(Ok(said)) => said,
        // It waits for a user who is not there, or it panicked.
        _ => None,
    }
}

/// Asks the keyring; one without a key gets one.
fn ask(keyring: &Keyring, program: &str, new: Result<SealingKey>) -> Option<SecretString> {
    let entry = match keyring {
        Keyring::System => keyring::Entry::new(program, USER).map(|entry| entry.inner),
        Keyring::Given(store) => store.build(program, USER, None),
        Keyring::None => return None,
    };
    let entry = entry.ok()?;
    match entry.get_password() {
        Ok(text) => Some(text.into()),
        Err(keyring_core::Error::NoEntry) => put(&entry, new),
        Err(_) => None,
    }
}

fn put(entry: &Entry, new: Result<SealingKey>) -> Option<SecretString> {
    let text = new.ok()?.to_text()?;
    entry.set_password(text.expose_secret()).ok()?;
    // A keyring that forgets at once is none.
    let kept = SecretString::from(entry.get_password().ok()?);
    (kept.expose_secret() == text.expose_secret()).then_some(text)
}

/// Adds the keys of the file, from a time without a keyring.
async fn with_file(ring: KeyRing, path: PathBuf, folder: &Folder) -> Result<KeyRing> {
    match from_file(path, folder).await? {
        Some(keys) => ring.with_keys_of(&keys),
        None => Ok(ring),
    }
}

/// Reads the file of keys, or makes one.
async fn in_file(config: &KeyringConfig, path: PathBuf, folder: &Folder) -> Result<KeyRing> {
    if let Some(ring) = from_file(path.clone(), folder).await? {
        return Ok(ring);
    }
    let key = new_key("file", config)?;
    if let Some(text) = key.to_text() {
        let write = move || folder::replace(&path, text.expose_secret().as_bytes());
        folder.run("oauth.open_store", write).await?;
    }
    Ok(KeyRing::new(key))
}

async fn from_file(path: PathBuf, folder: &Folder) -> Result<Option<KeyRing>> {
    let looked = path.clone();
    let exists = folder.run("oauth.open_store", move || looked.try_exists());
    if !exists.await? {
        return Ok(None);
    }
    let read = spawn_blocking(move || KeyRing::from_file(path)).await;
    let read = read
        .map_err(|error| Error::new(ErrorKind::Storage, "oauth.open_store").with_source(error))?;
    read.map(Some)
}

/// A key that is named after its home and the time, so that no two have one name.
fn new_key(home: &str, config: &KeyringConfig) -> Result<SealingKey> {
    let made = rules::micros(config.clock.unix());
    SealingKey::generate(&format!("{home}-{made:x}"))
}
