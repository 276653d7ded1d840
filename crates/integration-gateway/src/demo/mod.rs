//! `demo`: the gateway at work, with senders, a store and a destination that all live on loopback.
//!
//! It is the real gateway, configured by a file as anybody's would be. The [`story`] sends to it and
//! says what happens; the [`destination`] fails as destinations do; the [`ledger`] holds the counts
//! of all three against each other, and decides how the program ends.

mod admin;
mod books;
mod cast;
mod destination;
mod ledger;
mod pace;
mod screen;
mod sender;
mod stage;
mod story;
mod table;
mod trouble;

use std::io::Write;

use integration_core::Result;
use tokio::signal;

use self::stage::Stage;
pub(crate) use self::{pace::Pace, screen::Screen};

/// How a demonstration ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All counts add up.
    AddsUp,
    /// Some do not; the first of them.
    DoesNotAddUp(String),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Sets the stage, tells the story, clears everything away.
pub(crate) async fn run<W: Write>(screen: &mut Screen<W>, pace: Pace) -> Result<Ending> {
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    // Dropped half-built, a stage removes its folder all the same.
    let stage = tokio::select! {
        // Polled first, so that there is a handler before there is something to clear away.
        biased;
        () = &mut interrupted => return Ok(Ending::Interrupted),
        stage = Stage::build(pace) => stage?,
    };
    let ending = tokio::select! {
        biased;
        () = &mut interrupted => Ok(Ending::Interrupted),
        told = story::tell(&stage, screen, pace) => told,
    };
    screen.clear();
    stage.clear().await?;
    ending
}

/// Resolves with the first SIGINT or SIGTERM.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    // Without a handler the story cannot be interrupted, other than by the system.
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
