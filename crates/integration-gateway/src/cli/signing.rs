//! What `send` and `verify` have in common: a scheme, its secrets, files.

use std::{
    fs::File,
    io::{ErrorKind as IoErrorKind, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;
use integration_core::{Error, ErrorKind, Result, SecretString};
use integration_webhooks::{HmacScheme, Scheme};

use crate::config::{Environment, secret_named_by};

/// Bytes of a body at most, as much as `max_body_bytes` can be.
pub(super) const MAX_BODY_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of a file that describes an HMAC at most.
const MAX_HMAC_BYTES: u64 = 16 * 1024;

/// How a delivery is signed.
#[derive(Args, Debug)]
pub(super) struct SigningArgs {
    /// How the sender signs
    #[arg(long, help = format!("How the sender signs: {}", Scheme::names().join(", ")))]
    pub(super) scheme: Scheme,
    /// Where the signing secret is: `env:NAME` or `file:PATH`; never the secret itself
    #[arg(long, value_name = "env:NAME|file:PATH")]
    secret: Vec<String>,
    /// With `--scheme hmac`: a TOML file with the keys of `[sources.NAME.hmac]`
    #[arg(long, value_name = "FILE.toml")]
    hmac: Option<PathBuf>,
}

impl SigningArgs {
    /// Returns the scheme, with what the file says about an HMAC.
    pub(super) fn scheme(&self) -> Result<Scheme> {
        let Some(path) = &self.hmac else {
            return Ok(self.scheme.clone());
        };
        if !matches!(self.scheme, Scheme::Hmac(_)) {
            return Err(usage("--hmac goes with --scheme hmac"));
        }
        let text = read(path, MAX_HMAC_BYTES)?;
        let text = String::from_utf8(text).map_err(|_| wrong(path, "is not UTF-8"))?;
        // The message of the parser quotes the file, which is no place of a secret.
        let scheme: HmacScheme =
            toml::from_str(&text).map_err(|e| wrong(path, e.message().to_owned()))?;
        Ok(Scheme::Hmac(scheme))
    }

    /// Reads the secrets, at least one.
    pub(super) fn secrets(&self, environment: &Environment) -> Result<Vec<SecretString>> {
        if self.secret.is_empty() {
            return Err(usage(
                "--secret is missing: env:NAME or file:PATH, where the signing secret is",
            ));
        }
        let read = |text: &String| secret_named_by("--secret", text, environment);
        self.secret.iter().map(read).collect()
    }
}

/// Reads a file of at most `limit` bytes; the error names it.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut content))
        .map_err(|e| match e.kind() {
            IoErrorKind::NotFound => wrong(path, "is not there"),
            _ => wrong(path, format!("cannot be read: {e}")),
        })?;
    if content.len() as u64 > limit {
        return Err(wrong(path, format!("has more than {limit} bytes")));
    }
    Ok(content)
}

pub(super) fn wrong(path: &Path, what: impl std::fmt::Display) -> Error {
    usage(format!("{} {what}", path.display()))
}

pub(super) fn usage(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, "gateway.cli").with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_as_large_as_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        std::fs::write(&path, [b'a'; 8]).unwrap();
        assert_eq!(read(&path, 8).unwrap().len(), 8);
        let error = read(&path, 7).unwrap_err().to_string();
        assert!(error.contains("body has more than 7 bytes"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("no/such/file"), 1).unwrap_err().to_string();
        assert!(error.contains("no/such/file is not there"), "{error}");
    }
}
