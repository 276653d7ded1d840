//! `send`, which its owner writes.

use std::io::Write;

use integration_core::{Clock, Error, ErrorKind, Result};

use super::Exit;
use crate::config::Environment;

#[derive(Debug, clap::Args)]
pub(crate) struct SendArgs {}

#[expect(clippy::unused_async, reason = "it will wait")]
pub(crate) async fn run(
    _arguments: &SendArgs,
    _environment: &Environment,
    _clock: &dyn Clock,
    _out: &mut dyn Write,
) -> Result<Exit> {
    Err(Error::new(ErrorKind::Other, "gateway.send").with_message("is not written yet"))
}
