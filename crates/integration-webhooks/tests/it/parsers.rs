//! What the fuzz targets run, run briefly by proptest, so that no nightly compiler is needed.

use integration_webhooks::fuzzing;
use proptest::prelude::*;

/// Near misses: the words the parsers look for, in any order, with rubbish between them.
fn near_misses() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "t=",
        "v1=",
        "v0=",
        "v1,",
        "v1a,",
        "sha256=",
        "sha1=",
        ",",
        ", ",
        " ",
        ".",
        ":",
        "\n",
        "{body}",
        "{id}",
        "{timestamp}",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "payload=",
        "%7B",
        "%",
        "&",
        "+",
        "=",
        "/",
        "~0",
        "~1",
        "~",
        "0",
        "1767225600",
        "18446744073709551616",
        "-1",
        "AAA=",
        "QUFB",
        "00ff",
        "FF",
        "\"type\"",
        "\"event\"",
        "\"challenge\"",
        "null",
        "1e9",
        "\u{feff}",
        "é",
    ]);
    let word = prop_oneof![
        6 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn parsers_keep_their_promises_on_any_bytes(data in prop::collection::vec(any::<u8>(), 0..400)) {
        for (name, entry) in fuzzing::ALL {
            prop_assert!(entry(&data), "{name}");
        }
    }

    #[test]
    fn parsers_keep_their_promises_on_near_misses(data in near_misses()) {
        for (name, entry) in fuzzing::ALL {
            prop_assert!(entry(&data), "{name}");
        }
    }
}

#[test]
fn every_entry_point_has_a_fuzz_target() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    if !folder.is_dir() {
        return; // The published crate has no fuzz folder beside it.
    }
    for (name, _) in fuzzing::ALL {
        let target = std::fs::read_to_string(folder.join(name).with_extension("rs")).unwrap();
        assert!(target.contains(&format!("fuzzing::{name}(")), "{name}");
    }
}
