//! How a sealed record is written.
//!
//! ```text
//! 1 | length of key id (1 byte) | key id | length of wrapped key (2) | wrapped key | nonce (12) | ciphertext, tag
//! ```
//!
//! The content is under a key of its own, and that key is wrapped by a key of the ring. A new key of
//! the ring therefore changes the header alone. The header needs no seal: with another version, id
//! or wrapped key there is no key that opens the content.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use integration_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use super::Slot;
use crate::limits::{MAX_KEY_ID, MAX_WRAPPED};

/// Bytes of a key of AES-256.
pub(super) const KEY: usize = 32;

const VERSION: u8 = 1;
const TAG: usize = 16;

/// A sealed record, parted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub(super) key_id: &'a str,
    pub(super) wrapped: &'a [u8],
    /// Nonce, ciphertext and tag.
    content: &'a [u8],
}

impl<'a> Envelope<'a> {
    pub(super) fn parse(sealed: &'a [u8]) -> Result<Self> {
        match sealed.first() {
            Some(&VERSION) => Self::parts(sealed).ok_or_else(|| damaged("is cut off or changed")),
            Some(_) => Err(damaged(
                "has an unknown version: a newer program wrote it, or nobody sealed it",
            )),
            None => Err(damaged("is empty")),
        }
    }

    fn parts(sealed: &'a [u8]) -> Option<Self> {
        let (id_length, rest) = sealed.get(1..)?.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*id_length))?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (wrapped, content) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let key_id = std::str::from_utf8(key_id).ok()?;
        let is_whole = !key_id.is_empty() && content.len() >= NONCE_LEN + TAG;
        is_whole.then_some(Self {
            key_id,
            wrapped,
            content,
        })
    }

    /// The same content under another wrapped key.
    pub(super) fn rewrapped(&self, key_id: &str, wrapped: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = header(key_id, wrapped, self.content.len())?;
        sealed.extend_from_slice(self.content);
        Ok(sealed)
    }

    pub(super) fn open(
        &self,
        data_key: &LessSafeKey,
        slot: &Slot<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let plain = unlock(data_key, &slot.associated(), self.content);
        plain.ok_or_else(|| damaged("was changed, or belongs to another connection or version"))
    }
}

/// Seals content under a key that seals nothing else.
pub(super) fn seal(
    data_key: &LessSafeKey,
    key_id: &str,
    wrapped: &[u8],
    slot: &Slot<'_>,
    plain: &[u8],
) -> Result<Vec<u8>> {
    // All room is made before a plain byte is written, so none is left behind in memory given back.
    let mut sealed = header(key_id, wrapped, NONCE_LEN + plain.len() + TAG)?;
    lock(data_key, &slot.associated(), plain, &mut sealed)?;
    Ok(sealed)
}

fn header(key_id: &str, wrapped: &[u8], content: usize) -> Result<Vec<u8>> {
    let id_length = u8::try_from(key_id.len()).ok();
    let length = u16::try_from(wrapped.len()).ok();
    let (Some(id_length), Some(length)) = (id_length, length) else {
        return Err(
            Error::new(ErrorKind::Config, "oauth.seal").with_message(format!(
                "a key id has at most {MAX_KEY_ID} bytes, a wrapped key {MAX_WRAPPED}"
            )),
        );
    };
    let mut sealed = Vec::with_capacity(4 + key_id.len() + wrapped.len() + content);
    sealed.extend_from_slice(&[VERSION, id_length]);
    sealed.extend_from_slice(key_id.as_bytes());
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(wrapped);
    Ok(sealed)
}

/// Appends nonce, ciphertext and tag.
pub(super) fn lock(key: &LessSafeKey, aad: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let nonce: [u8; NONCE_LEN] = random()?;
    out.extend_from_slice(&nonce);
    let from = out.len();
    out.extend_from_slice(plain);
    let (_, text) = out.split_at_mut(from);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), text);
    out.extend_from_slice(tag.map_err(|_| broken())?.as_ref());
    Ok(())
}

/// Reads nonce, ciphertext and tag; `None` when they are not what was written.
pub(super) fn unlock(key: &LessSafeKey, aad: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key
        .open_in_place(nonce, Aad::from(aad), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

pub(super) fn prepare(key: &[u8; KEY]) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| broken())?;
    Ok(LessSafeKey::new(key))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Decode, "oauth.open").with_message(format!("a sealed record {what}"))
}

fn broken() -> Error {
    Error::new(ErrorKind::Other, "oauth.seal").with_message("the cryptographic library failed")
}
