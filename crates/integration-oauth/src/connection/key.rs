//! Which connection it is.

use std::fmt;

use integration_core::{Error, ErrorKind, Result};

use crate::limits::MAX_NAME;

/// Names a connection: whose it is, at which provider, for which account there.
///
/// The tenant is part of every look-up and of every seal, so one tenant can never read the tokens
/// of another by a wrong id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionKey {
    tenant: String,
    provider: String,
    account: String,
}

impl ConnectionKey {
    /// Creates the key of an account at a provider for a tenant of yours.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`] when a part is empty, longer than [`MAX_NAME`] or holds a control
    /// character.
    pub fn new(
        tenant: impl Into<String>,
        provider: impl Into<String>,
        account: impl Into<String>,
    ) -> Result<Self> {
        Ok(Self {
            tenant: checked("tenant", tenant.into())?,
            provider: checked("provider", provider.into())?,
            account: checked("account", account.into())?,
        })
    }

    /// Returns whose connection it is.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Returns the name of the provider.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns the account at the provider.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for ConnectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.provider, self.account)
    }
}

fn checked(part: &'static str, value: String) -> Result<String> {
    if value.is_empty() || value.len() > MAX_NAME || value.contains(char::is_control) {
        let rule = format!("must be 1 to {MAX_NAME} bytes without control characters");
        return Err(Error::new(ErrorKind::Validation, "oauth.connection")
            .with_message(format!("`{part}` of a connection {rule}")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_and_plain() {
        assert!(ConnectionKey::new("t", "github", "a".repeat(MAX_NAME)).is_ok());
        for bad in [String::new(), "a".repeat(MAX_NAME + 1), "a\nb".to_owned()] {
            assert!(ConnectionKey::new("t", "github", bad).is_err());
        }
    }
}
