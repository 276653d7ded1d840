//! `demo`: the gateway at work, to be watched.

use std::{io, io::IsTerminal as _, io::Write};

use clap::Args;
use integration_core::{Error, ErrorKind, Result};

use super::Exit;
use crate::demo::{self, Ending, Pace, Screen};

/// Says how to show it.
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct DemoArgs {
    /// Do not wait for anybody to read; for tests
    #[arg(long, hide = true)]
    fast: bool,
}

const HELP: &str = "\
It starts a gateway on free ports of 127.0.0.1, with a store in a temporary folder, and a
destination that often fails; sends it signed events of five schemes, and forged, late, repeated
and oversized ones; and shows what becomes of each. No configuration, no network, about six
seconds. Ctrl-C ends it, and the folder is removed in any case.

Exit codes: 0 all counts add up, 1 they do not, or it was interrupted.";

/// Runs the demonstration.
pub(crate) async fn run(args: &DemoArgs, out: &mut dyn Write) -> Result<Exit> {
    let pace = if args.fast { Pace::FAST } else { Pace::WATCHED };
    let mut screen = if io::stdout().is_terminal() {
        Screen::live(out)
    } else {
        Screen::plain(out)
    };
    match demo::run(&mut screen, pace).await? {
        Ending::AddsUp => Ok(Exit::Success),
        Ending::DoesNotAddUp(line) => Err(Error::new(ErrorKind::Other, "gateway.demo")
            .with_message(format!("this does not add up: {}", line.trim()))),
        Ending::Interrupted => {
            screen.note("interrupted; everything is stopped and the folder removed")?;
            Ok(Exit::Failed)
        }
    }
}
