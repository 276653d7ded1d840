//! The file, read whole and written at once.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use integration_core::Result;

use super::{
    entry::{Tape, VERSION},
    settings::Cassette,
};

/// Bytes of a file that is read: 256 MiB.
const MAX_FILE: u64 = 256 * 1024 * 1024;

pub(super) fn read(cassette: &Cassette) -> Result<Tape> {
    let mut text = String::new();
    let file = File::open(&cassette.path).map_err(|e| {
        let rule = "cannot be read; record it first".to_owned();
        cassette.refuse(rule).with_source(e)
    })?;
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
    read.map_err(|e| cassette.refuse("is not text".to_owned()).with_source(e))?;
    if text.len() as u64 > MAX_FILE {
        return Err(cassette.refuse("is larger than 256 MiB".to_owned()));
    }
    let tape: Tape = serde_json::from_str(&text)
        .map_err(|e| cassette.refuse("is no cassette".to_owned()).with_source(e))?;
    if tape.version != VERSION {
        let rule = format!(
            "is of version {}, not {VERSION}; record it again",
            tape.version
        );
        return Err(cassette.refuse(rule));
    }
    Ok(tape)
}

/// Writes the file, or leaves the one that is there as it is.
pub(super) fn write(cassette: &Cassette, tape: &Tape) -> Result<()> {
    let text = serde_json::to_string_pretty(tape).map_err(|e| {
        cassette
            .refuse("cannot be written".to_owned())
            .with_source(e)
    })?;
    // Everything was scrubbed before; this is the second lock on the door.
    if cassette.redaction.hidden.is_in(&text) {
        let rule = "is not written: it would hold a string that is to be hidden".to_owned();
        return Err(cassette.refuse(rule));
    }
    replace(&cassette.path, &text).map_err(|e| {
        cassette
            .refuse("cannot be written".to_owned())
            .with_source(e)
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.tmp", fastrand::u64(..)));
    let temporary = path.with_file_name(name);
    let written = (|| {
        let mut file = File::create_new(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // It may not be there at all.
        let _ = fs::remove_file(&temporary);
    }
    written
}
