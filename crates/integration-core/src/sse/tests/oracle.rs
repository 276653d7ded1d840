//! Beside `eventsource-stream`, where both follow the standard.
//!
//! It differs from the standard, and so from us, in this: a BOM makes it panic; a CR at the end of what has come is held
//! back until more comes, and lost at the end; broken UTF-8 is an error; `retry: +5` is taken; a
//! time that no `u64` holds is ignored; an id counts only once an event with data follows; and an
//! event is given the `retry` of its block.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use eventsource_stream::EventStream;
use futures_core::Stream;
use proptest::prelude::*;

use super::{
    super::{AtEnd, Event, fuzzing::decode},
    near_streams, split,
};

struct Chunks(VecDeque<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// The oracle's events up to its first error, and whether there was none.
fn oracle(chunks: &[&[u8]]) -> (Vec<Event>, bool) {
    let chunks = chunks.iter().copied().map(Bytes::copy_from_slice).collect();
    let mut stream = Box::pin(EventStream::new(Chunks(chunks)));
    let mut cx = Context::from_waker(Waker::noop());
    let mut events = Vec::new();
    while let Poll::Ready(Some(event)) = stream.as_mut().poll_next(&mut cx) {
        let Ok(event) = event else {
            return (events, false);
        };
        events.push(Event::new(event.event, event.data).with_last_event_id(event.id));
    }
    (events, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_read_the_same_events(
        stream in near_streams(),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        // Its text must be whole, no BOM may begin it, and no CR may be the last that it sees.
        let text = String::from_utf8_lossy(&stream);
        let mut stream = text.trim_start_matches('\u{FEFF}').to_owned();
        stream.push(':');
        let chunks = split(stream.as_bytes(), &cuts);
        let (expected, whole) = oracle(&chunks);
        prop_assert!(whole);
        prop_assert_eq!(decode(chunks, AtEnd::Discard).unwrap().events, expected);
    }
}

#[test]
fn it_differs_in_a_cr_at_the_end() {
    let stream: [&[u8]; 1] = [b"data: a\r\r"];
    assert_eq!(oracle(&stream).0.len(), 0);
    assert_eq!(decode(stream, AtEnd::Discard).unwrap().events.len(), 1);
}

#[test]
fn it_differs_in_broken_utf8() {
    let stream: [&[u8]; 1] = [b"data: a\n\ndata: \xFF\n\n"];
    assert!(!oracle(&stream).1);
    assert_eq!(decode(stream, AtEnd::Discard).unwrap().events.len(), 2);
}
