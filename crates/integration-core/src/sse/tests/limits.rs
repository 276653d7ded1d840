//! The limit: at it, one past it, and whatever the chunks are.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    super::{AtEnd, Decoder, Event, SseConfig},
    near_streams, split,
};
use crate::error::{Error, ErrorKind, Result};

fn all(max: usize, chunks: &[&[u8]]) -> (Vec<Event>, Result<()>) {
    let config = SseConfig::default()
        .with_max_event_bytes(max)
        .with_at_end(AtEnd::Dispatch);
    let mut decoder = Decoder::new(config).unwrap();
    let mut events = Vec::new();
    let ended = run(&mut decoder, chunks, &mut events);
    if ended.is_err() {
        decoder.feed(Bytes::from_static(b"\n\ndata: late\n\n"));
        assert_eq!(decoder.next_event().unwrap(), None, "told once, then over");
    }
    (events, ended)
}

fn run(decoder: &mut Decoder, chunks: &[&[u8]], events: &mut Vec<Event>) -> Result<()> {
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event()? {
            events.push(event);
        }
    }
    decoder.finish();
    while let Some(event) = decoder.next_event()? {
        events.push(event);
    }
    Ok(())
}

fn kind(ended: Result<()>) -> Option<ErrorKind> {
    ended.err().as_ref().map(Error::kind)
}

#[test]
fn an_event_at_the_limit_passes_and_one_byte_more_does_not() {
    let cases: [&[u8]; 5] = [
        b"data: 0123456789\n\n",
        b"data:0123\ndata:56\n\n",
        b"event:abcd\ndata:5\n\n",
        b"id:123\ndata:56789\r\r",
        b"data: 0123456789",
    ];
    for stream in cases {
        let len = stream.iter().filter(|b| !b"\r\n".contains(b)).count();
        let (events, ended) = all(len, &[stream]);
        assert_eq!((events.len(), kind(ended)), (1, None));
        let (events, ended) = all(len - 1, &[stream]);
        assert_eq!(
            (events.len(), kind(ended)),
            (0, Some(ErrorKind::BodyTooLarge))
        );
    }
}

#[test]
fn each_event_has_the_limit_to_itself_and_comments_have_none_together() {
    let stream = b"data: 4567\n\n: ping\n".repeat(50);
    let (events, ended) = all(10, &[&stream]);
    assert_eq!((events.len(), kind(ended)), (50, None));
}

#[test]
fn a_line_that_never_ends_is_refused_before_it_does() {
    let mut decoder = Decoder::new(SseConfig::default().with_max_event_bytes(64)).unwrap();
    for chunk in [&b": 23456789012345678901234567890"[..]; 2] {
        decoder.feed(Bytes::from_static(chunk));
        assert_eq!(decoder.next_event().unwrap(), None);
    }
    decoder.feed(Bytes::from_static(b"123"));
    let error = decoder.next_event().unwrap_err();
    assert_eq!(error.to_string(), "sse: event is larger than 64 bytes");
    assert!(!decoder.is_inside_event());
}

#[test]
fn a_limit_of_nothing_is_refused_by_name() {
    let error = Decoder::new(SseConfig::default().with_max_event_bytes(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("sse.max_event_bytes"), "{error}");
}

proptest! {
    #[test]
    fn the_limit_does_not_depend_on_the_chunks(
        stream in near_streams(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        max in 1_usize..40,
    ) {
        let (events, ended) = all(max, &[&stream]);
        let (same, too) = all(max, &split(&stream, &cuts));
        prop_assert_eq!(events, same);
        prop_assert_eq!(kind(ended), kind(too));
    }
}
