//! `dead list|replay|drop`.

use std::io::Write;

use integration_core::{Clock, Error, ErrorKind, Result};

use super::{Common, Exit};
use crate::config::Environment;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum DeadCommand {
    /// List dead letters
    List,
}

#[expect(clippy::unused_async, reason = "it will wait")]
pub(super) async fn run(
    _command: &DeadCommand,
    _common: &Common,
    _environment: &Environment,
    _clock: &dyn Clock,
    _out: &mut dyn Write,
) -> Result<Exit> {
    Err(Error::new(ErrorKind::Other, "gateway.events").with_message("is not written yet"))
}
