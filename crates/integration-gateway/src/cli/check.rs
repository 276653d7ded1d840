//! `check`: what the configuration comes to.

use std::io::Write;

use integration_core::Result;

use super::{Common, Exit};
use crate::config::Environment;

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {}

pub(super) fn run(
    _arguments: &CheckArgs,
    common: &Common,
    environment: &Environment,
    _out: &mut dyn Write,
) -> Result<Exit> {
    common.load(environment)?.require_sources()?;
    Ok(Exit::Success)
}
