//! Where a browser may be sent after a login.

use integration_oauth::{ErrorKind, limits::MAX_RETURN_TO, login::ReturnTo};
use proptest::prelude::*;
use url::Url;

const OURS: &str = "https://app.example.test";

fn allowed() -> ReturnTo {
    ReturnTo::new().allow_origin(OURS).unwrap()
}

#[test]
fn paths_of_our_own_and_of_allowed_origins_are_allowed() {
    for (address, expected) in [
        ("/", "/"),
        ("/a/b?c=d&e=//f#g", "/a/b?c=d&e=//f#g"),
        ("/a//b", "/a//b"),
        ("/a/../b", "/b"),
        ("/sch\u{f6}n", "/sch%C3%B6n"),
        ("https://app.example.test", "https://app.example.test/"),
        ("HTTPS://APP.example.test:443/x", "refused"),
        (
            "https://APP.example.test:443/x",
            "https://app.example.test/x",
        ),
    ] {
        let found = allowed().check(address);
        assert_eq!(found.unwrap_or("refused".to_owned()), expected, "{address}");
    }
}

#[test]
fn an_address_of_a_stranger_is_refused_in_every_spelling() {
    for evil in [
        "",
        "x",
        "evil.test",
        "//evil.test",
        "///evil.test",
        "/.//evil.test",
        "/a/..//evil.test",
        "\\\\evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\u{0}//evil.test",
        " //evil.test",
        "\u{a0}//evil.test",
        "https:evil.test",
        "https:/evil.test",
        "https:///evil.test",
        "https://evil.test",
        "https://app.example.test.evil.test",
        "https://app.example.test@evil.test",
        "https://user@app.example.test/",
        "https://user:pw@app.example.test/",
        "https://app.example.test:8443/",
        "http://app.example.test/",
        "https://app.example.test\\@evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "/x\r\nSet-Cookie: a=b",
    ] {
        let error = allowed().check(evil).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{evil:?}");
        assert!(evil.is_empty() || evil == "x" || !error.to_string().contains(evil));
    }
}

#[test]
fn an_address_is_bounded() {
    let longest = format!("/{}", "a".repeat(MAX_RETURN_TO - 1));
    assert!(allowed().check(&longest).is_ok());
    assert!(allowed().check(&format!("{longest}a")).is_err());
}

#[test]
fn what_is_no_origin_cannot_be_allowed() {
    for bad in [
        "app.example.test",
        "http://app.example.test",
        "https://app.example.test/path",
        "https://app.example.test/?q",
        "https://app.example.test/#f",
        "https://user@app.example.test",
        "ftp://app.example.test",
    ] {
        let error = ReturnTo::new().allow_origin(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{bad}");
    }
    let local = ReturnTo::new()
        .allow_origin("http://127.0.0.1:3000")
        .unwrap();
    assert!(local.check("http://127.0.0.1:3000/x").is_ok());
    assert!(local.check("http://127.0.0.1:3001/x").is_err());
}

proptest! {
    /// Whatever is accepted leads, for a browser on our page, to us or to the allowed origin.
    #[test]
    fn no_address_leads_to_a_stranger(
        address in prop_oneof![
            ".{0,60}",
            "[/\\\\:.@%?#a-z\\t\\r\\n ]{0,30}evil\\.test[/\\\\:.@%?#a-z]{0,10}",
            "(https?:)?[/\\\\]{0,4}(app\\.example\\.test)?[/\\\\@:.]{0,3}evil\\.test",
        ],
    ) {
        if let Ok(target) = allowed().check(&address) {
            let page = Url::parse("https://site.example.test/login/x").unwrap();
            let origin = page.join(&target).unwrap().origin().ascii_serialization();
            prop_assert!(
                origin == "https://site.example.test" || origin == OURS,
                "{address:?} leads to {origin}"
            );
            prop_assert!(target.is_ascii() && !target.contains(char::is_control));
        }
    }
}
