//! The keys that seal and open.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::{
    SealingKey, Slot, Vault,
    envelope::{self, Envelope, KEY},
    key::config,
    kms::DataKeys,
};
use crate::limits::MAX_KEYS;

/// The keys that seal and open. The current one seals; all of them open.
///
/// ```
/// use integration_oauth::seal::{KeyRing, SealingKey};
///
/// let old = SealingKey::generate("2026-01")?;
/// let ring = KeyRing::new(SealingKey::generate("2026-07")?).with_key(old)?;
/// assert_eq!(ring.current(), "2026-07");
/// # Ok::<(), integration_oauth::Error>(())
/// ```
///
/// # How to change the key
///
/// Add the new key behind the current one and restart every process; move it to the front and
/// restart; [`rewrap_all`](Self::rewrap_all); take the old one out, which
/// [`retired`](Self::retired) refuses as long as a record needs it. The store is read and written
/// all the while. A process that meets a key it does not hold refuses that record, and with
/// [`check`](Self::check) at its start it refuses to start.
#[derive(Clone)]
pub struct KeyRing(Arc<Keys>);

struct Keys {
    current: SealingKey,
    /// Those before it, which only open.
    others: Vec<SealingKey>,
    /// What a key management service has unwrapped.
    unwrapped: Mutex<DataKeys>,
}

impl KeyRing {
    /// Creates a ring of one key.
    #[must_use]
    pub fn new(current: SealingKey) -> Self {
        Self::of(current, Vec::new())
    }

    /// Adds a key that opens what it sealed before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when another key has its id, or for more than [`MAX_KEYS`].
    pub fn with_key(self, key: SealingKey) -> Result<Self> {
        if let Some(held) = self.key(key.id()) {
            if held.is_same(&key) {
                return Ok(self);
            }
            return Err(config(format!("two keys have the id `{}`", key.id())));
        }
        let mut others = self.0.others.clone();
        others.push(key);
        if others.len() >= MAX_KEYS {
            return Err(config(format!("a key ring holds at most {MAX_KEYS} keys")));
        }
        Ok(Self::of(self.0.current.clone(), others))
    }

    /// Returns the id of the key that seals.
    #[must_use]
    pub fn current(&self) -> &str {
        self.0.current.id()
    }

    /// Returns the ids of all keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let others = self.0.others.iter().map(SealingKey::id);
        std::iter::once(self.current()).chain(others)
    }

    /// Wraps the key of a record by the current key of the ring; `None` when it is already. The
    /// content is neither opened nor changed.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`], but that a wrong slot goes unnoticed.
    pub async fn rewrap(&self, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let envelope = Envelope::parse(sealed)?;
        if envelope.key_id == self.current() {
            return Ok(None);
        }
        let data_key = self.unwrap(&envelope).await?;
        let wrapped = self.wrap(&data_key).await?;
        envelope.rewrapped(self.current(), &wrapped).map(Some)
    }

    /// Adds the keys of another ring, which open what it sealed before.
    ///
    /// # Errors
    ///
    /// As [`with_key`](Self::with_key).
    pub fn with_keys_of(self, other: &Self) -> Result<Self> {
        let keys = std::iter::once(&other.0.current).chain(&other.0.others);
        keys.cloned().try_fold(self, Self::with_key)
    }

    /// The same keys without one that only opens.
    pub(super) fn without(&self, id: &str) -> Self {
        let others = self.0.others.iter().filter(|key| key.id() != id);
        Self::of(self.0.current.clone(), others.cloned().collect())
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    fn of(current: SealingKey, others: Vec<SealingKey>) -> Self {
        Self(Arc::new(Keys {
            current,
            others,
            unwrapped: Mutex::default(),
        }))
    }

    fn key(&self, id: &str) -> Option<&SealingKey> {
        let mut keys = std::iter::once(&self.0.current).chain(&self.0.others);
        keys.find(|key| key.id() == id)
    }

    async fn wrap(&self, data_key: &Zeroizing<[u8; KEY]>) -> Result<Vec<u8>> {
        let key = &self.0.current;
        let wrapped = key.wrap(data_key).await?;
        if key.is_remote() {
            self.0.unwrapped.lock().keep(key.id(), &wrapped, data_key);
        }
        Ok(wrapped)
    }

    async fn unwrap(&self, envelope: &Envelope<'_>) -> Result<Zeroizing<[u8; KEY]>> {
        let (id, wrapped) = (envelope.key_id, envelope.wrapped);
        let Some(key) = self.key(id) else {
            return Err(unknown(&[id]));
        };
        if !key.is_remote() {
            return key.unwrap(wrapped).await;
        }
        if let Some(data_key) = self.0.unwrapped.lock().get(id, wrapped) {
            return Ok(data_key);
        }
        let data_key = key.unwrap(wrapped).await?;
        self.0.unwrapped.lock().keep(id, wrapped, &data_key);
        Ok(data_key)
    }
}

#[async_trait]
impl Vault for KeyRing {
    async fn seal(&self, slot: &Slot<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let data_key = Zeroizing::new(envelope::random()?);
        let wrapped = self.wrap(&data_key).await?;
        let data_key = envelope::prepare(&data_key)?;
        envelope::seal(&data_key, self.current(), &wrapped, slot, plain)
    }

    async fn open(&self, slot: &Slot<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let envelope = Envelope::parse(sealed)?;
        let data_key = self.unwrap(&envelope).await?;
        envelope.open(&envelope::prepare(&data_key)?, slot)
    }
}

impl fmt::Debug for KeyRing {
    /// Shows the ids alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing")
            .field(&self.ids().collect::<Vec<_>>())
            .finish()
    }
}

/// The error of records whose keys the ring does not hold.
pub(super) fn unknown(ids: &[&str]) -> Error {
    let ids: Vec<_> = ids
        .iter()
        .map(|id| format!("`{}`", id.escape_debug()))
        .collect();
    Error::new(ErrorKind::Config, "oauth.open").with_message(format!(
        "the key ring does not hold {}, with which records are sealed: add it behind the current \
         key, from where it was kept; without it these connections must log in again",
        ids.join(", ")
    ))
}
