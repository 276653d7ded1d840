//! Beside `eventsource-stream`: the same events of any bytes in any chunks, but for what a test
//! below names. There the standard says what we do.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    super::{
        AtEnd,
        fuzzing::{Outcome, decode, shown, tamed},
    },
    eventsource::{self, Seen},
    near_streams, split,
};
use crate::config::MAX_DURATION;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_read_the_same_events(
        stream in prop_oneof![4 => near_streams(), 1 => prop::collection::vec(any::<u8>(), 0..200)],
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let stream = tamed(&stream);
        let chunks = split(stream.as_bytes(), &cuts);
        let theirs = eventsource::read(&chunks);
        prop_assert!(!theirs.is_refused);
        let ours = decode(chunks, AtEnd::Discard).unwrap();
        prop_assert_eq!(shown(&ours), theirs.events);
    }
}

fn both(stream: &[u8]) -> (Outcome, Seen) {
    let ours = decode([stream], AtEnd::Discard).unwrap();
    (ours, eventsource::read(&[stream]))
}

#[test]
fn it_holds_back_a_cr_at_the_end_which_ends_a_line() {
    let (ours, theirs) = both(b"data: a\r\r");
    assert_eq!((ours.events.len(), theirs.events.len()), (1, 0));
}

#[test]
fn it_refuses_broken_utf8_which_is_to_be_replaced() {
    let (ours, theirs) = both(b"data: a\n\ndata: \xFF\n\n");
    assert!(theirs.is_refused);
    assert_eq!(shown(&ours)[1][1], "\u{FFFD}");
}

#[test]
fn it_panics_at_a_bom_which_is_to_be_skipped() {
    let stream = "\u{FEFF}data: a\n\n".as_bytes();
    assert!(std::panic::catch_unwind(|| eventsource::read(&[stream])).is_err());
    let ours = decode([stream], AtEnd::Discard).unwrap();
    assert_eq!(shown(&ours)[0][1], "a");
}

#[test]
fn it_takes_a_time_with_a_sign_which_is_not_digits_alone() {
    let (ours, theirs) = both(b"retry: +5\ndata: a\n\n");
    assert_eq!(theirs.retry, Some(Duration::from_millis(5)));
    assert_eq!(ours.reconnection_time, None);
}

#[test]
fn it_ignores_a_time_that_no_number_holds_which_is_digits_alone() {
    let (ours, theirs) = both(b"retry: 99999999999999999999\ndata: a\n\n");
    assert_eq!(theirs.retry, None);
    assert_eq!(ours.reconnection_time, Some(MAX_DURATION));
}

#[test]
fn it_gives_a_time_to_its_event_which_is_one_of_the_stream() {
    let (ours, theirs) = both(b"retry: 5\ndata: a\n\ndata: b\n\n");
    assert_eq!(theirs.retry, None);
    assert_eq!(ours.reconnection_time, Some(Duration::from_millis(5)));
}

#[test]
fn it_resumes_after_the_last_event_with_data_and_not_after_the_last_id() {
    let (ours, theirs) = both(b"id: 1\ndata: a\n\nid: 2\n\n");
    assert_eq!(theirs.last_event_id, "1");
    assert_eq!(ours.last_event_id, "2");
}
