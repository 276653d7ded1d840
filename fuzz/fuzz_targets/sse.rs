#![no_main]

use integration_core::sse::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| assert!(fuzzing::sse(data)));
