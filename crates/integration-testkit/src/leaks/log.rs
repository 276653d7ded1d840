//! Whatever is logged, written to a file.

use std::{
    fmt::{Debug, Write as _},
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Bytes of a log that are written.
const MAX_LOG: usize = 256 << 20;

/// The line that stands for what was not written.
pub(super) const CUT: &str = "\n[the log was cut here]\n";

/// Takes what is logged with `tracing` and with `log`.
struct Log(Mutex<Out>);

struct Out {
    file: File,
    left: usize,
}

#[expect(clippy::expect_used, reason = "a search of nothing must not pass")]
pub(super) fn install(folder: &Path) {
    let made = || File::create(folder.join(format!("log-{}", std::process::id())));
    let file = made().expect("the log can be made");
    let out = |file| {
        Log(Mutex::new(Out {
            file,
            left: MAX_LOG,
        }))
    };
    let second = file.try_clone().expect("the log can be written");
    tracing::subscriber::set_global_default(out(file)).expect("there is no other subscriber");
    ::log::set_boxed_logger(Box::new(out(second))).expect("there is no other logger");
    ::log::set_max_level(::log::LevelFilter::Trace);
}

impl Log {
    fn write(&self, line: &str) {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.left == 0 {
            return;
        }
        let line = match out.left.checked_sub(line.len()) {
            Some(left) => {
                out.left = left;
                line
            }
            None => {
                out.left = 0;
                CUT
            }
        };
        // A process may end at any time, so nothing waits in a buffer. A full disk is found out by
        // the search, which finds less than a run says.
        let _ = out.file.write_all(line.as_bytes());
    }
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // As it is: quotes would hide what is between them.
        let _ = write!(self.0, " {field}={value}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut line = Line(format!("span {}", span.metadata().name()));
        span.record(&mut line);
        self.write(&(line.0 + "\n"));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        self.write(&(line.0 + "\n"));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.write(&(line.0 + "\n"));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl ::log::Log for Log {
    fn enabled(&self, _: &::log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &::log::Record<'_>) {
        self.write(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}
