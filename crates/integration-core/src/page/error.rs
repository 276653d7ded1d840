//! Why a list stopped, and where to go on.

use std::fmt;

use super::Cursor;
use crate::error::Error;

/// The error that ended a list. `?` turns it into its [`Error`].
#[derive(Clone, Debug)]
pub struct PageError {
    error: Error,
    resume: Option<Cursor>,
}

impl PageError {
    pub(super) const fn new(error: Error, resume: Option<Cursor>) -> Self {
        Self { error, resume }
    }

    /// Returns what went wrong.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// Returns where the page begins that was not read; `None` is the beginning of the list.
    ///
    /// Everything before it has been yielded, and nothing of it: [`pages`](super::pages) from here
    /// on skips nothing and repeats nothing.
    #[must_use]
    pub const fn resume_cursor(&self) -> Option<&Cursor> {
        self.resume.as_ref()
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for PageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        error.error
    }
}
