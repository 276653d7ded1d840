//! Lines for people and for scripts.

use std::io::{self, Write};

use integration_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::table::Table;

/// Rows of a list at most.
const MAX_ROWS: usize = 100_000;

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

/// How a list is printed.
#[derive(Debug, clap::Args)]
pub(super) struct RowsArgs {
    /// Rows at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = limit)]
    pub(super) limit: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

fn limit(text: &str) -> Result<usize, &'static str> {
    let limit = text.parse().ok();
    limit
        .filter(|limit| (1..=MAX_ROWS).contains(limit))
        .ok_or("a limit is 1 to 100000")
}

impl RowsArgs {
    /// Prints the table, if it was not JSON, and what is to be known about it.
    pub(super) fn finish<const N: usize>(
        &self,
        table: Table<N>,
        has_more: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        if !self.json && table.is_empty() {
            return text(out, "none\n");
        }
        if !self.json {
            text(out, &table.to_text())?;
        }
        if has_more {
            note(&format!(
                "only the latest {}; --limit N shows more",
                self.limit
            ));
        }
        Ok(())
    }
}

/// Tells a person something that is no part of the answer.
fn note(note: &str) {
    // Nobody is left to tell when this cannot be written.
    let _ = writeln!(io::stderr(), "note: {note}");
}

/// Returns text of others as a terminal may see it: of control characters only line ends and tabs.
pub(super) fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), " ")
}
