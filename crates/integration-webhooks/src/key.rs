//! Keys made ready: secrets are read once, when a source is built.

use std::fmt;

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac};
use secrecy::zeroize::Zeroizing;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::{encoding::Tag, generic::HmacAlgorithm};

/// Shortest secret of a scheme that uses its text, in bytes: the least any sender we know allows.
pub const MIN_TEXT_SECRET_BYTES: usize = 6;

/// Shortest decoded key of the Standard Webhooks family, in bytes. The specification asks for 24,
/// Svix shows keys of 18.
pub const MIN_SYMMETRIC_KEY_BYTES: usize = 16;

/// Longest secret, in bytes of text.
pub const MAX_SECRET_BYTES: usize = 1024;

/// How a scheme writes its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// The text itself, byte for byte.
    Text(HmacAlgorithm),
    /// Base64 behind `whsec_`, `whpk_` or `whsk_`.
    Standard,
    /// As [`Standard`](Self::Standard), behind Supabase's `v1,` or `v1a,`.
    Supabase,
}

/// A key that is ready to verify, and to sign if it is not a public one.
#[derive(Clone)]
pub(crate) enum Key {
    Sha1(Box<Hmac<Sha1>>),
    Sha256(Box<Hmac<Sha256>>),
    Sha512(Box<Hmac<Sha512>>),
    Public(Box<VerifyingKey>),
    Pair(Box<SigningKey>),
}

impl Key {
    /// Reads a secret; the error says what is wrong without quoting it.
    pub(crate) fn read(form: KeyForm, secret: &str) -> Result<Self, &'static str> {
        if secret.trim().is_empty() {
            return Err("the secret is empty");
        }
        if secret.len() > MAX_SECRET_BYTES {
            return Err("the secret is longer than 1024 bytes");
        }
        match form {
            KeyForm::Text(_) if secret.len() < MIN_TEXT_SECRET_BYTES => {
                Err("the secret is shorter than 6 bytes")
            }
            KeyForm::Text(algorithm) => Self::hmac(algorithm, secret.as_bytes()),
            KeyForm::Standard => Self::standard(secret),
            KeyForm::Supabase => Self::supabase(secret),
        }
    }

    /// Makes an HMAC key of any bytes.
    pub(crate) fn hmac(algorithm: HmacAlgorithm, key: &[u8]) -> Result<Self, &'static str> {
        let unusable = |_| "the secret has a length the HMAC cannot use";
        Ok(match algorithm {
            HmacAlgorithm::Sha1 => {
                Self::Sha1(Box::new(Hmac::new_from_slice(key).map_err(unusable)?))
            }
            HmacAlgorithm::Sha256 => {
                Self::Sha256(Box::new(Hmac::new_from_slice(key).map_err(unusable)?))
            }
            HmacAlgorithm::Sha512 => {
                Self::Sha512(Box::new(Hmac::new_from_slice(key).map_err(unusable)?))
            }
        })
    }

    fn supabase(secret: &str) -> Result<Self, &'static str> {
        if let Some(rest) = secret.strip_prefix("v1,") {
            return if rest.starts_with("whsec_") {
                Self::standard(rest)
            } else {
                Err("the secret has v1, but not v1,whsec_")
            };
        }
        match secret.strip_prefix("v1a,") {
            Some(rest) if rest.starts_with("whpk_") || rest.starts_with("whsk_") => {
                Self::standard(rest)
            }
            Some(_) => Err("the secret has v1a, but neither v1a,whpk_ nor v1a,whsk_"),
            None => Self::standard(secret),
        }
    }

    fn standard(secret: &str) -> Result<Self, &'static str> {
        if let Some(public) = secret.strip_prefix("whpk_") {
            return public_key(&decode(public)?);
        }
        if let Some(pair) = secret.strip_prefix("whsk_") {
            return key_pair(&decode(pair)?);
        }
        let key = decode(secret.strip_prefix("whsec_").unwrap_or(secret))?;
        if key.len() < MIN_SYMMETRIC_KEY_BYTES {
            return Err("the decoded secret is shorter than 16 bytes");
        }
        Self::hmac(HmacAlgorithm::Sha256, &key)
    }

    /// Computes the MAC over `parts` in a row; `None` for an asymmetric key.
    pub(crate) fn tag(&self, parts: [&[u8]; 3]) -> Option<Tag> {
        match self {
            Self::Sha1(keyed) => mac(keyed.as_ref(), parts),
            Self::Sha256(keyed) => mac(keyed.as_ref(), parts),
            Self::Sha512(keyed) => mac(keyed.as_ref(), parts),
            Self::Public(_) | Self::Pair(_) => None,
        }
    }

    /// Checks an Ed25519 signature, refusing malleable ones and small-order keys.
    pub(crate) fn verifies(&self, content: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        match self {
            Self::Public(key) => key.verify_strict(content, &signature).is_ok(),
            Self::Pair(key) => key
                .verifying_key()
                .verify_strict(content, &signature)
                .is_ok(),
            Self::Sha1(_) | Self::Sha256(_) | Self::Sha512(_) => false,
        }
    }

    /// Signs with Ed25519; `None` without a secret half.
    pub(crate) fn ed25519(&self, content: &[u8]) -> Option<[u8; 64]> {
        match self {
            Self::Pair(key) => Some(key.sign(content).to_bytes()),
            _ => None,
        }
    }

    /// Says whether signatures of this key are Ed25519's.
    pub(crate) fn is_asymmetric(&self) -> bool {
        matches!(self, Self::Public(_) | Self::Pair(_))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_asymmetric() {
            "Key(Ed25519)"
        } else {
            "Key(Hmac)"
        })
    }
}

fn mac<M: Mac + Clone>(keyed: &M, parts: [&[u8]; 3]) -> Option<Tag> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    Tag::new(&mac.finalize().into_bytes())
}

fn public_key(bytes: &[u8]) -> Result<Key, &'static str> {
    let bytes = bytes
        .try_into()
        .map_err(|_| "the whpk_ key is not 32 bytes")?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| "the whpk_ key is no Ed25519 point")?;
    if key.is_weak() {
        return Err("the whpk_ key is a weak Ed25519 point");
    }
    Ok(Key::Public(Box::new(key)))
}

/// Reads 32 bytes of seed, or the seed and its public key as libsodium writes them.
fn key_pair(bytes: &[u8]) -> Result<Key, &'static str> {
    let pair = match (<&[u8; 32]>::try_from(bytes), <&[u8; 64]>::try_from(bytes)) {
        (Ok(seed), _) => SigningKey::from_bytes(seed),
        (_, Ok(pair)) => SigningKey::from_keypair_bytes(pair)
            .map_err(|_| "the whsk_ key's two halves do not belong together")?,
        _ => return Err("the whsk_ key is neither 32 nor 64 bytes"),
    };
    Ok(Key::Pair(Box::new(pair)))
}

/// Decodes standard base64, canonical but with or without padding: secrets are copied by hand.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    const COPIED: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    COPIED.decode(text).map(Zeroizing::new).map_err(|_| {
        if text.chars().any(char::is_whitespace) {
            "the secret has blanks around or in its base64"
        } else {
            "the secret is not base64"
        }
    })
}
