//! `verify`, which its owner writes.

use std::io::Write;

use integration_core::{Clock, Error, ErrorKind, Result};

use super::Exit;
use crate::config::Environment;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {}

pub(crate) fn run(
    _arguments: &VerifyArgs,
    _environment: &Environment,
    _clock: &dyn Clock,
    _out: &mut dyn Write,
) -> Result<Exit> {
    Err(Error::new(ErrorKind::Other, "gateway.verify").with_message("is not written yet"))
}
