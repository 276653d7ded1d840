//! Secrets, their times, and what of them may show.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use integration_webhooks::{
    ErrorKind, HmacScheme, IdOrigin, Rejection, Scheme, Secret, SecretString, Source, Verified,
    limits,
    sign::{SignRequest, sign},
};

const NOW: Duration = Duration::from_secs(1_767_225_600);
const SECOND: Duration = Duration::from_secs(1);

fn secret(text: &str) -> Secret {
    Secret::new(SecretString::from(text))
}

fn accepts(scheme: Scheme, text: &str) -> bool {
    match Source::new("s", scheme, vec![secret(text)]) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config);
            let shown = format!("{error} {error:?}");
            assert!(text.len() < 6 || !shown.contains(text), "{shown}");
            false
        }
    }
}

fn headers(text: &str) -> HeaderMap {
    let request = SignRequest {
        id: "msg_1",
        timestamp: NOW,
        body: b"{}",
    };
    sign(&Scheme::Stripe, &SecretString::from(text), &request)
        .unwrap()
        .into_iter()
        .collect()
}

fn verify(secrets: Vec<Secret>, signer: &str, now: Duration) -> Result<usize, Rejection> {
    let source = Source::new("s", Scheme::Stripe, secrets).unwrap();
    match source.verify(&headers(signer), &Bytes::from_static(b"{}"), now)? {
        Verified::Event(event) => Ok(event.secret_no),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn unusable_text_secrets_are_refused() {
    let shortest = "a".repeat(limits::MIN_TEXT_SECRET_BYTES);
    let longest = "a".repeat(limits::MAX_SECRET_BYTES);
    for scheme in [
        Scheme::Stripe,
        Scheme::GitHub,
        Scheme::Slack,
        Scheme::Hmac(HmacScheme::default()),
    ] {
        assert!(accepts(scheme.clone(), &shortest));
        assert!(accepts(scheme.clone(), &longest));
        assert!(accepts(scheme.clone(), " kept blanks "));
        for wrong in ["", " ", "\n\n\n\n\n\n\n", "short", &format!("{longest}a")] {
            assert!(!accepts(scheme.clone(), wrong), "{wrong:?}");
        }
    }
}

#[test]
fn unusable_keys_of_the_standard_family_are_refused() {
    let key = "QUFB".repeat(8);
    let shortest = "QUFB".repeat(5) + "QQ==";
    for right in [
        key.clone(),
        format!("whsec_{key}"),
        format!("whsec_{shortest}"),
        format!("whsec_{}", shortest.trim_end_matches('=')),
        format!("whsk_{}QUE=", "QUFB".repeat(10)),
    ] {
        assert!(accepts(Scheme::StandardWebhooks, &right), "{right}");
    }
    for wrong in [
        String::new(),
        "whsec_".to_owned(),
        format!("whsec_{}", "QUFB".repeat(5)),
        format!("whsec_{key} "),
        format!("whsec_{key}\n"),
        "whsec_not base64 at all, not".to_owned(),
        format!("whsec_{}-_-_", "QUFB".repeat(8)),
        format!("whpk_{key}"),
        format!("whpk_{}A=", "A".repeat(42)),
        format!("whsk_{key}"),
        format!("whsk_{}QQ==", "QUFB".repeat(21)),
        format!("v1,whsec_{key}"),
    ] {
        assert!(!accepts(Scheme::StandardWebhooks, &wrong), "{wrong}");
    }
}

#[test]
fn supabase_secrets_come_with_their_version() {
    let key = "QUFB".repeat(8);
    assert!(accepts(
        Scheme::SupabaseAuthHook,
        &format!("v1,whsec_{key}")
    ));
    assert!(accepts(Scheme::SupabaseAuthHook, &format!("whsec_{key}")));
    for wrong in [
        format!("v1,{key}"),
        format!("v2,whsec_{key}"),
        format!("v1a,whsec_{key}"),
    ] {
        assert!(!accepts(Scheme::SupabaseAuthHook, &wrong), "{wrong}");
    }
}

#[test]
fn a_source_has_a_name_and_a_bounded_list_of_secrets() {
    let secrets = |count| vec![secret("a made-up secret"); count];
    assert!(Source::new("s", Scheme::Stripe, secrets(limits::MAX_SECRETS)).is_ok());
    assert!(Source::new("s", Scheme::Stripe, secrets(limits::MAX_SECRETS + 1)).is_err());
    assert!(Source::new("s", Scheme::Stripe, secrets(0)).is_err());
    for wrong in ["", "a\0b", "a\nb"] {
        assert!(
            Source::new(wrong, Scheme::Stripe, secrets(1)).is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn during_a_rotation_either_secret_verifies_and_is_named() {
    let secrets = || vec![secret("the old secret"), secret("the new secret")];
    assert_eq!(verify(secrets(), "the old secret", NOW), Ok(0));
    assert_eq!(verify(secrets(), "the new secret", NOW), Ok(1));
    assert_eq!(
        verify(secrets(), "a third one", NOW),
        Err(Rejection::SignatureMismatch { tried: 2 })
    );
}

#[test]
fn a_secret_is_in_force_from_its_first_to_its_last_second() {
    let text = "a made-up secret";
    let from = |start| verify(vec![secret(text).with_not_before(start)], text, NOW);
    let until = |end| verify(vec![secret(text).with_not_after(end)], text, NOW);
    assert_eq!((from(NOW), until(NOW)), (Ok(0), Ok(0)));
    let refused = || Err(Rejection::NoUsableSecret);
    assert_eq!(
        (from(NOW + SECOND), until(NOW - SECOND)),
        (refused(), refused())
    );
}

#[test]
fn a_secret_that_ends_before_it_starts_is_refused() {
    let never = secret("a made-up secret")
        .with_not_before(NOW)
        .with_not_after(NOW - SECOND);
    assert!(Source::new("s", Scheme::Stripe, vec![never]).is_err());
}

#[test]
fn the_tolerance_holds_to_both_sides_and_includes_its_last_second() {
    let source = Source::new("s", Scheme::Stripe, vec![secret("a made-up secret")]).unwrap();
    let source = source.with_tolerance(10 * SECOND);
    let body = Bytes::from_static(b"{}");
    let headers = headers("a made-up secret");
    for (now, ok) in [
        (NOW + 10 * SECOND, true),
        (NOW - 10 * SECOND, true),
        (NOW + 11 * SECOND, false),
        (NOW - 11 * SECOND, false),
        (Duration::ZERO, false),
        (Duration::MAX, false),
    ] {
        let verdict = source.verify(&headers, &body, now).map(drop);
        assert_eq!(verdict.is_ok(), ok, "{now:?}");
        assert_eq!(source.check(&headers, &body, now), verdict, "{now:?}");
        let other = source.check(&headers, b"{\"other\":1}", now);
        assert!(other.is_err(), "{now:?}");
    }
}

#[test]
fn dedup_keys_differ_by_source_and_not_by_unsigned_headers() {
    let text = "a made-up secret";
    let key = |name: &str, delivery: &str| {
        let request = SignRequest {
            id: delivery,
            timestamp: NOW,
            body: b"{}",
        };
        let headers = sign(&Scheme::GitHub, &SecretString::from(text), &request).unwrap();
        let source = Source::new(name, Scheme::GitHub, vec![secret(text)]).unwrap();
        let headers = headers.into_iter().collect();
        match source
            .verify(&headers, &Bytes::from_static(b"{}"), NOW)
            .unwrap()
        {
            Verified::Event(event) => event.dedup,
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(key("a", "first"), key("a", "second"));
    assert_ne!(key("a", "first"), key("b", "first"));
}

#[test]
fn kept_headers_are_the_senders_own_without_the_signature() {
    let text = "a made-up secret";
    let mut headers = headers(text);
    for (name, value) in [
        ("content-type", "application/json"),
        ("stripe-extra", "kept"),
        ("cookie", "no"),
        ("authorization", "no"),
        ("x-github-event", "no"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let source = Source::new("s", Scheme::Stripe, vec![secret(text)]).unwrap();
    let verified = source
        .verify(&headers, &Bytes::from_static(b"{}"), NOW)
        .unwrap();
    let Verified::Event(event) = verified else {
        unreachable!("an event")
    };
    let mut kept: Vec<_> = event
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, ["content-type", "stripe-extra"]);
}

#[test]
fn nothing_that_holds_a_secret_or_a_body_shows_it() {
    let canary = "canary-made-up-secret";
    let source = Source::new("s", Scheme::Stripe, vec![secret(canary)]).unwrap();
    let request = SignRequest {
        id: "msg_1",
        timestamp: NOW,
        body: br#"{"card":"canary"}"#,
    };
    let headers = sign(&Scheme::Stripe, &SecretString::from(canary), &request).unwrap();
    let headers = headers.into_iter().collect();
    let body = Bytes::from_static(request.body);
    let shown = [
        format!("{source:?}"),
        format!("{:?}", secret(canary)),
        format!("{:?}", source.verify(&headers, &body, NOW)),
        format!("{:?}", source.verify(&headers, &body, Duration::ZERO)),
        format!("{:?}", source.explain(&headers, &Bytes::new(), NOW)),
    ];
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_generic_scheme_is_checked_as_a_whole() {
    let wrong = [
        r#"{"header":"not a header"}"#,
        r#"{"content":"text"}"#,
        r#"{"content":"{timestamp}.{body}"}"#,
        r#"{"timestamp_header":"x-time"}"#,
        r#"{"content":"{id}.{body}"}"#,
        r#"{"id_pointer":"id"}"#,
        r#"{"prefix":"é"}"#,
        r#"{"header":"x-a","id_header":"X-A"}"#,
    ];
    for config in wrong {
        let scheme = Scheme::Hmac(serde_json::from_str(config).unwrap());
        assert!(!accepts(scheme, "a made-up secret"), "{config}");
    }
    for unknown in [
        r#"{"headr":"x"}"#,
        r#"{"algorithm":"md5"}"#,
        r#"{"encoding":"HEX"}"#,
    ] {
        assert!(
            serde_json::from_str::<HmacScheme>(unknown).is_err(),
            "{unknown}"
        );
    }
    let prefixed = |bytes: usize| format!(r#"{{"prefix":"{}"}}"#, "a".repeat(bytes));
    let scheme = |bytes| Scheme::Hmac(serde_json::from_str(&prefixed(bytes)).unwrap());
    assert!(accepts(
        scheme(limits::MAX_PREFIX_BYTES),
        "a made-up secret"
    ));
    assert!(!accepts(
        scheme(limits::MAX_PREFIX_BYTES + 1),
        "a made-up secret"
    ));
}

#[test]
fn public_reasons_are_one_constant_text_per_class() {
    let headers = || Rejection::MissingHeader("x".to_owned());
    assert_eq!(
        headers().public_reason(),
        Rejection::DuplicateHeader("y".to_owned()).public_reason()
    );
    assert_eq!(
        Rejection::SignatureMismatch { tried: 1 }.public_reason(),
        Rejection::NoUsableSecret.public_reason()
    );
}

fn event_of(body: String) -> (IdOrigin, Option<String>) {
    let text = "a made-up secret";
    let body = Bytes::from(body);
    let request = SignRequest {
        id: "",
        timestamp: NOW,
        body: &body,
    };
    let headers = sign(&Scheme::Stripe, &SecretString::from(text), &request).unwrap();
    let source = Source::new("s", Scheme::Stripe, vec![secret(text)]).unwrap();
    match source
        .verify(&headers.into_iter().collect(), &body, NOW)
        .unwrap()
    {
        Verified::Event(event) => (event.id_origin, event.event_type),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn ids_and_types_from_bodies_are_bounded_and_printable() {
    let body = |id: &str, event_type: &str| format!(r#"{{"id":"{id}","type":"{event_type}"}}"#);
    let long = |bytes: usize| "a".repeat(bytes);
    let (id, event_type) = (limits::MAX_ID_BYTES, limits::MAX_TYPE_BYTES);
    assert_eq!(
        event_of(body(&long(id), &long(event_type))),
        (IdOrigin::Signed, Some(long(event_type)))
    );
    for (id, event_type) in [
        (long(id + 1), long(event_type + 1)),
        (String::new(), String::new()),
        ("a\\u0000".to_owned(), "\\n".to_owned()),
    ] {
        assert_eq!(
            event_of(body(&id, &event_type)),
            (IdOrigin::ContentHash, None)
        );
    }
}

#[test]
fn only_short_printable_challenges_are_echoed() {
    let is_handshake = |challenge: &str| {
        let text = "a made-up secret";
        let body = format!(r#"{{"type":"url_verification","challenge":"{challenge}"}}"#);
        let request = SignRequest {
            id: "",
            timestamp: NOW,
            body: body.as_bytes(),
        };
        let headers = sign(&Scheme::Slack, &SecretString::from(text), &request).unwrap();
        let source = Source::new("s", Scheme::Slack, vec![secret(text)]).unwrap();
        let verified = source.verify(
            &headers.into_iter().collect(),
            &Bytes::from(body.clone()),
            NOW,
        );
        matches!(verified.unwrap(), Verified::Handshake(_))
    };
    assert!(is_handshake(&"c".repeat(limits::MAX_CHALLENGE_BYTES)));
    assert!(!is_handshake(&"c".repeat(limits::MAX_CHALLENGE_BYTES + 1)));
    assert!(!is_handshake("a b"));
    assert!(!is_handshake("a\\n"));
}
