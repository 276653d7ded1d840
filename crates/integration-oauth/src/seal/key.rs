//! One key of a ring.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::LessSafeKey;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use zeroize::Zeroizing;

use super::{
    Kms,
    envelope::{self, KEY},
};
use crate::limits::MAX_KEY_ID;

/// People copy keys with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Parts wrapped keys from everything else under the same key.
const PURPOSE: &str = "integration-oauth/key/1/";

/// A key that wraps the keys of records. Never shown.
#[derive(Clone)]
pub struct SealingKey {
    id: Arc<str>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Held {
        raw: Arc<Zeroizing<[u8; KEY]>>,
        /// It wraps with random nonces: good for some four thousand million records under one key.
        prepared: Arc<LessSafeKey>,
    },
    Kms(Arc<dyn Kms>),
}

impl SealingKey {
    /// Makes a new key from the random source of the system.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an id that is not 1 to [`MAX_KEY_ID`] letters, digits, `-`, `_` or
    /// `.`.
    pub fn generate(id: &str) -> Result<Self> {
        Self::held(id, Zeroizing::new(envelope::random()?))
    }

    /// Reads a key as [`to_text`](Self::to_text) writes it: `id:base64` of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not of this form. The text is not in the error.
    pub fn from_text(text: &str) -> Result<Self> {
        let Some((id, key)) = text.trim().split_once(':') else {
            return Err(config("a key must be written `id:base64`"));
        };
        let bytes = BASE64.decode(key.trim()).map(Zeroizing::new);
        let raw = bytes
            .ok()
            .and_then(|bytes| <[u8; KEY]>::try_from(bytes.as_slice()).ok());
        let Some(raw) = raw else {
            check_id(id)?;
            return Err(config(format!(
                "key `{id}` is not {KEY} bytes in base64: make one with `openssl rand -base64 {KEY}`"
            )));
        };
        Self::held(id, Zeroizing::new(raw))
    }

    /// Uses a key that never leaves a key management service.
    ///
    /// # Errors
    ///
    /// As [`generate`](Self::generate).
    pub fn from_kms(id: &str, kms: Arc<dyn Kms>) -> Result<Self> {
        Ok(Self {
            id: check_id(id)?,
            material: Material::Kms(kms),
        })
    }

    /// Returns its id, which every record it seals names.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns it as `id:base64`, to be kept where no backup of the store is; `None` for a key of a
    /// key management service.
    #[must_use]
    pub fn to_text(&self) -> Option<SecretString> {
        let Material::Held { raw, .. } = &self.material else {
            return None;
        };
        let key = Zeroizing::new(BASE64.encode(raw.as_slice()));
        Some(format!("{}:{}", self.id, key.as_str()).into())
    }

    fn held(id: &str, raw: Zeroizing<[u8; KEY]>) -> Result<Self> {
        Ok(Self {
            id: check_id(id)?,
            material: Material::Held {
                prepared: Arc::new(envelope::prepare(&raw)?),
                raw: Arc::new(raw),
            },
        })
    }

    pub(super) async fn wrap(&self, data_key: &[u8; KEY]) -> Result<Vec<u8>> {
        match &self.material {
            Material::Held { prepared, .. } => {
                let mut wrapped = Vec::with_capacity(KEY + 28);
                envelope::lock(prepared, &self.purpose(), data_key, &mut wrapped)?;
                Ok(wrapped)
            }
            Material::Kms(kms) => kms.wrap(&self.id, data_key).await,
        }
    }

    pub(super) async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; KEY]>> {
        let bytes = match &self.material {
            Material::Held { prepared, .. } => {
                let bytes = envelope::unlock(prepared, &self.purpose(), wrapped);
                bytes.ok_or_else(|| self.refused())?
            }
            Material::Kms(kms) => kms.unwrap(&self.id, wrapped).await?,
        };
        let data_key = <[u8; KEY]>::try_from(bytes.as_slice());
        data_key.map(Zeroizing::new).map_err(|_| self.refused())
    }

    /// Whether unwrapping is a call over the network.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.material, Material::Kms(_))
    }

    /// Whether both are the same key, not only of the same name.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.to_text(), other.to_text()) {
            (Some(one), Some(two)) => {
                let (one, two) = (one.expose_secret(), two.expose_secret());
                subtle::ConstantTimeEq::ct_eq(one.as_bytes(), two.as_bytes()).into()
            }
            (None, None) => self.id == other.id,
            _ => false,
        }
    }

    /// The id is authenticated, so a wrapped key opens under the name it was made for alone.
    fn purpose(&self) -> Vec<u8> {
        [PURPOSE, &self.id].concat().into_bytes()
    }

    fn refused(&self) -> Error {
        envelope::damaged("does not open: it was changed, or its key has another value here")
            .with_context("key_id", &self.id)
    }
}

impl fmt::Debug for SealingKey {
    /// Shows the id alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn check_id(id: &str) -> Result<Arc<str>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > MAX_KEY_ID || !id.chars().all(is_plain) {
        return Err(config(format!(
            "a key id must be 1 to {MAX_KEY_ID} letters, digits, `-`, `_` or `.`"
        )));
    }
    Ok(id.into())
}

pub(crate) fn config(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "oauth.keys").with_message(message.into())
}
