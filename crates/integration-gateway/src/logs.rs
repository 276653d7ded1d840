//! Where the log goes: stderr, one line for what someone should know.

use std::io;

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Libraries under ours are heard from when they fail, and when all is asked for.
const OTHERS: LevelFilter = LevelFilter::WARN;

/// Begins to log; a second call does nothing.
pub(crate) fn init(level: LevelFilter) {
    let others = if level == LevelFilter::TRACE {
        level
    } else {
        OTHERS.min(level)
    };
    let filter = Targets::new()
        .with_default(others)
        .with_target("integration", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()));
    let _already_begun = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .try_init();
}
