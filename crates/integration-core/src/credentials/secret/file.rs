//! Reads a secret from a file.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use secrecy::SecretString;

use crate::error::{Error, ErrorKind, Result};

/// Bytes that the file of a secret may have: 64 KiB.
pub const MAX_SECRET: u64 = 64 * 1024;

/// Reads the secret, without the line ends that editors put behind it.
pub(super) fn read(path: &Path) -> Result<SecretString> {
    let refuse = |rule: &'static str| {
        Error::new(ErrorKind::Config, "credentials.file")
            .with_message(rule)
            .with_context("path", path.display())
    };
    let unreadable = |e: io::Error| refuse("file of a secret cannot be read").with_source(e);
    // A pipe would keep us waiting for whoever writes to it.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(refuse("file of a secret is not a file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_SECRET + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(refuse("file of a secret is larger than 64 KiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("file of a secret is not text"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(refuse("file of a secret is empty")),
        secret => Ok(SecretString::from(secret)),
    }
}
