mod eventsource;
mod limits;
mod oracle;
mod rules;
mod splits;
mod stream;

use proptest::prelude::*;

/// Bytes that are often close to an event stream.
pub(super) fn near_streams() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "data",
        "event",
        "id",
        "retry",
        "dat",
        "data:",
        "data: ",
        "event:",
        "event: ",
        "id:",
        "id: ",
        "retry:",
        "retry: ",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        ":",
        " ",
        "1",
        "12",
        "+1",
        "\0",
        "x",
        "{\"a\":1}",
        "\u{FEFF}",
        "ü",
        "日本",
        "😀",
    ]);
    let word = prop_oneof![
        12 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::sample::select(vec![b"\xEF\xBB".to_vec(), b"\xF0\x9F".to_vec(), b"\xFF".to_vec()]),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Cuts `stream` at `cuts`, taken modulo its length; equal cuts make empty chunks.
pub(super) fn split<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.sort_unstable();
    let mut chunks = Vec::new();
    let mut rest = stream;
    let mut done = 0;
    for cut in cuts {
        let (chunk, after) = rest.split_at(cut - done);
        chunks.push(chunk);
        rest = after;
        done = cut;
    }
    chunks.push(rest);
    chunks
}
