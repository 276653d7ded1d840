#![no_main]

use integration_core::sse::{AtEnd, fuzzing};

#[path = "../../crates/integration-core/src/sse/tests/eventsource.rs"]
mod eventsource;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert!(fuzzing::sse(data), "the standard says otherwise");
    let [size, stream @ ..] = data else { return };
    let stream = fuzzing::tamed(stream);
    let chunks: Vec<_> = stream
        .as_bytes()
        .chunks(usize::from(*size).max(1))
        .collect();
    let theirs = eventsource::read(&chunks);
    let ours = fuzzing::decode(chunks, AtEnd::Discard).expect("there is no limit");
    assert_eq!(fuzzing::shown(&ours), theirs.events);
});
