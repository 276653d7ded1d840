//! How the program ends.

use std::{error::Error as _, io, io::Write as _, process::ExitCode};

use integration_core::{Error, ErrorKind};

/// How a command ended; the exit codes of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done as asked.
    Success = 0,
    /// Failed while running.
    Failed = 1,
    /// Wrong usage or configuration; nothing was done.
    Usage = 2,
    /// `verify`: the delivery does not verify.
    NotVerified = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Shows what clap has to say: help on stdout, mistakes on stderr.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when this cannot be written.
    let _ = error.print();
    let exit = if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Success
    };
    exit.into()
}

/// Shows an error and its causes on stderr. A reader that has gone away is no error.
pub(super) fn report(error: &Error) -> Exit {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        if is_closed_pipe(error) {
            return Exit::Success;
        }
        causes.push(error.to_string());
        cause = error.source();
    }
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "error: {error}");
    for cause in causes {
        let _ = writeln!(stderr, "  because: {cause}");
    }
    if error.kind() == ErrorKind::Config {
        Exit::Usage
    } else {
        Exit::Failed
    }
}

fn is_closed_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
