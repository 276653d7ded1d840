//! `serve`: the gateway, until it is told to stop.

use integration_core::{Error, ErrorKind, Result, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Exit;
use crate::{config::Config, gateway::Gateway, logs};

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {}

pub(crate) async fn run(_arguments: &ServeArgs, config: Config) -> Result<Exit> {
    logs::init(config.log);
    let mut signals = Signals::new()?;
    let gateway = Gateway::start(config, SystemClock::shared()).await?;
    // Not a line of the log: who started the gateway on port 0 reads it, whatever is logged.
    tell(&format!(
        "listening public={} admin={}\n",
        gateway.public_addr(),
        gateway.admin_addr()
    ));
    signals.next().await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        stopped = gateway.stop() => stopped.map(|()| Exit::Success),
        () = signals.next() => Ok(Exit::Failed),
    }
}

/// Nobody is left to tell when this fails.
fn tell(line: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// What ends a program politely.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::new(ErrorKind::Other, "gateway.signals").with_source(error))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
