//! Sealing: nothing that a store holds can be read, moved or swapped without the key ring.

mod envelope;
mod key;
mod kms;
mod ring;
mod rotation;
mod slot;
mod source;

use std::fmt::Debug;

use async_trait::async_trait;
use integration_core::Result;
use zeroize::Zeroizing;

pub(crate) use self::key::config as key_error;
pub use self::{
    key::SealingKey,
    kms::Kms,
    ring::KeyRing,
    rotation::{Census, Rewrapped},
    slot::Slot,
};

/// Seals what is stored.
///
/// The one in earnest is the key ring; it is a trait so that tests can fail.
#[async_trait]
pub trait Vault: Debug + Send + Sync + 'static {
    /// Seals bytes for a slot. They open in that slot only.
    async fn seal(&self, slot: &Slot<'_>, plain: &[u8]) -> Result<Vec<u8>>;

    /// Opens sealed bytes.
    ///
    /// An unknown key, a wrong slot and changed bytes are all errors of kind
    /// [`Config`](integration_core::ErrorKind::Config) or
    /// [`Decode`](integration_core::ErrorKind::Decode), without a hint of the content.
    async fn open(&self, slot: &Slot<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>>;
}
