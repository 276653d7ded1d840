//! The command line: what there is to say, and who does it.

mod check;
mod dead;
mod demo;
mod events;
mod exit;
mod filter;
mod output;
mod redo;
mod send;
mod serve;
mod signing;
mod store;
mod table;
mod verify;

use std::{io, io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use integration_core::{Clock, Error, ErrorKind, Result, SystemClock};

pub(crate) use self::exit::Exit;
use crate::config::{Config, Environment, Given};

const AFTER_HELP: &str = "\
Start here:
  integration-gateway demo              watch it work; needs no configuration, no network
  integration-gateway check             say what the configuration means
  integration-gateway serve             receive, store and deliver

Exit codes:
  0  done
  1  failed while running
  2  wrong usage or configuration; nothing was done
  3  verify: the delivery does not verify";

const SERVE_HELP: &str = "\
Example:
  STRIPE_WEBHOOK_SECRET=... integration-gateway serve --config integration-gateway.toml

Says `listening public=ADDRESS admin=ADDRESS` on stderr when it does. SIGTERM stops taking, finishes
or hands back what is under way, and ends with 0. `check --help` shows a configuration.";

/// Receives webhooks, stores them before the answer, and delivers them until they are handled.
#[derive(Debug, Parser)]
#[command(name = "integration-gateway", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Configuration file [default: ./integration-gateway.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the store, whatever the configuration says
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive, store and deliver webhooks until SIGTERM
    #[command(after_help = SERVE_HELP)]
    Serve(serve::ServeArgs),
    /// Watch signed webhooks be verified, stored, retried and replayed; needs nothing
    Demo(demo::DemoArgs),
    /// Check the configuration and print what it comes to, secrets left out
    Check(check::CheckArgs),
    /// List, show or replay events
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// List, replay or drop dead letters
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Sign a sample event of any scheme and post it
    Send(send::SendArgs),
    /// Say why a captured delivery verifies or does not
    Verify(verify::VerifyArgs),
}

/// Runs the program with the arguments and the environment of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    // Line by line, so that a pipe sees each answer as it comes.
    let mut out = io::stdout().lock();
    let done = dispatch(&cli, &Environment::of_process(), &SystemClock, &mut out);
    let flushed = |exit| out.flush().map(|()| exit).map_err(output::failed);
    let exit = done.and_then(flushed);
    exit.unwrap_or_else(|error| exit::report(&error)).into()
}

fn dispatch(
    cli: &Cli,
    environment: &Environment,
    clock: &dyn Clock,
    out: &mut dyn Write,
) -> Result<Exit> {
    let common = &cli.common;
    match &cli.command {
        Command::Serve(arguments) => {
            let config = common.load(environment)?;
            config.require_sources()?;
            wait(serve::run(arguments, config))
        }
        Command::Demo(arguments) => wait(demo::run(arguments, out)),
        Command::Check(arguments) => check::run(arguments, common, environment, out),
        Command::Events(command) => wait(events::run(command, common, environment, clock, out)),
        Command::Dead(command) => wait(dead::run(command, common, environment, clock, out)),
        Command::Send(arguments) => wait(send::run(arguments, environment, clock, out)),
        Command::Verify(arguments) => verify::run(arguments, environment, clock, out),
    }
}

/// Runs a future to its end on a runtime of its own.
fn wait(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime
        .map_err(|error| Error::new(ErrorKind::Other, "gateway.start").with_source(error))?;
    runtime.block_on(work)
}

impl Common {
    fn given(&self) -> Given {
        Given {
            file: self.config.clone(),
            data_dir: self.data_dir.clone(),
        }
    }

    fn load(&self, environment: &Environment) -> Result<Config> {
        Config::load(&self.given(), environment)
    }
}
