//! `demo`, which its owner writes.

use std::io::Write;

use integration_core::{Error, ErrorKind, Result};

use super::Exit;

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {}

#[expect(clippy::unused_async, reason = "it will wait")]
pub(crate) async fn run(_arguments: &DemoArgs, _out: &mut dyn Write) -> Result<Exit> {
    Err(Error::new(ErrorKind::Other, "gateway.demo").with_message("is not written yet"))
}
