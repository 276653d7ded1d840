//! What is seen: lines, and on a terminal two bars that move.

use std::{fmt, fmt::Display, io, io::Write};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use integration_core::{Error, ErrorKind, Result};

/// How far the events have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Events that are to be stored in all.
    pub(super) expected: u64,
    /// Stored.
    pub(super) stored: u64,
    /// Acted upon by the destination.
    pub(super) delivered: u64,
    /// Attempts that failed, and are tried again unless they were the last.
    pub(super) failed: u64,
    /// Set aside.
    pub(super) dead: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            expected,
            stored,
            delivered,
            failed,
            dead,
        } = self;
        write!(
            f,
            "{stored} of {expected} stored, {delivered} delivered, {failed} failed attempts, {dead} dead"
        )
    }
}

/// Where the story is shown.
pub(crate) struct Screen<W> {
    out: W,
    bars: Option<Bars>,
    /// So that the same is not said twice.
    said: Option<Progress>,
}

struct Bars {
    all: MultiProgress,
    stored: ProgressBar,
    delivered: ProgressBar,
}

impl<W: Write> Screen<W> {
    /// Shows lines only.
    pub(crate) fn plain(out: W) -> Self {
        Self {
            out,
            bars: None,
            said: None,
        }
    }

    /// Shows lines, and bars below them if stdout is a terminal.
    pub(crate) fn live(out: W) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let bars = (!all.is_hidden()).then(|| Bars::new(all));
        Self {
            bars,
            ..Self::plain(out)
        }
    }

    /// Begins a part: what happens, and why it matters.
    pub(super) fn heading(&mut self, number: u32, what: &str, why: &str) -> Result<()> {
        self.line(format_args!("\n{number}. {what}\n   {why}"))
    }

    /// Shows a line above the bars.
    pub(super) fn line(&mut self, line: impl Display) -> Result<()> {
        let out = &mut self.out;
        let mut write = || writeln!(out, "{line}").and_then(|()| out.flush());
        match &self.bars {
            Some(bars) => bars.all.suspend(write),
            None => write(),
        }
        .map_err(failed)
    }

    /// Says something that is no part of the story.
    pub(crate) fn note(&mut self, text: &str) -> Result<()> {
        self.line(format_args!("\n{text}"))
    }

    /// Moves the bars.
    pub(super) fn show(&mut self, progress: Progress) {
        let Some(bars) = &self.bars else { return };
        bars.stored.set_length(progress.expected);
        bars.stored.set_position(progress.stored);
        bars.delivered.set_length(progress.expected);
        bars.delivered.set_position(progress.delivered);
        let message = format!(
            "{} failed attempts, {} dead",
            progress.failed, progress.dead
        );
        bars.delivered.set_message(message);
    }

    /// Says how far things have come, where no bar does, and only if they have moved.
    pub(super) fn say(&mut self, progress: Progress) -> Result<()> {
        let has_moved = self.said.replace(progress) != Some(progress);
        if has_moved && self.bars.is_none() {
            self.line(format_args!("   {progress}"))?;
        }
        Ok(())
    }

    /// Takes the bars away.
    pub(super) fn clear(&mut self) {
        if let Some(bars) = self.bars.take() {
            // What cannot be wiped away stays, and does no harm.
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new(all: MultiProgress) -> Self {
        let bar = |name: &'static str| {
            let bar = all.add(ProgressBar::new(0));
            let style = ProgressStyle::with_template("   {prefix:<10}{bar:32} {pos}/{len}  {msg}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.with_prefix(name)
        };
        Self {
            stored: bar("stored"),
            delivered: bar("delivered"),
            all,
        }
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Other, "gateway.print")
        .with_message("the demonstration cannot be shown")
        .with_source(error)
}
