//! Reads a file, but never more of it than a limit.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Reads a text of at most `limit` bytes, whatever the file system says of its size.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let mut file = File::open(path)?.take(limit);
    file.read_to_string(&mut text)?;
    if file.into_inner().read(&mut [0])? > 0 {
        return Err(io::Error::other(format!("it has over {limit} bytes")));
    }
    Ok(text)
}
