//! Lines for people and for scripts.

use std::io::{self, Write};

use integration_core::{Error, ErrorKind, Result};
use serde::Serialize;

/// Writes one object as a line of JSON.
pub(crate) fn line(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::Serialize, "gateway.print").with_source(error))?;
    writeln!(out, "{line}").map_err(failed)
}

/// Writes text as it is.
pub(crate) fn text(out: &mut dyn Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes()).map_err(failed)
}

/// Carries a failure to write; [`exit::report`](super::exit::report) knows a closed pipe by it.
pub(crate) fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Other, "gateway.print")
        .with_message("the answer cannot be written")
        .with_source(error)
}
