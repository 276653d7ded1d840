//! The lines between two blank ones, and what they make of the stream's state.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{
    event::Event,
    lines::{Line, TooLong},
    text::Text,
};
use crate::config::MAX_DURATION;

/// The event that is being read, and what outlives it.
#[derive(Default)]
pub(super) struct Block {
    event_type: Bytes,
    data: Data,
    /// The id to be, which counts from the blank line on.
    id: Option<Bytes>,
    /// Bytes of the lines that this event is made of.
    bytes: usize,
    /// Never an empty one.
    pub(super) last_event_id: Option<Text>,
    pub(super) reconnection_time: Option<Duration>,
}

/// The fields that mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Id,
    Retry,
}

/// The data so far. Most events have one line, which is not copied.
#[derive(Default)]
struct Data {
    /// The only line so far.
    line: Option<Bytes>,
    /// All lines, joined, when there are several; else empty.
    lines: BytesMut,
}

impl Block {
    /// Takes a line; a blank one, or one that a blank one follows, may complete an event.
    pub(super) fn line(&mut self, line: Line<'_>, max: usize) -> Result<Option<Event>, TooLong> {
        let ends = line.is_last || line.range.is_empty();
        let data = self.field(line, max)?;
        if ends {
            return Ok(self.dispatch(data));
        }
        if let Some(line) = data {
            self.data.push(line);
        }
        Ok(None)
    }

    /// Ends the event with its last line of data, if that is not kept yet: the blank line.
    pub(super) fn dispatch(&mut self, last: Option<Bytes>) -> Option<Event> {
        self.bytes = 0;
        if let Some(id) = self.id.take() {
            self.last_event_id = Text::of(id);
        }
        let event_type = match self.event_type.is_empty() {
            true => None,
            false => Event::named(Text::lossy(std::mem::take(&mut self.event_type))),
        };
        Some(Event {
            event_type,
            data: Text::lossy(self.data.take(last)?),
            last_event_id: self.last_event_id.clone(),
        })
    }

    /// Reads a line, and returns it if it is one of data.
    fn field(&mut self, line: Line<'_>, max: usize) -> Result<Option<Bytes>, TooLong> {
        let Line { source, range, .. } = line;
        let bytes = &source[range.clone()];
        let (field, rest) = match bytes {
            [b'd', b'a', b't', b'a', rest @ ..] => (Field::Data, rest),
            [b'e', b'v', b'e', b'n', b't', rest @ ..] => (Field::Event, rest),
            [b'i', b'd', rest @ ..] => (Field::Id, rest),
            [b'r', b'e', b't', b'r', b'y', rest @ ..] => (Field::Retry, rest),
            _ => return Ok(None), // A comment, or a field that nobody knows.
        };
        let value = match rest {
            [] => 0,
            [b':', b' ', value @ ..] | [b':', value @ ..] => value.len(),
            _ => return Ok(None),
        };
        let value = range.end - value..range.end;
        if field == Field::Retry {
            self.retry(&source[value]);
            return Ok(None);
        }
        self.bytes += bytes.len();
        if self.bytes > max {
            return Err(TooLong);
        }
        match field {
            Field::Data => return Ok(Some(source.slice(value))),
            Field::Event => self.event_type = source.slice(value),
            // An id with a NUL could not be sent back in a header.
            _ if memchr::memchr(0, &source[value.clone()]).is_some() => {}
            _ => self.id = Some(source.slice(value)),
        }
        Ok(None)
    }

    /// Drops the event that has begun.
    pub(super) fn forget(&mut self) {
        *self = Self {
            last_event_id: std::mem::take(&mut self.last_event_id),
            reconnection_time: self.reconnection_time,
            ..Self::default()
        };
    }

    /// Whether an event has begun.
    pub(super) fn is_inside(&self) -> bool {
        self.bytes > 0
    }

    /// Only digits count. More of them than a number holds are the longest time.
    fn retry(&mut self, value: &[u8]) {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return;
        }
        let millis = value.iter().fold(0_u64, |sum, digit| {
            sum.saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        self.reconnection_time = Some(Duration::from_millis(millis).min(MAX_DURATION));
    }
}

impl Data {
    fn push(&mut self, line: Bytes) {
        if let Some(first) = self.line.take() {
            self.lines.reserve(2 * (first.len() + 1 + line.len()));
            self.lines.extend_from_slice(&first);
        } else if self.lines.is_empty() {
            self.line = Some(line);
            return;
        }
        self.lines.extend_from_slice(b"\n");
        self.lines.extend_from_slice(&line);
    }

    /// Returns what there is, with this last line.
    fn take(&mut self, last: Option<Bytes>) -> Option<Bytes> {
        if self.line.is_none() && self.lines.is_empty() {
            return last;
        }
        if let Some(last) = last {
            self.push(last);
        }
        let lines = std::mem::take(&mut self.lines);
        self.line.take().or_else(|| Some(lines.freeze()))
    }
}
