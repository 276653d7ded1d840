//! Where a secret is found.

use std::{fmt, path::PathBuf, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use super::file;
use crate::{config::invalid, error::Result};

pub(in crate::credentials) type Reader = Arc<dyn Fn() -> Result<SecretString> + Send + Sync>;

/// A secret, or where to find the one that is valid just now.
///
/// What can change is read again once a second while it is used, on a thread for blocking work:
/// a new secret is used at the latest by the call after that, without a restart. One that is
/// empty, cannot be read or cannot stand in a header is warned of once, and the last good one
/// stays. A file is read whole each time, as a comparison of times and lengths misses a secret of
/// the same length written within the same tick.
#[derive(Clone)]
pub struct SecretSource {
    pub(crate) first: SecretString,
    pub(in crate::credentials) origin: Origin,
}

#[derive(Clone)]
pub(in crate::credentials) enum Origin {
    Fixed,
    Read { name: String, reader: Reader },
}

impl SecretSource {
    /// Uses this secret for good.
    pub fn fixed(secret: impl Into<SecretString>) -> Self {
        Self {
            first: secret.into(),
            origin: Origin::Fixed,
        }
    }

    /// Reads the secret from a file now, and again when it may have changed.
    ///
    /// At most [`MAX_SECRET`](super::MAX_SECRET) bytes of UTF-8. Line ends behind the secret are
    /// not part of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the path, when it is no file,
    /// cannot be read, is empty, too large or not text.
    pub fn file(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let name = path.display().to_string();
        Self::read(name, Arc::new(move || file::read(&path)))
    }

    /// Asks this function for the secret now, and again when it may have changed.
    ///
    /// It may block for a short time. Its errors must hold no secret.
    ///
    /// # Errors
    ///
    /// The error of the function, or [`ErrorKind::Config`](crate::ErrorKind::Config) when the
    /// secret is empty.
    pub fn closure<F>(secret: F) -> Result<Self>
    where
        F: Fn() -> Result<SecretString> + Send + Sync + 'static,
    {
        Self::read("closure".to_owned(), Arc::new(secret))
    }

    fn read(name: String, reader: Reader) -> Result<Self> {
        let first = reader()?;
        if first.expose_secret().is_empty() {
            return Err(invalid("credentials.secret", "must not be empty"));
        }
        Ok(Self {
            first,
            origin: Origin::Read { name, reader },
        })
    }
}

impl From<SecretString> for SecretSource {
    fn from(secret: SecretString) -> Self {
        Self::fixed(secret)
    }
}

impl From<&SecretString> for SecretSource {
    fn from(secret: &SecretString) -> Self {
        Self::fixed(secret.clone())
    }
}

impl fmt::Debug for SecretSource {
    /// Shows where the secret is found, not the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => f.write_str("Fixed"),
            Self::Read { name, .. } => write!(f, "Read({name})"),
        }
    }
}
