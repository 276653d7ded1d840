//! Every rule of the standard, one by one.

use std::time::Duration;

use bytes::Bytes;

use super::super::{AtEnd, Decoder, Event, SseConfig};
use crate::{config::MAX_DURATION, error::ErrorKind};

fn decoded(stream: &'static str) -> (Vec<Event>, Decoder) {
    decoded_with(Decoder::default(), stream.as_bytes())
}

fn decoded_with(mut decoder: Decoder, stream: &'static [u8]) -> (Vec<Event>, Decoder) {
    decoder.feed(Bytes::from_static(stream));
    decoder.finish();
    let events = std::iter::from_fn(|| decoder.next_event().unwrap()).collect();
    (events, decoder)
}

fn data(stream: &'static str) -> Vec<String> {
    let (events, _) = decoded(stream);
    events.iter().map(|event| event.data().to_owned()).collect()
}

#[test]
fn the_examples_of_the_standard_are_read_as_it_says() {
    assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    let (events, decoder) = decoded(
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    );
    let message = |data: &str| Event::new("message", data);
    assert_eq!(
        events,
        [
            message("first event").with_last_event_id("1"),
            message("second event"),
            message(" third event"),
        ]
    );
    assert_eq!(decoder.last_event_id(), "");
    assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
    assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
}

#[test]
fn lines_end_in_lf_cr_or_crlf() {
    for stream in [
        "data: a\ndata: b\n\ndata: c\n\n",
        "data: a\rdata: b\r\rdata: c\r\r",
        "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        "data: a\r\ndata: b\r\r\ndata: c\n\r",
    ] {
        assert_eq!(data(stream), ["a\nb", "c"], "{stream:?}");
    }
}

#[test]
fn an_event_that_ends_in_cr_is_not_held_back_for_an_lf() {
    let mut decoder = Decoder::default();
    decoder.feed(Bytes::from_static(b"data: a\r\n\r"));
    assert_eq!(decoder.next_event().unwrap().unwrap().data(), "a");
    decoder.feed(Bytes::from_static(b"\ndata: b\r\n\r\n"));
    assert_eq!(decoder.next_event().unwrap().unwrap().data(), "b");
    assert_eq!(decoder.next_event().unwrap(), None);
}

#[test]
fn one_bom_at_the_beginning_is_skipped_and_no_other() {
    assert_eq!(data("\u{FEFF}data: a\n\ndata: b\n\n"), ["a", "b"]);
    assert_eq!(data("\u{FEFF}\u{FEFF}data: a\n\n"), [""; 0]);
    assert_eq!(data("\n\u{FEFF}data: a\n\n"), [""; 0]);
    assert_eq!(data("data: \u{FEFF}a\n\n"), ["\u{FEFF}a"]);
    // Begins like one, and is the name of an unknown field.
    let (events, _) = decoded_with(Decoder::default(), b"\xEF\xBBdata: a\ndata: b\n\n");
    assert_eq!(events, [Event::new("message", "b")]);
}

#[test]
fn one_space_after_the_colon_is_skipped() {
    assert_eq!(
        data("data:a\ndata: b\ndata:  c\ndata:\td\n\n"),
        ["a\nb\n c\n\td"]
    );
}

#[test]
fn names_are_matched_exactly() {
    for name in [
        "Data", "data ", " data", "datax", "dat", "evento", "ids", "retryx", "", "d",
    ] {
        let stream = format!("{name}: a\n\n").leak();
        assert_eq!(data(stream), [""; 0], "{name:?}");
    }
}

#[test]
fn comments_and_unknown_fields_are_skipped() {
    assert_eq!(
        data(":\n: ping\n:data: x\nunknown: y\nunknown\ndata: a\n:b\n\n"),
        ["a"]
    );
}

#[test]
fn the_type_holds_for_one_event() {
    let (events, _) =
        decoded("event: add\nevent: remove\ndata: 1\n\ndata: 2\n\nevent\ndata: 3\n\n");
    let types: Vec<_> = events.iter().map(Event::event_type).collect();
    assert_eq!(types, ["remove", "message", "message"]);
    // Without data there is no event, and the type is forgotten.
    let (events, _) = decoded("event: add\n\ndata: 1\n\n");
    assert_eq!(events, [Event::new("message", "1")]);
}

#[test]
fn an_id_holds_until_the_next_one() {
    let (events, decoder) = decoded("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\nid: 3\n");
    let ids: Vec<_> = events.iter().map(Event::last_event_id).collect();
    assert_eq!(ids, ["1", "1", "2"]);
    assert_eq!(decoder.last_event_id(), "2", "3 has no blank line after it");
}

#[test]
fn an_id_counts_from_its_blank_line_on() {
    let mut decoder = Decoder::default().with_last_event_id("7");
    decoder.feed(Bytes::from_static(b"data: a\n\nid: 8\n\n"));
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!((event.last_event_id(), decoder.last_event_id()), ("7", "7"));
    assert_eq!(decoder.next_event().unwrap(), None);
    assert_eq!(decoder.last_event_id(), "8");
}

#[test]
fn an_id_with_nul_is_ignored() {
    let (events, _) = decoded("id: 1\nid: 2\0\ndata: a\n\n");
    assert_eq!(events, [Event::new("message", "a").with_last_event_id("1")]);
}

#[test]
fn retry_is_digits_alone() {
    let millis = |n| Some(Duration::from_millis(n));
    let rows = [
        ("retry: 250\n", millis(250)),
        ("retry:0\n", millis(0)),
        ("retry: 007\n", millis(7)),
        ("retry: 99999999999999999999999\n", Some(MAX_DURATION)),
        ("retry: +1\n", None),
        ("retry: -1\n", None),
        ("retry: 1s\n", None),
        ("retry: 1 \n", None),
        ("retry: \n", None),
        ("retry\n", None),
        ("retry: ١\n", None),
        ("retry: 5\nretry: x\n", millis(5)),
        ("retry: 5", None),
    ];
    for (stream, expected) in rows {
        let (events, decoder) = decoded(stream);
        assert!(events.is_empty());
        assert_eq!(decoder.reconnection_time(), expected, "{stream:?}");
    }
}

#[test]
fn an_unfinished_event_is_dropped_unless_asked_for() {
    for stream in [
        "data: a\n\ndata: b\n",
        "data: a\n\ndata: b",
        "data: a\n\ndata: b\r",
    ] {
        assert_eq!(data(stream), ["a"], "{stream:?}");
        let config = SseConfig::default().with_at_end(AtEnd::Dispatch);
        let (events, _) = decoded_with(Decoder::new(config).unwrap(), stream.as_bytes());
        let data: Vec<_> = events.iter().map(Event::data).collect();
        assert_eq!(data, ["a", "b"], "{stream:?}");
    }
}

#[test]
fn a_cut_event_can_be_seen() {
    let rows = [
        ("", false),
        ("data: a\n\n", false),
        ("data: a\n\n: ping\n", false),
        ("data: a\n", true),
        ("data: a\n\nda", true),
    ];
    for (stream, cut) in rows {
        let mut decoder = Decoder::default();
        decoder.feed(Bytes::from_static(stream.as_bytes()));
        while decoder.next_event().unwrap().is_some() {}
        assert_eq!(decoder.is_inside_event(), cut, "{stream:?}");
    }
}

#[test]
fn broken_utf8_becomes_replacement_characters_in_its_own_event_alone() {
    let stream = b"data: \xFFa\xF0\x9F\xE6\x97\ndata: b\n\nevent: \xC3\nid: \x80\ndata: ok\n\n";
    let (events, _) = decoded_with(Decoder::default(), stream);
    assert_eq!(
        events,
        [
            Event::new("message", "\u{FFFD}a\u{FFFD}\u{FFFD}\nb"),
            Event::new("\u{FFFD}", "ok").with_last_event_id("\u{FFFD}"),
        ]
    );
}

#[test]
fn a_line_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from(b"event: delta\ndata: {\"a\":1}\n\n".to_vec());
    let mut decoder = Decoder::default();
    decoder.feed(chunk.clone());
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!(event.data_bytes().as_ptr(), chunk[19..].as_ptr());
    assert_eq!(event.into_data(), &chunk[19..26]);
}

#[test]
fn json_is_read_and_never_quoted() {
    let good = Event::new("message", "{\"a\":1}");
    assert_eq!(good.json::<serde_json::Value>().unwrap()["a"], 1);
    let error = Event::new("message", "\"secret\"")
        .json::<u8>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(std::error::Error::source(&error).is_none());
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn data_and_id_are_in_no_debug() {
    let mut decoder = Decoder::default().with_last_event_id("canary-1");
    decoder.feed(Bytes::from_static(
        b"data: canary-2\n\ndata: canary-3\nid: canary-4\n",
    ));
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!(decoder.next_event().unwrap(), None);
    let shown = format!("{event:?} {decoder:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
