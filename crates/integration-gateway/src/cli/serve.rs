//! `serve`, which its owner writes.

use integration_core::{Error, ErrorKind, Result};

use super::Exit;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {}

#[expect(clippy::unused_async, reason = "it will wait")]
pub(crate) async fn run(_arguments: &ServeArgs, _config: Config) -> Result<Exit> {
    Err(Error::new(ErrorKind::Other, "gateway.serve").with_message("is not written yet"))
}
