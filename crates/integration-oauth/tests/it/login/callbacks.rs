//! What comes back through the browser, before anything is believed.

use integration_oauth::{
    Error,
    limits::{MAX_CALLBACK, MAX_CALLBACK_FIELD, MAX_CALLBACK_FIELDS},
    login::{Callback, LoginRefusal},
};
use proptest::prelude::*;

fn refusal(error: &Error) -> LoginRefusal {
    *error.provider::<LoginRefusal>().unwrap()
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    for twice in [
        "code=1&state=2&code=1",
        "state=1&state=2",
        "x=1&x=",
        "a=1&%61=2",
    ] {
        let error = Callback::query(twice).unwrap_err();
        assert_eq!(
            refusal(&error),
            LoginRefusal::Malformed("a field of the callback stands twice"),
            "{twice}"
        );
    }
}

#[test]
fn control_characters_are_refused_and_never_shown() {
    for bad in ["code=a%0d%0ab", "state=%00", "a%0ab=1"] {
        let error = Callback::form(bad.as_bytes()).unwrap_err();
        assert!(
            matches!(refusal(&error), LoginRefusal::Malformed(_)),
            "{bad}"
        );
    }
    assert!(Callback::query("error=x&error_description=two%0alines").is_ok());
}

#[test]
fn a_callback_is_bounded_in_each_direction() {
    let fields = |count: usize| {
        let each: Vec<_> = (0..count).map(|i| format!("f{i}=1")).collect();
        each.join("&")
    };
    assert!(Callback::query(&fields(MAX_CALLBACK_FIELDS)).is_ok());
    assert!(Callback::query(&fields(MAX_CALLBACK_FIELDS + 1)).is_err());
    let value = |length: usize| format!("code={}", "a".repeat(length));
    assert!(Callback::query(&value(MAX_CALLBACK_FIELD)).is_ok());
    assert!(Callback::query(&value(MAX_CALLBACK_FIELD + 1)).is_err());
    let padded = |length: usize| "&".repeat(length);
    assert!(Callback::query(&padded(MAX_CALLBACK)).is_ok());
    assert!(Callback::query(&padded(MAX_CALLBACK + 1)).is_err());
}

#[test]
fn a_callback_shows_the_names_of_its_fields_alone() {
    let callback = Callback::query("?code=s3cret&state=5tate&realmId=9").unwrap();
    let callback = callback.cookies("oauth-login-AAAAAAAAAAAAAAAA=c00kie");
    let shown = format!("{callback:?}");
    assert!(shown.contains("realmId"), "{shown}");
    for secret in ["s3cret", "5tate", "c00kie"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        cookies in ".{0,200}",
    ) {
        if let Ok(callback) = Callback::form(&bytes) {
            let _ = callback.cookies(&cookies);
        }
    }
}
