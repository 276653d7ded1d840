//! Chunks of any size give the same events, which are those of the standard.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    super::{
        AtEnd, Decoder,
        fuzzing::{decode, model, sse},
    },
    near_streams, split,
};

fn ends() -> impl Strategy<Value = AtEnd> {
    prop::sample::select(vec![AtEnd::Discard, AtEnd::Dispatch])
}

#[test]
fn a_stream_cut_at_every_byte_gives_the_same_events() {
    let stream = "\u{FEFF}: hi\r\nevent: d\u{FC}\r\nid: 1\r\ndata: {\"a\":\"😀\"}\r\n\r\nretry: 5\r\rdata: b\ndata\n\nid: 2\n\ndata: cut";
    let stream = stream.as_bytes();
    for at_end in [AtEnd::Discard, AtEnd::Dispatch] {
        let expected = model(stream, at_end);
        assert_eq!(
            expected.events.len(),
            if at_end == AtEnd::Discard { 2 } else { 3 }
        );
        for cut in 0..=stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(decode([left, right], at_end).unwrap(), expected, "{cut}");
        }
        assert_eq!(decode(stream.chunks(1), at_end).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_split_gives_the_events_of_the_standard(
        stream in near_streams(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        at_end in ends(),
    ) {
        let outcome = decode(split(&stream, &cuts), at_end).unwrap();
        prop_assert_eq!(outcome, model(&stream, at_end));
    }

    #[test]
    fn the_fuzz_entry_holds_on_near_streams(size in any::<u8>(), flags in any::<u8>(), stream in near_streams()) {
        let mut data = vec![size, flags];
        data.extend_from_slice(&stream);
        prop_assert!(sse(&data));
    }

    #[test]
    fn the_fuzz_entry_holds_on_any_bytes(data in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(sse(&data));
    }

    #[test]
    fn it_does_not_matter_when_events_are_taken(
        stream in near_streams(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        takes in prop::collection::vec(0_usize..3, 13),
    ) {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for (chunk, takes) in split(&stream, &cuts).into_iter().zip(takes) {
            decoder.feed(Bytes::copy_from_slice(chunk));
            for _ in 0..takes {
                events.extend(decoder.next_event().unwrap());
            }
        }
        decoder.finish();
        decoder.feed(Bytes::from_static(b"data: after the end\n\n"));
        events.extend(std::iter::from_fn(|| decoder.next_event().unwrap()));
        prop_assert_eq!(events, model(&stream, AtEnd::Discard).events);
    }
}
