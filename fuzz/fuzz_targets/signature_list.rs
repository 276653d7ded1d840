#![no_main]

use integration_webhooks::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| assert!(fuzzing::signature_list(data)));
