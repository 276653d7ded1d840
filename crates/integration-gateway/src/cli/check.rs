//! `check`: what the configuration comes to.

use std::io::Write;

use integration_core::Result;

use super::{Common, Exit, output};
use crate::config::Environment;

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CheckArgs {}

const AFTER_HELP: &str = "\
Example, to begin with as ./integration-gateway.toml:
  [sources.stripe]
  scheme = \"stripe\"
  secrets = [\"env:STRIPE_WEBHOOK_SECRET\"]

  [[routes]]
  name = \"billing\"
  source = \"stripe\"
  url = \"http://127.0.0.1:9000/hooks\"

  STRIPE_WEBHOOK_SECRET=... integration-gateway check

What it prints is the whole configuration: each value, and where it came from unless from the file.
Secrets are read, to see that they are there and can be used, and never printed.

Exit codes: 0 the configuration is right, 2 it is not.";

pub(super) fn run(
    _arguments: &CheckArgs,
    common: &Common,
    environment: &Environment,
    out: &mut dyn Write,
) -> Result<Exit> {
    let config = common.load(environment)?;
    config.require_sources()?;
    output::text(out, &config.resolved_toml())?;
    Ok(Exit::Success)
}
