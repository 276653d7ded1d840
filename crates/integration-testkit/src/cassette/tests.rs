use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use integration_core::{
    SecretString,
    http::{HeaderMap, HeaderValue},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::prelude::*;
use serde_json::json;

use super::{
    Cassette,
    entry::{Body, Difference, Request},
    hidden::Hidden,
    names::{Names, Place},
};

fn body(kind: &str, text: &str) -> Body {
    let mut headers = HeaderMap::new();
    if !kind.is_empty() {
        headers.insert("content-type", HeaderValue::from_str(kind).unwrap());
    }
    let cassette = Cassette::at("").hide(&SecretString::from("hunter2"));
    cassette.redaction.body(text.as_bytes(), &headers)
}

#[test]
fn fields_are_hidden_by_what_their_name_tells() {
    let names = Names {
        hidden_fields: vec!["orderid".to_owned()],
        fields: vec!["maxtokens".to_owned()],
        ..Names::default()
    };
    for name in [
        "access_token",
        "refreshToken",
        "clientSecret",
        "PASSWORD",
        "api-key",
        "apiKey",
        "email",
        "user.email",
        "card[cvc]",
        "key",
        "order_id",
        "items[0][order_id]",
        "privateKeyPem",
        "total_tokens",
    ] {
        assert!(names.hides_field(name, Place::Json), "{name}");
    }
    for name in [
        "id",
        "amount",
        "max_tokens",
        "shipping",
        "monkey",
        "code",
        "status",
        "",
    ] {
        assert!(!names.hides_field(name, Place::Json), "{name}");
    }
    assert!(names.hides_field("code", Place::Form));
}

#[test]
fn a_header_is_shown_if_it_is_harmless_and_not_marked() {
    let mut headers = HeaderMap::new();
    let mut marked = HeaderValue::from_static("text/plain");
    marked.set_sensitive(true);
    headers.insert("accept", HeaderValue::from_static("text/plain"));
    headers.append("accept", marked);
    headers.insert("x-api-version", HeaderValue::from_static("1"));
    headers.insert("authorization", HeaderValue::from_static("x"));
    let cassette = Cassette::at("").allow_header("X-Api-Version");
    let mut shown = cassette.redaction.headers(&headers);
    shown.sort();
    let expected = [
        "accept: [redacted]",
        "accept: text/plain",
        "authorization: [redacted]",
        "x-api-version: 1",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn json_keeps_its_types_and_loses_its_secrets() {
    let text = r#"{
        "id": "ch_1", "amount": 1999, "token": {"a": "x", "b": [1, true, null]},
        "note": "paid by hunter2", "hunter2": 1,
        "next": "https://u:p@h/p/hunter2?page=2&key=k#frag",
        "db": "postgres://user:pw@h/db", "plain": "https://h/p",
        "raw": "{\"password\":\"x\",\"n\":1}"
    }"#;
    let expected = json!({
        "id": "ch_1", "amount": 1999, "token": {"a": "[redacted]", "b": [0, true, null]},
        "note": "paid by [redacted]", "[redacted]": 1,
        "next": "https://h/p/[redacted]?page=[redacted]&key=[redacted]",
        "db": "postgres://h/db", "plain": "https://h/p",
        "raw": "{\"n\":1,\"password\":\"[redacted]\"}"
    });
    assert_eq!(body("application/json", text), Body::Json(expected.clone()));
    assert_eq!(
        body("", text),
        Body::Json(expected),
        "whatever it is called"
    );
}

fn text(text: &str) -> Body {
    Body::Text(text.to_owned())
}

fn form(pairs: &[&str]) -> Body {
    Body::Form(pairs.iter().map(|pair| (*pair).to_owned()).collect())
}

#[test]
fn text_is_kept_without_what_is_hidden() {
    let rows = [
        (
            "text/plain",
            "hello hunter2\r\nthere",
            "hello [redacted]\r\nthere",
        ),
        (
            "text/html",
            "<a href=\"x\">hunter2</a>",
            "<a href=\"x\">[redacted]</a>",
        ),
        ("", "{\"a\":1}\n{\"pin\":2}\n", "{\"a\":1}\n{\"pin\":0}\n"),
        (
            "text/event-stream",
            "event: x\ndata: {\"token\":\"t\",\"n\":1}\n\ndata: [DONE]\n\n",
            "event: x\ndata: {\"n\":1,\"token\":\"[redacted]\"}\n\ndata: [DONE]\n\n",
        ),
        (
            "text/event-stream",
            "data: {\ndata: \"pin\":1}\n\n",
            "data: {\"pin\":0}\n\n",
        ),
    ];
    for (kind, sent, expected) in rows {
        assert_eq!(body(kind, sent), text(expected), "{kind}: {sent}");
    }
}

#[test]
fn what_should_be_json_and_is_not_is_dropped() {
    let rows = [
        ("application/json", "{\"password\": \"half", "[redacted]"),
        ("", "{\n\"password\": \"half", "[redacted]"),
        (
            "",
            ")]}'\n{\n\"pin\": 1\n}",
            ")]}'\n[redacted]\n[redacted]\n}",
        ),
        ("text/event-stream", "data: {\"to", "data: [redacted]\n"),
    ];
    for (kind, sent, expected) in rows {
        assert_eq!(body(kind, sent), text(expected), "{kind}: {sent}");
    }
}

#[test]
fn other_bodies_are_written_as_what_they_are() {
    let rows = [
        ("application/json", "", Body::Empty),
        (
            "application/x-www-form-urlencoded",
            "code=x&a=1%26&user[email]=a%40b&note=hunter2",
            form(&[
                "code=[redacted]",
                "a=1&",
                "user[email]=[redacted]",
                "note=[redacted]",
            ]),
        ),
        ("", "password=x", form(&["password=[redacted]"])),
        (
            "multipart/form-data; boundary=x",
            "--x",
            Body::Omitted("of several parts".to_owned()),
        ),
    ];
    for (kind, sent, expected) in rows {
        assert_eq!(body(kind, sent), expected, "{kind}: {sent}");
    }
    let cassette = Cassette::at("").hide(&SecretString::from("hunter2"));
    let binary = cassette
        .redaction
        .body(b"\xff hunter2 \xfe", &HeaderMap::new());
    assert_eq!(
        binary,
        Body::Base64(STANDARD.encode(b"\xff [redacted] \xfe"))
    );
}

#[test]
fn a_difference_names_the_place() {
    let request = |path: &str, body| Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Body::Json(body),
    };
    let first = request("/a", json!({"a": [1, {"b": 2}], "c": 3}));
    let at = |body| first.difference(&request("/a", body));
    assert_eq!(at(json!({"a": [1, {"b": 2}], "c": 3})), None);
    let rows = [
        (json!({"a": [1, {"b": 3}], "c": 3}), "/a/1/b"),
        (json!({"a": [1], "c": 3}), "/a/1"),
        (json!({"a": [1, {"b": 2}]}), "/c"),
        (json!(1), ""),
    ];
    for (body, place) in rows {
        assert_eq!(at(body), Some(Difference::Body(place.to_owned())));
    }
    let other = request("/b", json!(1));
    assert_eq!(first.difference(&other), Some(Difference::Path));
    assert!(Difference::Path < Difference::Method && Difference::Query < Difference::Used);
}

/// Writes the letters of escapes small; all other letters are small already.
fn lower(percent: &str) -> String {
    let mut escape = 0;
    let lower = |c: char| {
        escape = if c == '%' {
            3
        } else {
            escape - i32::from(escape > 0)
        };
        if escape > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        }
    };
    percent.chars().map(lower).collect()
}

proptest! {
    #[test]
    fn a_hidden_string_is_found_in_every_form(
        secret in "[!-~]{8,40}",
        before in "[a-z]{0,5}",
        after in "[a-z]{0,5}",
    ) {
        let mut hidden = Hidden::default();
        hidden.add(&SecretString::from(secret.clone()));
        let whole = format!("{before}{secret}{after}");
        let percent = percent_encode(whole.as_bytes(), NON_ALPHANUMERIC).to_string();
        let hex: String = secret.bytes().map(|b| format!("{b:02X}")).collect();
        let form: String = form_urlencoded::byte_serialize(whole.as_bytes()).collect();
        for text in [
            whole.clone(),
            lower(&percent),
            percent,
            form,
            hex,
            json!({ "a": whole }).to_string(),
            STANDARD.encode(&whole),
            STANDARD_NO_PAD.encode(&whole),
            URL_SAFE.encode(&whole),
        ] {
            let scrubbed = hidden.scrub(&text);
            prop_assert!(scrubbed.contains("[redacted]"), "{} in {}", text, scrubbed);
            prop_assert!(!hidden.is_in(&scrubbed));
            prop_assert_eq!(hidden.scrub_bytes(text.as_bytes()), scrubbed.into_bytes());
        }
        let path = format!("/v1/{}/x", percent_encode(whole.as_bytes(), NON_ALPHANUMERIC));
        prop_assert!(hidden.scrub_path(&path).ends_with("/x"));
        prop_assert!(!hidden.is_in(&hidden.scrub_path(&path)));
    }

    #[test]
    fn no_text_makes_redaction_fail(text in "\\PC*", kind in "(application/json|text/plain|)") {
        let _ = body(&kind, &text);
    }

    #[test]
    fn a_password_never_survives_a_cut(cut in 0_usize..70, kind in "(application/json|text/event-stream|text/plain|)") {
        let whole = r#"data: {"id":1,"password":"s3cr3tvalue","nested":{"x":1}}"#;
        for text in [whole, whole.strip_prefix("data: ").unwrap()] {
            let text: String = text.chars().take(cut).collect();
            let written = format!("{:?}", body(&kind, &text));
            prop_assert!(!written.contains("s3cr3t"), "{}", written);
        }
    }
}
