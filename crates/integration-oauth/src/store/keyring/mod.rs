//! Connections and logins of a command-line program: a sealed file whose key is in the keyring of
//! the system.
//!
//! The keyring holds one small secret, the key. Tokens go into a file that is sealed with it: a
//! keyring refuses what is large (2,560 bytes on Windows), cannot be searched alike on all systems,
//! and knows no "only if nobody else was faster". Where there is no keyring, on a server or in a
//! container, the key lies in a file beside the tokens that only its owner may read. That keeps
//! tokens out of every look into one file, though not from somebody who copies the folder.
//!
//! A change takes the lock of the folder, reads the file, applies the same rule as every other
//! store, and puts a new file in its place, which is on disk by then.

pub(super) mod bytes;
mod config;
mod connections;
mod document;
mod flows;
mod folder;
mod keys;

use std::{fmt, sync::Arc};

use integration_core::Result;

use self::folder::Folder;
pub use self::{config::KeyringConfig, keys::KeyHome};
use crate::seal::KeyRing;

/// Keeps connections and pending logins of a command-line program, and the key that seals them.
///
/// ```no_run
/// use integration_oauth::store::{KeyringConfig, KeyringStore};
///
/// # async fn open(folder: std::path::PathBuf) -> integration_oauth::Result<()> {
/// // The folder where programs of this user keep their data, such as `~/.local/share/my-cli`.
/// let store = KeyringStore::open(KeyringConfig::new("my-cli", folder)).await?;
/// let vault = store.vault();
/// # let _ = vault;
/// # Ok(())
/// # }
/// ```
///
/// A clone is the same store. Several processes may use a folder. Made for some dozens of
/// connections: each change writes all of them.
#[derive(Clone)]
pub struct KeyringStore(Arc<Inner>);

struct Inner {
    config: KeyringConfig,
    folder: Folder,
    ring: KeyRing,
    home: KeyHome,
}

impl KeyringStore {
    /// Opens a folder, or makes it, and gets the key: from the keyring, else from a file.
    ///
    /// That no keyring answers is no error. Tokens that were sealed with a key in a keyring that is
    /// locked now cannot be opened until it is unlocked; the error of that names the key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](integration_core::ErrorKind::Storage) when the folder cannot be used,
    /// and [`ErrorKind::Config`](integration_core::ErrorKind::Config) when what is there is no key,
    /// or others may read it.
    pub async fn open(config: KeyringConfig) -> Result<Self> {
        let folder = Folder::open(&config.folder).await?;
        let (ring, home) = keys::get(&config, &folder).await?;
        if home == KeyHome::File {
            tracing::warn!(
                program = config.program,
                "no keyring answers: the key of the tokens lies in a file beside them"
            );
        }
        Ok(Self(Arc::new(Inner {
            config,
            folder,
            ring,
            home,
        })))
    }

    /// Returns what seals for this store.
    #[must_use]
    pub fn vault(&self) -> KeyRing {
        self.0.ring.clone()
    }

    /// Returns where the key is, for a program that tells its user.
    #[must_use]
    pub fn key_home(&self) -> KeyHome {
        self.0.home
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore")
            .field("config", &self.0.config)
            .field("key_home", &self.0.home)
            .finish_non_exhaustive()
    }
}
