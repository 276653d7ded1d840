//! How large an event may be, and what becomes of one that is cut by the end.

use crate::{config::invalid, error::Result};

/// Configures a [`Decoder`](super::Decoder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SseConfig {
    /// Bytes of the `data`, `event` and `id` lines of one event together, and of any line alone,
    /// line ends not counted; at least 1. Default: 1 MiB.
    pub max_event_bytes: usize,
    /// What becomes of an event that no blank line ended. Default: [`AtEnd::Discard`].
    pub at_end: AtEnd,
}

impl SseConfig {
    /// Sets the bytes of one event.
    #[must_use]
    pub const fn with_max_event_bytes(mut self, bytes: usize) -> Self {
        self.max_event_bytes = bytes;
        self
    }

    /// Sets what becomes of an event that no blank line ended.
    #[must_use]
    pub const fn with_at_end(mut self, at_end: AtEnd) -> Self {
        self.at_end = at_end;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the field and the rule.
    pub fn validate(self) -> Result<Self> {
        if self.max_event_bytes == 0 {
            return Err(invalid("sse.max_event_bytes", "must be at least 1"));
        }
        Ok(self)
    }
}

impl Default for SseConfig {
    fn default() -> Self {
        Self {
            max_event_bytes: 1 << 20,
            at_end: AtEnd::Discard,
        }
    }
}

/// What becomes of an event that the end of the stream finds without its blank line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtEnd {
    /// It is dropped, as the standard says: its data may be cut.
    #[default]
    Discard,
    /// It is an event, and so is a last line without a line end.
    ///
    /// For servers that leave out the last blank line. Only the data itself can then tell whether
    /// it is whole.
    Dispatch,
}
