//! The decoder: chunks in, events out, no I/O.

use std::{fmt, time::Duration};

use bytes::Bytes;

use super::{
    OPERATION,
    block::Block,
    config::{AtEnd, SseConfig},
    event::Event,
    lines::{Lines, TooLong},
    text::Text,
};
use crate::error::{Error, ErrorKind, Result};

/// Decodes one stream of events.
///
/// Feed a chunk, then take events until there are none, then feed the next chunk. Chunks that are
/// fed without taking events are kept, and only the caller bounds them.
#[derive(Default)]
pub struct Decoder {
    config: SseConfig,
    lines: Lines,
    block: Block,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Reading,
    /// No chunk will follow.
    Ending,
    /// Nothing more will come out.
    Done,
}

impl Decoder {
    /// Creates a decoder for a stream that is at its beginning.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the configuration does not validate.
    pub fn new(config: SseConfig) -> Result<Self> {
        Ok(Self {
            config: config.validate()?,
            ..Self::default()
        })
    }

    /// Sets the id that holds until the server gives one: that of the connection before.
    #[must_use]
    pub fn with_last_event_id(mut self, id: impl Into<String>) -> Self {
        self.block.last_event_id = Text::of(id.into().into());
        self
    }

    /// Takes the next bytes of the stream. After [`finish`](Self::finish) or an error, drops them.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.state == State::Reading {
            self.lines.feed(chunk);
        }
    }

    /// Says that the stream has ended. Events may still be there to be taken.
    ///
    /// Ask [`is_inside_event`](Self::is_inside_event) before, to know whether an event was cut.
    pub fn finish(&mut self) {
        if self.state == State::Reading {
            self.state = State::Ending;
        }
    }

    /// Drops what was not taken: the stream broke.
    pub(super) fn abandon(&mut self) {
        self.close();
    }

    /// Returns the next event; `None` when another chunk is needed, or after the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BodyTooLarge`] when an event or a line is larger than
    /// [`max_event_bytes`](SseConfig::max_event_bytes); told once, nothing follows it.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        if self.state == State::Done {
            return Ok(None);
        }
        self.advance().map_err(|TooLong| {
            self.close();
            let max = self.config.max_event_bytes;
            Error::new(ErrorKind::BodyTooLarge, OPERATION)
                .with_message(format!("event is larger than {max} bytes"))
        })
    }

    /// Returns the id to resume after, as of the events taken so far; empty if there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.block.last_event_id.as_ref().map_or("", Text::as_str)
    }

    /// Returns how long the server asks to wait before reconnecting, at most 30 days.
    #[must_use]
    pub const fn reconnection_time(&self) -> Option<Duration> {
        self.block.reconnection_time
    }

    /// Returns whether something was fed that no event taken so far and no blank line has ended.
    ///
    /// At the end of a stream, and with all events taken, it means that an event was cut.
    #[must_use]
    pub fn is_inside_event(&self) -> bool {
        self.state != State::Done && (self.block.is_inside() || self.lines.is_inside())
    }

    fn advance(&mut self) -> Result<Option<Event>, TooLong> {
        let max = self.config.max_event_bytes;
        while let Some(line) = self.lines.next(max)? {
            if let Some(event) = self.block.line(line, max)? {
                return Ok(Some(event));
            }
        }
        if self.state == State::Reading {
            return Ok(None);
        }
        let mut event = None;
        if self.config.at_end == AtEnd::Dispatch {
            if let Some(line) = self.lines.last() {
                self.block.line(line, max)?;
            }
            event = self.block.dispatch(None);
        }
        self.close();
        Ok(event)
    }

    /// Lets go of all memory but what can still be asked for.
    fn close(&mut self) {
        self.state = State::Done;
        self.lines = Lines::default();
        self.block.forget();
    }
}

impl fmt::Debug for Decoder {
    /// Shows nothing of what is being decoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("config", &self.config)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
