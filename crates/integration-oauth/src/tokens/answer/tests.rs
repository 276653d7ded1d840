use std::collections::BTreeMap;

use bytes::Bytes;
use integration_core::{ExposeSecret as _, http::HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    error::Trouble,
    limits::{MAX_ALSO, MAX_EXTRA, MAX_TOKEN},
    preset::Refused,
    scopes::Scopes,
};

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
        request_id: None,
        secrets: Vec::new(),
    }
}

fn read_with(preset: &Preset, status: u16, body: &str) -> Result<TokenSet> {
    tokens("oauth.test", &answer(status, body.to_owned()), preset, NOW)
}

fn read(body: &str) -> Result<TokenSet> {
    read_with(&Preset::default(), 200, body)
}

fn json(body: &Value) -> TokenSet {
    read(&body.to_string()).unwrap()
}

fn lasts(set: &TokenSet) -> Option<u64> {
    set.expires_at.map(|at| (at - NOW).as_secs())
}

/// What the server said is wrong.
fn said(status: u16, body: &Value) -> OAuthError {
    let error = read_with(&Preset::default(), status, &body.to_string()).unwrap_err();
    error.provider::<OAuthError>().unwrap().clone()
}

#[test]
fn a_lifetime_is_a_number_or_a_text_and_one_that_says_nothing_is_guessed() {
    for (written, seconds) in [
        (json!(60), 60),
        (json!("60"), 60),
        (json!(" 60 "), 60),
        (json!(60.9), 60),
        (json!("60.0"), 60),
        (json!(1e300), 100 * 365 * 86_400),
    ] {
        let set = json(&json!({"access_token": "AT", "expires_in": written}));
        assert_eq!(
            (lasts(&set), set.is_expiry_guessed),
            (Some(seconds), false),
            "{written}"
        );
    }
    for written in [
        json!(null),
        json!(0),
        json!(-5),
        json!("soon"),
        json!([60]),
        json!("NaN"),
    ] {
        let set = json(&json!({"access_token": "AT", "expires_in": written}));
        assert_eq!(
            (lasts(&set), set.is_expiry_guessed),
            (Some(3600), true),
            "{written}"
        );
    }
}

#[test]
fn a_preset_says_what_lifetimes_mean() {
    let body = r#"{"access_token":"AT","expires_in":60000}"#;
    let mut preset = Preset {
        expires_in_is_ms: true,
        ..Preset::default()
    };
    assert_eq!(lasts(&read_with(&preset, 200, body).unwrap()), Some(60));
    let silent = r#"{"access_token":"AT"}"#;
    preset.expires_in_s = Some(7200);
    let set = read_with(&preset, 200, silent).unwrap();
    assert_eq!((lasts(&set), set.is_expiry_guessed), (Some(7200), false));
    preset.expires_in_s = Some(0);
    assert_eq!(lasts(&read_with(&preset, 200, silent).unwrap()), None);
}

#[test]
fn the_lifetime_of_the_refresh_token_is_read_under_three_names() {
    for name in [
        "refresh_token_expires_in",
        "refresh_expires_in",
        "x_refresh_token_expires_in",
    ] {
        let set = json(&json!({"access_token": "AT", "refresh_token": "RT", name: "90"}));
        assert_eq!(
            set.refresh_expires_at,
            Some(NOW + Duration::from_secs(90)),
            "{name}"
        );
    }
}

#[test]
fn scopes_are_a_text_or_a_list_and_absent_is_not_none() {
    let wanted = Some(Scopes::from(["a", "b"]));
    for scope in [
        json!("a b"),
        json!("a,b"),
        json!("a, b"),
        json!(["a", "b"]),
        json!(["a b"]),
    ] {
        let set = json(&json!({"access_token": "AT", "scope": scope}));
        assert_eq!(set.scopes, wanted, "{scope}");
    }
    assert_eq!(json(&json!({"access_token": "AT"})).scopes, None);
    let none = json(&json!({"access_token": "AT", "scope": ""}));
    assert_eq!(none.scopes, Some(Scopes::default()));
}

#[test]
fn the_type_of_a_token_is_bearer_unless_it_needs_a_proof() {
    for word in [
        json!(null),
        json!("bearer"),
        json!("BEARER"),
        json!("bot"),
        json!("user"),
    ] {
        let set = json(&json!({"access_token": "AT", "token_type": word}));
        assert_eq!(set.token_type, "Bearer", "{word}");
    }
    let bound = json(&json!({"access_token": "AT", "token_type": "dpop"}));
    assert_eq!(bound.token_type, "DPoP");
    assert!(read(r#"{"access_token":"AT","token_type":"mac"}"#).is_err());
}

#[test]
fn a_form_and_a_byte_order_mark_are_read_and_a_page_is_not() {
    let form = read("access_token=A%2BT&scope=a%2Cb+c&expires_in=60&refresh_token=RT").unwrap();
    assert_eq!(form.access_token.expose_secret(), "A+T");
    assert_eq!(form.scopes, Some(Scopes::from(["a", "b", "c"])));
    assert_eq!(lasts(&form), Some(60));
    assert!(read("\u{feff}\r\n{\"access_token\":\"AT\"}\n").is_ok());
    for page in [
        "",
        "OK",
        "<html>access_token=AT</html>",
        "sorry, access_token=AT",
        "[{\"access_token\":\"AT\"}]",
        "\"AT\"",
        "access_token=AT&access_token=BT",
        "{\"access_token\":\"AT\"",
    ] {
        let error = read(page).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{page}");
        assert_eq!(Trouble::of(&error), Trouble::Transient);
    }
    assert!(
        tokens(
            "t",
            &answer(200, vec![0xff, 0xfe, b'{']),
            &Preset::default(),
            NOW
        )
        .is_err()
    );
}

#[test]
fn a_token_that_fits_no_header_is_refused_and_is_in_no_error() {
    let long = "x".repeat(MAX_TOKEN + 1);
    for token in [
        "can\nary",
        "can\u{7f}ary",
        "can ary",
        "canäry",
        "\tcanary",
        long.as_str(),
    ] {
        let error = read(&json!({ "access_token": token }).to_string()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.provider_body().is_none());
        assert!(!format!("{error} {error:?}").contains("ary"));
    }
    assert!(read(&json!({"access_token": "x".repeat(MAX_TOKEN)}).to_string()).is_ok());
    for name in ["refresh_token", "id_token"] {
        let body = json!({"access_token": "AT", name: "a\r\nb"});
        assert!(read(&body.to_string()).is_err(), "{name}");
    }
    for token in [json!(""), json!(null), json!(7), json!({}), json!([])] {
        assert!(read(&json!({ "access_token": token }).to_string()).is_err());
    }
}

#[test]
fn an_empty_refresh_token_is_none() {
    for token in [json!(""), json!(null)] {
        let set = json(&json!({"access_token": "AT", "refresh_token": token}));
        assert!(set.refresh_token.is_none());
    }
}

#[test]
fn tokens_in_objects_of_their_own_are_found() {
    let slack = json!({
        "ok": true, "access_token": "BOT", "token_type": "bot", "scope": "chat:write",
        "team": {"id": "T1"},
        "authed_user": {"id": "U1", "access_token": "AT", "token_type": "user", "expires_in": 43200, "refresh_token": "RT2"},
    });
    let set = json(&slack);
    assert_eq!(set.access_token.expose_secret(), "BOT");
    let user = &set.also["authed_user"];
    assert_eq!(user.access_token.expose_secret(), "AT");
    assert_eq!(user.refresh_token.as_ref().unwrap().expose_secret(), "RT2");
    assert_eq!(lasts(user), Some(43_200));
    assert_eq!(
        set.extra["authed_user"],
        json!({"id": "U1", "token_type": "user", "expires_in": 43200})
    );
    assert_eq!(set.extra["team"], json!({"id": "T1"}));

    let preset = Preset {
        also: BTreeMap::from([("user".to_owned(), "/authed_user".to_owned())]),
        nested: Some("/authed_user".to_owned()),
        ..Preset::default()
    };
    let named = read_with(&preset, 200, &slack.to_string()).unwrap();
    assert_eq!(named.also["user"].access_token.expose_secret(), "AT");
    let mut alone = slack;
    alone.as_object_mut().unwrap().remove("access_token");
    for preset in [&preset, &Preset::default()] {
        let set = read_with(preset, 200, &alone.to_string()).unwrap();
        assert_eq!(set.access_token.expose_secret(), "AT");
        assert!(set.also.is_empty());
    }
}

#[test]
fn further_tokens_that_are_bad_or_too_many_do_not_cost_the_main_one() {
    let mut body = json!({"access_token": "AT", "bad": {"access_token": "a\nb"}});
    for n in 0..3 * MAX_ALSO {
        body[format!("o{n}")] = json!({"access_token": "x"});
    }
    let set = json(&body);
    assert_eq!(set.access_token.expose_secret(), "AT");
    assert!(!set.also.contains_key("bad"));
    assert!(set.also.len() <= MAX_ALSO);
}

#[test]
fn what_else_an_answer_says_is_kept_to_a_limit() {
    let set = json(&json!({"access_token": "AT", "instance_url": "https://x.example", "n": 1}));
    assert_eq!(
        Value::Object(set.extra),
        json!({"instance_url": "https://x.example", "n": 1})
    );
    let preset = Preset {
        keep: vec!["realm".to_owned()],
        ..Preset::default()
    };
    let body = json!({"access_token": "AT", "realm": "9", "noise": "x".repeat(MAX_EXTRA)});
    let set = read_with(&preset, 200, &body.to_string()).unwrap();
    assert_eq!(Value::Object(set.extra), json!({"realm": "9"}));
}

#[test]
fn no_token_is_among_what_else_is_kept_however_deep_it_lies() {
    let preset = Preset {
        nested: Some("/data/0".to_owned()),
        ..Preset::default()
    };
    let body = json!({
        "data": [{"access_token": "AT", "user_id": "7"}],
        "a": {"b": [{"c": {"refresh_token": "RT", "d": 1}}]},
    });
    let set = read_with(&preset, 200, &body.to_string()).unwrap();
    assert_eq!(
        Value::Object(set.extra),
        json!({"data": [{"user_id": "7"}], "a": {"b": [{"c": {"d": 1}}]}})
    );
}

#[test]
fn an_error_is_found_however_it_is_written() {
    for (status, body, code) in [
        (
            400,
            json!({"error": "invalid_grant", "error_description": "gone"}),
            "invalid_grant",
        ),
        (
            200,
            json!({"error": "bad_verification_code", "error_uri": "https://x"}),
            "bad_verification_code",
        ),
        (
            200,
            json!({"ok": false, "error": "invalid_refresh_token"}),
            "invalid_refresh_token",
        ),
        (200, json!({"ok": false}), "unknown_error"),
        (200, json!({"success": false, "code": "nope"}), "nope"),
        (
            400,
            json!({"error": {"message": "x", "type": "OAuthException", "code": 190}}),
            "OAuthException",
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "x", "status": "INVALID_ARGUMENT"}}),
            "INVALID_ARGUMENT",
        ),
        (400, json!({"error": {"code": 7}}), "7"),
        (400, json!({"errors": [{"message": "x"}]}), "unknown_error"),
        (400, json!({"errors": ["x"]}), "unknown_error"),
        (400, json!({"errorCode": "E1", "errorSummary": "x"}), "E1"),
        (
            400,
            json!({"object": "error", "code": "invalid_grant", "message": "x"}),
            "invalid_grant",
        ),
        (
            200,
            json!({"access_token": "AT", "error": "invalid_scope"}),
            "invalid_scope",
        ),
    ] {
        assert_eq!(said(status, &body).code, code, "{body}");
    }
    let form = read("error=bad_refresh_token&error_description=it+is").unwrap_err();
    let form = form.provider::<OAuthError>().unwrap();
    assert_eq!(
        (form.code.as_str(), form.trouble),
        ("bad_refresh_token", Trouble::Terminal)
    );
    assert_eq!(form.description.as_deref(), Some("it is"));
    let facebook = said(
        400,
        &json!({"error": {"message": "x", "type": "T", "code": 190}}),
    );
    assert_eq!(facebook.description.as_deref(), Some("x (code 190)"));
    // No error at all, though the field is there.
    for nothing in [
        json!(null),
        json!(""),
        json!({"code": "ok", "message": ""}),
        json!([]),
    ] {
        assert!(read(&json!({"access_token": "AT", "error": nothing}).to_string()).is_ok());
    }
}

#[test]
fn what_follows_from_an_error_is_by_rule_then_status_then_word() {
    let invalid = json!({"error": "invalid_grant"});
    assert_eq!(said(400, &invalid).trouble, Trouble::Terminal);
    assert_eq!(said(503, &invalid).trouble, Trouble::Transient);
    assert_eq!(said(429, &invalid).trouble, Trouble::Transient);
    assert_eq!(
        said(401, &json!({"error": "invalid_client"})).trouble,
        Trouble::Config
    );
    assert_eq!(
        said(400, &json!({"error": "strange"})).trouble,
        Trouble::Transient
    );

    let mut preset = Preset::default();
    preset.refresh_rules.terminal = vec![Refused {
        status: Some(403),
        error: "unauthorized_client".to_owned(),
        description: Some("refresh_token is invalid".to_owned()),
    }];
    let trouble = |status, description: &str| {
        let body = json!({"error": "unauthorized_client", "error_description": description});
        let error = read_with(&preset, status, &body.to_string()).unwrap_err();
        (Trouble::of(&error), error.kind())
    };
    let terminal = (Trouble::Terminal, ErrorKind::Unauthenticated);
    assert_eq!(trouble(403, "the refresh_token is invalid"), terminal);
    assert_eq!(
        trouble(403, "no such app"),
        (Trouble::Config, ErrorKind::Config)
    );
    assert_eq!(trouble(400, "refresh_token is invalid").0, Trouble::Config);
}

#[test]
fn status_wait_and_body_of_a_failure_are_kept() {
    let mut came = answer(503, "<html>oops</html>");
    came.headers
        .insert("retry-after", HeaderValue::from_static("7"));
    let error = tokens("oauth.refresh", &came, &Preset::default(), NOW).unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(
        error.provider_body().unwrap().as_ref(),
        b"<html>oops</html>"
    );
    assert_eq!(Trouble::of(&error), Trouble::Transient);
    let moved = read_with(&Preset::default(), 302, "").unwrap_err();
    assert_eq!(moved.message(), "redirects are not followed");
}

#[test]
fn an_error_is_one_short_line_without_control_characters() {
    let long = "é\n".repeat(600);
    let error = read_with(
        &Preset::default(),
        400,
        &json!({"error": long, "error_description": long}).to_string(),
    );
    let error = error.unwrap_err();
    let said = error.provider::<OAuthError>().unwrap();
    assert!(said.code.len() <= 128 && said.description.as_ref().unwrap().len() <= 512);
    assert!(!format!("{error}{said}").contains(char::is_control));
}

/// A value of any shape.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z\n\u{1}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop_oneof![
            Just("access_token".to_owned()),
            Just("error".to_owned()),
            "[a-z]{1,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn all_sets(set: &TokenSet) -> Vec<&TokenSet> {
    std::iter::once(set).chain(set.also.values()).collect()
}

proptest! {
    #[test]
    fn no_answer_panics_and_no_control_character_gets_through(
        status in prop_oneof![Just(200_u16), 200_u16..600],
        fields in prop::collection::btree_map(
            prop::sample::select(vec![
                "access_token", "refresh_token", "id_token", "expires_in", "scope", "token_type",
                "error", "errors", "ok", "refresh_expires_in", "authed_user", "x",
            ]),
            any_json(),
            0..8,
        ),
        is_ms in any::<bool>(),
    ) {
        let body = serde_json::to_string(&fields).unwrap();
        let preset = Preset { expires_in_is_ms: is_ms, ..Preset::default() };
        if let Ok(set) = read_with(&preset, status, &body) {
            for set in all_sets(&set) {
                prop_assert!(set.access_token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!set.access_token.expose_secret().is_empty());
                let others = [&set.refresh_token, &set.id_token];
                for token in others.into_iter().flatten() {
                    prop_assert!(!token.expose_secret().contains(char::is_control));
                    prop_assert!(!token.expose_secret().is_empty());
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = tokens("t", &answer(200, body), &Preset::default(), NOW);
    }

    #[test]
    fn a_form_of_arbitrary_pairs_never_panics(body in "(access_token|error|scope)=[ -~\n]{0,40}(&[a-z_]{0,9}=[ -~]{0,9}){0,4}") {
        if let Ok(set) = read(&body) {
            prop_assert!(set.access_token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
