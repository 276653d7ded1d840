//! Secrets: named by a setting, kept elsewhere.

use std::{fmt, path::PathBuf};

use secrecy::SecretString;

use crate::{credentials::SecretSource, error::Result};

/// Where a secret is kept. It holds none itself, so it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretRef {
    Variable(String),
    File(PathBuf),
}

impl SecretRef {
    /// How it is written. A literal is refused, as files of settings are shown, copied and committed.
    pub(super) const FORM: &'static str = "\"env:NAME\" or \"file:PATH\", with the secret itself in \
         that variable (A to Z, 0 to 9 and _) or file";

    /// Names of variables are upper case here, so that a secret after `env:` is not taken for one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("env:") {
            let begins = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
            let is_name = begins
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            return is_name.then(|| Self::Variable(name.to_owned()));
        }
        let path = text.strip_prefix("file:").filter(|path| !path.is_empty())?;
        Some(Self::File(PathBuf::from(path)))
    }

    /// Returns the secret: of a variable for good, of a file read again when it may have changed.
    /// The error of a variable is its name.
    pub(super) fn source(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Result<SecretSource, &str>> {
        match self {
            Self::Variable(name) => Ok(lookup(name)
                .filter(|value| !value.is_empty())
                .map(|value| SecretSource::fixed(SecretString::from(value)))
                .ok_or(name.as_str())),
            Self::File(path) => SecretSource::file(path).map(Ok),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}
