//! One event.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{OPERATION, text::Text};
use crate::error::{Error, ErrorKind, Result};

/// The type of an event whose server gave none.
const DEFAULT_TYPE: &str = "message";

/// An event as its server sent it. Cloning copies no bytes.
///
/// What can be a slice of the chunk that it came in is one, and keeps that chunk in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// `None` for the default one.
    pub(super) event_type: Option<Text>,
    pub(super) data: Text,
    /// Never an empty one.
    pub(super) last_event_id: Option<Text>,
}

impl Event {
    /// Creates an event, for tests of those who read events.
    pub fn new(event_type: impl Into<String>, data: impl Into<String>) -> Self {
        Self {
            event_type: Self::named(event_type.into().into()),
            data: data.into().into(),
            last_event_id: None,
        }
    }

    /// Leaves the default type out, so that equal events are equal.
    pub(super) fn named(event_type: Text) -> Option<Text> {
        (event_type.as_bytes() != DEFAULT_TYPE).then_some(event_type)
    }

    /// Sets the id, for tests.
    #[must_use]
    pub fn with_last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = Text::of(id.into().into());
        self
    }

    /// Returns the type; `message` where the server gave none.
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.event_type.as_ref().map_or(DEFAULT_TYPE, Text::as_str)
    }

    /// Returns the data, its lines joined by `\n`. Takes time in proportion to its length.
    #[must_use]
    pub fn data(&self) -> &str {
        self.data.as_str()
    }

    /// Returns the data as bytes, which are UTF-8. Takes no time.
    #[must_use]
    pub const fn data_bytes(&self) -> &Bytes {
        self.data.as_bytes()
    }

    /// Returns the data as bytes, which are UTF-8.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data.into_bytes()
    }

    /// Returns the latest id that the server gave, in this event or before it; empty if none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.last_event_id.as_ref().map_or("", Text::as_str)
    }

    /// Reads the data as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is not what `T` expects; the data is not in the message.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.data.as_bytes()).map_err(|e| {
            // Its own message may quote the data.
            Error::new(ErrorKind::Decode, OPERATION)
                .with_message("data of an event is not the expected JSON")
                .with_context("line", e.line())
                .with_context("column", e.column())
        })
    }
}

impl fmt::Debug for Event {
    /// Shows no data and no id: they may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_type", &self.event_type())
            .field("data_len", &self.data.as_bytes().len())
            .field("last_event_id_len", &self.last_event_id().len())
            .finish()
    }
}
