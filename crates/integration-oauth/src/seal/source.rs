//! Where the keys of a ring come from.

use std::{fs::File, io::Read, path::Path};

use integration_core::Result;
use zeroize::Zeroizing;

use super::{KeyRing, SealingKey, key::config};
use crate::limits::MAX_KEY_FILE;

impl KeyRing {
    /// Reads keys as `id:base64`, parted by commas or lines, the current one first. A line that
    /// begins with `#` is a comment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when there is none or one is not
    /// of this form. The text is not in the error.
    pub fn from_text(text: &str) -> Result<Self> {
        let keys = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(','))
            .filter(|key| !key.trim().is_empty());
        let mut ring: Option<Self> = None;
        for key in keys {
            let key = SealingKey::from_text(key)?;
            ring = Some(match ring {
                None => Self::new(key),
                Some(ring) if ring.holds(key.id()) => {
                    return Err(config(format!(
                        "the key id `{}` stands there twice",
                        key.id()
                    )));
                }
                Some(ring) => ring.with_key(key)?,
            });
        }
        ring.ok_or_else(|| {
            config("there is no key: make one with `echo \"$(date +%Y-%m):$(openssl rand -base64 32)\"`")
        })
    }

    /// Reads keys from a file, as [`from_text`](Self::from_text) does. On Unix nobody but its owner
    /// may read it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config), which names the file and says
    /// what to change.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = read(path).map_err(|error| error.with_context("path", path.display()))?;
        Self::from_text(&text).map_err(|error| error.with_context("path", path.display()))
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let unreadable =
        |error: std::io::Error| config("the file of keys cannot be read").with_source(error);
    let file = File::open(path).map_err(unreadable)?;
    is_private(&file, path)?;
    // Room for all of it at once: what a growing buffer leaves behind is not cleared.
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE + 1));
    let limit = u64::try_from(MAX_KEY_FILE).unwrap_or(u64::MAX) + 1;
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() > MAX_KEY_FILE {
        return Err(config(format!(
            "a file of keys has at most {MAX_KEY_FILE} bytes"
        )));
    }
    Ok(text)
}

/// Looks at the open file, not at its name, which may mean another one by now.
#[cfg(unix)]
fn is_private(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let mode = file.metadata().map(|data| data.mode() & 0o777);
    let mode =
        mode.map_err(|error| config("the file of keys cannot be read").with_source(error))?;
    if mode & 0o077 != 0 {
        return Err(config(format!(
            "others may read the file of keys (mode {mode:o}): run `chmod 600 {}`",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn is_private(_: &File, _: &Path) -> Result<()> {
    Ok(())
}
