//! The lines between two blank ones, and what they make of the stream's state.

use std::{ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};

use super::{event::Event, lines::TooLong, text::Text};
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
    pub(super) last_event_id: Text,
    pub(super) reconnection_time: Option<Duration>,
}

/// The data so far. Most events have one line, which is not copied.
#[derive(Default)]
enum Data {
    #[default]
    None,
    Line(Bytes),
    Lines(BytesMut),
}

impl Block {
    /// Takes a line; a blank one may complete an event.
    pub(super) fn line(
        &mut self,
        source: &Bytes,
        line: Range<usize>,
        max: usize,
    ) -> Result<Option<Event>, TooLong> {
        let bytes = &source[line.clone()];
        let Some(first) = bytes.first() else {
            return Ok(self.dispatch());
        };
        let name = match first {
            b'd' => "data",
            b'e' => "event",
            b'i' => "id",
            b'r' => "retry",
            _ => return Ok(None), // A comment, or a field that nobody knows.
        };
        let skipped = match bytes.strip_prefix(name.as_bytes()) {
            Some([]) => 0,
            Some([b':', b' ', ..]) => 2,
            Some([b':', ..]) => 1,
            _ => return Ok(None),
        };
        let value = line.start + name.len() + skipped..line.end;
        if name == "retry" {
            self.retry(&source[value]);
            return Ok(None);
        }
        self.bytes += bytes.len();
        if self.bytes > max {
            return Err(TooLong);
        }
        match name {
            "data" => self.data.push(source, value),
            "event" => self.event_type = source.slice(value),
            // An id with a NUL could not be sent back in a header.
            _ if memchr::memchr(0, &source[value.clone()]).is_some() => {}
            _ => self.id = Some(source.slice(value)),
        }
        Ok(None)
    }

    /// Ends the event: the blank line.
    pub(super) fn dispatch(&mut self) -> Option<Event> {
        self.bytes = 0;
        if let Some(id) = self.id.take() {
            self.last_event_id = Text::lossy(id);
        }
        let event_type = std::mem::take(&mut self.event_type);
        let data = match std::mem::take(&mut self.data) {
            Data::None => return None,
            Data::Line(line) => line,
            Data::Lines(lines) => lines.freeze(),
        };
        Some(Event {
            event_type: if event_type.is_empty() {
                Text::from_static("message")
            } else {
                Text::lossy(event_type)
            },
            data: Text::lossy(data),
            last_event_id: self.last_event_id.clone(),
        })
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
    fn push(&mut self, source: &Bytes, value: Range<usize>) {
        match self {
            Self::None => *self = Self::Line(source.slice(value)),
            Self::Line(line) => {
                let mut lines = BytesMut::with_capacity(2 * (line.len() + 1 + value.len()));
                lines.extend_from_slice(line);
                append(&mut lines, &source[value]);
                *self = Self::Lines(lines);
            }
            Self::Lines(lines) => append(lines, &source[value]),
        }
    }
}

fn append(lines: &mut BytesMut, line: &[u8]) {
    lines.extend_from_slice(b"\n");
    lines.extend_from_slice(line);
}
