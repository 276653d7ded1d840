//! Whatever stands in the file.

use proptest::{collection, prelude::*, sample};

use super::*;

/// A line that may or may not belong where it stands.
fn line() -> impl Strategy<Value = String> {
    let keys = [
        keys::TOP,
        keys::STORE,
        keys::SOURCE,
        keys::HMAC,
        keys::ROUTE,
        keys::SECRET,
    ]
    .concat();
    let values = [
        "1",
        "-1",
        "1.5",
        "true",
        "[]",
        "{}",
        "[[1]]",
        "\"\"",
        "\"env:STRIPE\"",
        "\"stripe\"",
        "\"hmac\"",
        "\"é\"",
        "\"/a\"",
        "\"http://h/\"",
        "[\"env:STRIPE\"]",
        "[{ from = \"env:HOOK\" }]",
        "1979-05-27",
    ];
    let heads = [
        "[store]",
        "[sources]",
        "[sources.a]",
        "[sources.a.hmac]",
        "[[routes]]",
        "[routes]",
    ];
    prop_oneof![
        4 => (sample::select(keys), sample::select(values.to_vec())).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => sample::select(heads.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

proptest! {
    #[test]
    fn whatever_the_file_says_the_answer_is_a_configuration_or_one_line(
        lines in collection::vec(line(), 0..12)
    ) {
        if let Err(error) = load(&lines.join("\n")) {
            prop_assert_eq!(error.kind(), ErrorKind::Config);
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }
}
