//! Tokens as bytes, for a vault alone.
//!
//! A field that this program does not know is refused, and so is a later version: dropped in
//! silence, it would be gone with the next refresh. A newer program writes a new field only where
//! it is used, so an older one beside it still reads everything else.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::TokenSet;
use crate::{
    by_name::{self, Named},
    clearing,
    scopes::Scopes,
    seal::{Slot, Vault},
};

/// The version that is written, and the last that is read.
const VERSION: u64 = 1;

/// How deep sets lie within sets at most: an answer has one and those it names.
const MAX_SETS: usize = 4;

/// How deep further fields go at most. With what is around them it is less than what is read back.
const MAX_DEPTH: usize = 100;

impl TokenSet {
    /// Writes them for a slot of your own, sealed. Connections are written by
    /// [`OAuth`](crate::OAuth), which puts a head before the tokens that this knows nothing of.
    ///
    /// # Errors
    ///
    /// Those of the vault, and [`ErrorKind::Serialize`] for fields that are nested too deep.
    pub async fn sealed(&self, vault: &dyn Vault, slot: &Slot<'_>) -> Result<Vec<u8>> {
        vault.seal(slot, &encode(self)?).await
    }

    /// Reads what [`sealed`](Self::sealed) wrote for the same slot.
    ///
    /// # Errors
    ///
    /// Those of the vault, and [`ErrorKind::Decode`] for what a newer program wrote.
    pub async fn opened(vault: &dyn Vault, slot: &Slot<'_>, sealed: &[u8]) -> Result<Self> {
        decode(&vault.open(slot, sealed).await?)
    }
}

/// Read before the rest, so that a later version is not taken for a broken one.
#[derive(Deserialize)]
struct Head {
    v: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    v: u64,
    #[serde(borrow)]
    tokens: Set<'a>,
}

/// The tokens are borrowed where that goes, so that no more copies of them are made than needed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    token_type: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Duration>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_expiry_guessed: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires_at: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Cow<'a, Scopes>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    id_token: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    extra: Cow<'a, Map<String, Value>>,
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "by_name"
    )]
    also: Vec<Named<'a, Set<'a>>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Cow<'a, str>>,
}

pub(crate) fn encode(tokens: &TokenSet) -> Result<Zeroizing<Vec<u8>>> {
    let stored = Stored {
        v: VERSION,
        tokens: Set::borrowed(tokens, MAX_SETS)?,
    };
    clearing::to_json(&stored).map_err(|_| too_deep())
}

pub(crate) fn decode(bytes: &[u8]) -> Result<TokenSet> {
    // The error of the parser may quote what it read, so it is not passed on.
    let refused = |what: &str| {
        Error::new(ErrorKind::Decode, "oauth.open").with_message(format!("stored tokens {what}"))
    };
    let head: Head = serde_json::from_slice(bytes).map_err(|_| refused("are not readable"))?;
    if head.v != VERSION {
        return Err(refused("have a later version")
            .with_context("version", head.v)
            .with_context("known", VERSION));
    }
    let stored: Stored<'_> = serde_json::from_slice(bytes).map_err(|_| {
        refused("have a field that this program does not know: start the newer one that wrote it")
    })?;
    Ok(stored.tokens.into_tokens())
}

impl<'a> Set<'a> {
    fn borrowed(tokens: &'a TokenSet, sets_left: usize) -> Result<Self> {
        let nested = |(name, tokens): (&'a String, &'a TokenSet)| {
            let sets_left = sets_left.checked_sub(1).ok_or_else(too_deep)?;
            Ok((Cow::from(name), Self::borrowed(tokens, sets_left)?))
        };
        if !tokens
            .extra
            .values()
            .all(|value| is_shallow(value, MAX_DEPTH))
        {
            return Err(too_deep());
        }
        let secret = |secret: &'a SecretString| Cow::from(secret.expose_secret());
        Ok(Self {
            access_token: secret(&tokens.access_token),
            token_type: Cow::from(&tokens.token_type),
            expires_at: tokens.expires_at,
            is_expiry_guessed: tokens.is_expiry_guessed,
            refresh_token: tokens.refresh_token.as_ref().map(secret),
            refresh_expires_at: tokens.refresh_expires_at,
            scopes: tokens.scopes.as_ref().map(Cow::Borrowed),
            id_token: tokens.id_token.as_ref().map(secret),
            extra: Cow::Borrowed(&tokens.extra),
            also: tokens.also.iter().map(nested).collect::<Result<_>>()?,
            dpop_key: tokens.dpop_key.as_ref().map(secret),
        })
    }

    fn into_tokens(self) -> TokenSet {
        let secret = |text: Cow<'_, str>| SecretString::from(text.into_owned());
        let mut also = BTreeMap::new();
        for (name, set) in self.also {
            also.insert(name.into_owned(), set.into_tokens());
        }
        TokenSet {
            access_token: secret(self.access_token),
            token_type: self.token_type.into_owned(),
            expires_at: self.expires_at,
            is_expiry_guessed: self.is_expiry_guessed,
            refresh_token: self.refresh_token.map(secret),
            refresh_expires_at: self.refresh_expires_at,
            scopes: self.scopes.map(Cow::into_owned),
            id_token: self.id_token.map(secret),
            extra: self.extra.into_owned(),
            also,
            dpop_key: self.dpop_key.map(secret),
        }
    }
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(values) => values.iter().all(|value| is_shallow(value, below)),
        Value::Object(fields) => fields.values().all(|value| is_shallow(value, below)),
        _ => true,
    }
}

#[expect(clippy::ptr_arg, reason = "the form that serde calls it in")]
fn is_empty(extra: &Cow<'_, Map<String, Value>>) -> bool {
    extra.is_empty()
}

fn too_deep() -> Error {
    Error::new(ErrorKind::Serialize, "oauth.seal")
        .with_message("the further fields of these tokens are nested too deep to be stored")
}

#[cfg(test)]
mod tests;
