//! A file and what must not get into it.

use std::{path::PathBuf, sync::Arc};

use integration_core::{Error, ErrorKind, Result, SecretString, http::Transport};

use super::{
    entry::Tape, file, hidden::MIN_HIDDEN, names::plain, record::Recording, redact::Redaction,
    replay::Replay,
};

/// Bytes of one body that are recorded by default: 1 MiB.
const MAX_BODY: usize = 1024 * 1024;

/// Calls that are recorded by default.
const MAX_ENTRIES: usize = 1000;

/// The operation under which mistakes are reported.
const OPERATION: &str = "testkit.cassette";

/// A file of recorded calls, and what must not get into it.
///
/// Record and replay with the same rules: requests are compared as they were written down.
#[derive(Clone, Debug)]
#[must_use = "a cassette does nothing until `record` or `replay`"]
pub struct Cassette {
    pub(super) path: PathBuf,
    pub(super) redaction: Redaction,
    pub(super) max_body: usize,
    pub(super) max_entries: usize,
}

impl Cassette {
    /// Names the file. It is touched by [`Recording::finish`] and by [`replay`](Self::replay).
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            redaction: Redaction::default(),
            max_body: MAX_BODY,
            max_entries: MAX_ENTRIES,
        }
    }

    /// Hides this string wherever it appears, in any of its forms. At least 4 bytes.
    ///
    /// In a replay it is the secret of the test that stands for the one of the recording, if it
    /// is a part of a path or of a body.
    pub fn hide(mut self, secret: &SecretString) -> Self {
        self.redaction.hidden.add(secret);
        self
    }

    /// Hides the values of fields of this name, in JSON and forms, besides those that tell by
    /// their name. Signs and capitals are one: `orderId` is `order_id`.
    pub fn hide_field(mut self, name: &str) -> Self {
        self.redaction.names.hidden_fields.push(plain(name));
        self
    }

    /// Shows the values of fields of this name, such as `max_tokens`, though it tells of a secret.
    pub fn allow_field(mut self, name: &str) -> Self {
        self.redaction.names.fields.push(plain(name));
        self
    }

    /// Shows the values of this name in queries. Default: none is shown.
    pub fn allow_query(mut self, name: &str) -> Self {
        self.redaction.names.queries.push(name.to_owned());
        self
    }

    /// Shows the values of this header, such as `link`. Default: a few harmless ones.
    pub fn allow_header(mut self, name: &str) -> Self {
        self.redaction.names.headers.push(name.to_ascii_lowercase());
        self
    }

    /// Sets how many bytes of one body are recorded. Default: 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets how many calls are recorded. Default: 1000.
    pub fn max_entries(mut self, calls: usize) -> Self {
        self.max_entries = calls;
        self
    }

    /// Sends by this transport and writes down what was sent and answered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a string to hide is too short.
    pub fn record<T: Transport>(&self, transport: T) -> Result<Recording<T>> {
        self.check()?;
        Ok(Recording::new(self.clone(), transport))
    }

    /// Answers from the file and never sends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the file cannot be read or is no cassette, or a string to hide
    /// is too short.
    pub fn replay(&self) -> Result<Replay> {
        self.check()?;
        let tape: Tape = file::read(self)?;
        Ok(Replay::new(Arc::new(self.clone()), tape.entries))
    }

    fn check(&self) -> Result<()> {
        match self.redaction.hidden.has_short() {
            true => Err(self.refuse(format!(
                "a string to hide must have at least {MIN_HIDDEN} bytes"
            ))),
            false => Ok(()),
        }
    }

    pub(super) fn refuse(&self, rule: String) -> Error {
        Error::new(ErrorKind::Config, OPERATION)
            .with_message(rule)
            .with_context("path", self.path.display())
    }
}
