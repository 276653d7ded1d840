//! Where sealed bytes belong.

use crate::connection::ConnectionKey;

/// Parts the schema from other uses of the same keys.
const SCHEMA: &str = "integration-oauth/1";

/// Where sealed bytes belong. It is authenticated with them, so they open nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Whose they are.
    pub tenant: &'a str,
    /// At which provider.
    pub provider: &'a str,
    /// For which account, or the id of a login under way.
    pub account: &'a str,
    /// What they are: `tokens`, `parked`, `flow`, `credential`.
    pub column: &'a str,
    /// The version of the record; of parked tokens, their fence.
    pub version: u64,
}

impl<'a> Slot<'a> {
    /// The tokens of a connection at this version.
    #[must_use]
    pub fn tokens(key: &'a ConnectionKey, version: u64) -> Self {
        Self::of(key, "tokens", version)
    }

    /// The tokens that a late owner with this fence left behind.
    #[must_use]
    pub fn parked(key: &'a ConnectionKey, fence: u64) -> Self {
        Self::of(key, "parked", fence)
    }

    /// A credential that is no token, at this version.
    #[must_use]
    pub fn credential(key: &'a ConnectionKey, version: u64) -> Self {
        Self::of(key, "credential", version)
    }

    /// What is authenticated beside the sealed bytes: each part behind its length, so that no two
    /// slots are written alike.
    pub(super) fn associated(&self) -> Vec<u8> {
        let parts = [
            SCHEMA,
            self.tenant,
            self.provider,
            self.account,
            self.column,
        ];
        let size: usize = parts.iter().map(|part| part.len() + 8).sum();
        let mut bytes = Vec::with_capacity(size + 8);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes
    }

    fn of(key: &'a ConnectionKey, column: &'a str, version: u64) -> Self {
        Self {
            tenant: key.tenant(),
            provider: key.provider(),
            account: key.account(),
            column,
            version,
        }
    }
}
