//! Keys that stay in a key management service.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use integration_core::Result;
use zeroize::Zeroizing;

use super::envelope::KEY;
use crate::limits::MAX_DATA_KEYS;

/// Wraps the keys of records with a key that never leaves a key management service.
///
/// ```
/// use integration_oauth::{Result, seal::{KeyRing, Kms, SealingKey}};
/// use std::sync::Arc;
/// use zeroize::Zeroizing;
///
/// #[derive(Debug)]
/// struct Cloud;
///
/// #[async_trait::async_trait]
/// impl Kms for Cloud {
///     async fn wrap(&self, key_id: &str, data_key: &[u8]) -> Result<Vec<u8>> {
///         # let _ = key_id;
///         Ok(data_key.to_vec()) // In earnest: a call of `Encrypt`.
///     }
///
///     async fn unwrap(&self, key_id: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
///         # let _ = key_id;
///         Ok(Zeroizing::new(wrapped.to_vec())) // `Decrypt`.
///     }
/// }
///
/// let ring = KeyRing::new(SealingKey::from_kms("cloud-2026", Arc::new(Cloud))?);
/// assert_eq!(ring.current(), "cloud-2026");
/// # Ok::<(), integration_oauth::Error>(())
/// ```
///
/// One call is made for each record that is sealed, and one for each that is opened and is not
/// among the last [`MAX_DATA_KEYS`]. Calls need a deadline of their own.
#[async_trait]
pub trait Kms: Debug + Send + Sync + 'static {
    /// Encrypts the key of a record.
    async fn wrap(&self, key_id: &str, data_key: &[u8]) -> Result<Vec<u8>>;

    /// Decrypts the key of a record.
    async fn unwrap(&self, key_id: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>>;
}

/// The keys of the last records, so that reading one again asks nobody.
#[derive(Default)]
pub(super) struct DataKeys {
    keys: HashMap<[u8; 32], Zeroizing<[u8; KEY]>>,
    /// In the order in which they came.
    order: VecDeque<[u8; 32]>,
}

impl DataKeys {
    pub(super) fn get(&self, key_id: &str, wrapped: &[u8]) -> Option<Zeroizing<[u8; KEY]>> {
        self.keys.get(&name(key_id, wrapped)).cloned()
    }

    pub(super) fn keep(&mut self, key_id: &str, wrapped: &[u8], key: &Zeroizing<[u8; KEY]>) {
        let name = name(key_id, wrapped);
        if self.keys.insert(name, key.clone()).is_some() {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > MAX_DATA_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }
}

fn name(key_id: &str, wrapped: &[u8]) -> [u8; 32] {
    // An id holds no zero byte, so the two cannot run into each other.
    let bytes = [key_id.as_bytes(), &[0], wrapped].concat();
    let mut name = [0; 32];
    name.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_keys_is_forgotten() {
        let mut keys = DataKeys::default();
        let key = Zeroizing::new([7; KEY]);
        for n in 0..=MAX_DATA_KEYS {
            keys.keep("k", &n.to_be_bytes(), &key);
            keys.keep("k", &n.to_be_bytes(), &key);
        }
        assert_eq!(keys.keys.len(), MAX_DATA_KEYS);
        assert!(keys.get("k", &0_usize.to_be_bytes()).is_none());
        assert!(keys.get("k", &1_usize.to_be_bytes()).is_some());
        assert!(keys.get("other", &1_usize.to_be_bytes()).is_none());
    }
}
