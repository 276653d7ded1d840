//! The entry point of the fuzzer and of property tests.

use std::time::Duration;

use bytes::Bytes;

use super::{AtEnd, Decoder, Event, SseConfig};
use crate::config::MAX_DURATION;

/// What a stream leaves behind: events, last id, reconnection time.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// The events in their order.
    pub events: Vec<Event>,
    /// The id to resume after.
    pub last_event_id: String,
    /// The last valid `retry`.
    pub reconnection_time: Option<Duration>,
}

/// Whether the bytes give what the standard says, whole and in chunks of the size that the first
/// byte names; the lowest bit of the second says what becomes of a cut event.
#[must_use]
pub fn sse(data: &[u8]) -> bool {
    let [size, flags, stream @ ..] = data else {
        return true;
    };
    let at_end = if flags & 1 == 0 {
        AtEnd::Discard
    } else {
        AtEnd::Dispatch
    };
    let expected = model(stream, at_end);
    let size = usize::from(*size).max(1);
    decode([stream], at_end).is_some_and(|outcome| outcome == expected)
        && decode(stream.chunks(size), at_end).is_some_and(|outcome| outcome == expected)
}

/// Decodes chunks, taking events after each; `None` when the decoder fails, which it must not.
#[must_use]
pub fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, at_end: AtEnd) -> Option<Outcome> {
    let config = SseConfig::default()
        .with_at_end(at_end)
        .with_max_event_bytes(usize::MAX);
    let mut decoder = Decoder::new(config).ok()?;
    let mut outcome = Outcome::default();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event().ok()? {
            outcome.events.push(event);
        }
    }
    decoder.finish();
    while let Some(event) = decoder.next_event().ok()? {
        outcome.events.push(event);
    }
    decoder
        .last_event_id()
        .clone_into(&mut outcome.last_event_id);
    outcome.reconnection_time = decoder.reconnection_time();
    Some(outcome)
}

/// Makes of any bytes a stream that others read as the standard says, who refuse broken UTF-8, fail
/// at a BOM and lose a CR at the end.
#[must_use]
pub fn tamed(stream: &[u8]) -> String {
    let text = String::from_utf8_lossy(stream);
    let mut text = text.trim_start_matches('\u{FEFF}').to_owned();
    text.push(':');
    text
}

/// Returns type, data and last id of each event.
#[must_use]
pub fn shown(outcome: &Outcome) -> Vec<[String; 3]> {
    let events = outcome.events.iter();
    events
        .map(|event| [event.event_type(), event.data(), event.last_event_id()].map(str::to_owned))
        .collect()
}

/// The standard, step by step, on the whole decoded text.
#[must_use]
pub fn model(stream: &[u8], at_end: AtEnd) -> Outcome {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    let unended = lines.pop().unwrap_or_default();
    if at_end == AtEnd::Dispatch {
        if !unended.is_empty() {
            lines.push(unended);
        }
        lines.push("");
    }
    let mut outcome = Outcome::default();
    let (mut data, mut event_type, mut id) = (String::new(), "", "");
    for line in lines {
        if line.is_empty() {
            id.clone_into(&mut outcome.last_event_id);
            if let Some(data) = data.strip_suffix('\n') {
                let kind = if event_type.is_empty() {
                    "message"
                } else {
                    event_type
                };
                let event = Event::new(kind, data).with_last_event_id(id);
                outcome.events.push(event);
            }
            data.clear();
            event_type = "";
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => data.extend([value, "\n"]),
            "event" => event_type = value,
            "id" if !value.contains('\0') => id = value,
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                let millis = value.parse().unwrap_or(u64::MAX);
                let time = Duration::from_millis(millis).min(MAX_DURATION);
                outcome.reconnection_time = Some(time);
            }
            _ => {}
        }
    }
    outcome
}
