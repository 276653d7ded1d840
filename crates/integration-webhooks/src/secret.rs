//! Secrets with a time of validity.

use std::time::Duration;

use secrecy::SecretString;

/// One secret of a source, with the time in which it is in force.
#[derive(Debug, Clone)]
pub struct Secret {
    pub(crate) value: SecretString,
    pub(crate) not_before: Option<Duration>,
    pub(crate) not_after: Option<Duration>,
}

impl Secret {
    /// Takes a secret that is always in force.
    #[must_use]
    pub fn new(value: SecretString) -> Self {
        Self {
            value,
            not_before: None,
            not_after: None,
        }
    }

    /// Puts the secret in force from `since_epoch` on (inclusive). Default: always.
    #[must_use]
    pub fn with_not_before(mut self, since_epoch: Duration) -> Self {
        self.not_before = Some(since_epoch);
        self
    }

    /// Puts the secret out of force after `since_epoch` (inclusive). Default: never.
    #[must_use]
    pub fn with_not_after(mut self, since_epoch: Duration) -> Self {
        self.not_after = Some(since_epoch);
        self
    }

    /// Says whether the secret is in force at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Duration) -> bool {
        self.not_before.is_none_or(|start| now >= start)
            && self.not_after.is_none_or(|end| now <= end)
    }
}

impl From<SecretString> for Secret {
    fn from(value: SecretString) -> Self {
        Self::new(value)
    }
}
