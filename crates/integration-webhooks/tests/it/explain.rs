//! What an operator is told about deliveries that fail for the usual reasons.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use integration_webhooks::{
    Explanation, Scheme, Secret, SecretString, Source,
    sign::{SignRequest, sign},
};

const NOW: Duration = Duration::from_secs(1_767_225_600);

fn secret() -> String {
    format!("whsec_{}", "QUFB".repeat(8))
}

fn source(scheme: Scheme) -> Source {
    Source::new(
        "explained",
        scheme,
        vec![Secret::new(SecretString::from(secret()))],
    )
    .unwrap()
}

fn signed(scheme: &Scheme, secret: &str, body: &[u8]) -> HeaderMap {
    let request = SignRequest {
        id: "msg_1",
        timestamp: NOW,
        body,
    };
    sign(scheme, &SecretString::from(secret), &request)
        .unwrap()
        .into_iter()
        .collect()
}

fn explain(scheme: Scheme, headers: &HeaderMap, body: &'static [u8]) -> Explanation {
    source(scheme).explain(headers, &Bytes::from_static(body), NOW)
}

fn says(explanation: &Explanation, words: &str) {
    assert!(
        explanation.to_string().contains(words),
        "{words:?} is not in: {explanation}"
    );
}

#[test]
fn a_verified_delivery_names_its_secret_and_type() {
    let body = br#"{"type":"thing.made"}"#;
    let explanation = explain(Scheme::Svix, &signed(&Scheme::Svix, &secret(), body), body);
    assert!(explanation.is_verified());
    says(&explanation, "secret no. 0 matches");
    says(&explanation, "type thing.made");
}

#[test]
fn bodies_changed_on_the_way_are_recognised() {
    for (sent, arrived, words) in [
        (&b"{}\n"[..], &b"{}"[..], "lost its trailing newline"),
        (b"{}", b"{}\n", "gained blanks or newlines at its end"),
        (b"{\r\n}", b"{\n}", "LF were CRLF"),
        (b"{\n}", b"{\r\n}", "CRLF were LF"),
        (b"{}", b"\xef\xbb\xbf{}", "gained a byte order mark"),
        (
            br#"{"a":"b c","d":1}"#,
            b"{ \"a\": \"b c\",\n \"d\": 1 }",
            "re-serialised",
        ),
        (b"", b"{}", "the body was empty"),
    ] {
        let headers = signed(&Scheme::Stripe, &secret(), sent);
        says(&explain(Scheme::Stripe, &headers, arrived), words);
    }
}

#[test]
fn secrets_used_wrongly_are_recognised() {
    // GitHub's scheme uses the text, so it signs as a sender does that forgets to decode.
    let text = secret();
    for (signer, words) in [
        (text.clone(), "its text instead of its decoded bytes"),
        (
            text.trim_start_matches("whsec_").to_owned(),
            "its text after the prefix, undecoded",
        ),
    ] {
        let body = b"msg_1.1767225600.{}";
        let hex = signed(&Scheme::GitHub, &signer, body);
        let digits = hex["x-hub-signature-256"]
            .to_str()
            .unwrap()
            .trim_start_matches("sha256=");
        let bytes: Vec<u8> = (0..32)
            .map(|n| u8::from_str_radix(digits.get(2 * n..2 * n + 2).unwrap(), 16).unwrap())
            .collect();
        let mut headers = signed(&Scheme::Svix, &secret(), b"{}");
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        headers.insert("svix-signature", format!("v1,{base64}").parse().unwrap());
        says(&explain(Scheme::Svix, &headers, b"{}"), words);
    }
    let headers = signed(&Scheme::GitHub, &format!("{}\n", secret()), b"{}");
    says(
        &explain(Scheme::GitHub, &headers, b"{}"),
        "with a newline after it",
    );
}

#[test]
fn a_late_delivery_is_told_from_a_forged_one() {
    let headers = signed(&Scheme::Stripe, &secret(), b"{}");
    let late = NOW + Duration::from_secs(412);
    let body = Bytes::from_static(b"{}");
    let explanation = source(Scheme::Stripe).explain(&headers, &body, late);
    says(&explanation, "timestamp is 412 s old, tolerance 300 s");
    says(&explanation, "the signature itself matches secret no. 0");
    let body = Bytes::from_static(b"[]");
    says(
        &source(Scheme::Stripe).explain(&headers, &body, late),
        "no usual cause found",
    );
}

#[test]
fn milliseconds_are_recognised() {
    let request = SignRequest {
        id: "msg_1",
        timestamp: NOW * 1000,
        body: b"{}",
    };
    let secret = SecretString::from(secret());
    let headers = sign(&Scheme::Slack, &secret, &request)
        .unwrap()
        .into_iter()
        .collect();
    says(&explain(Scheme::Slack, &headers, b"{}"), "in milliseconds");
}

#[test]
fn headers_of_another_scheme_are_recognised() {
    let headers = signed(&Scheme::GitHub, &secret(), b"{}");
    let explanation = explain(Scheme::Stripe, &headers, b"{}");
    says(&explanation, "header stripe-signature is missing");
    says(
        &explanation,
        "present: x-github-delivery, x-hub-signature-256",
    );
    says(&explanation, "those of the scheme `github`");
    says(
        &explain(Scheme::Stripe, &HeaderMap::new(), b"{}"),
        "no header is present",
    );
}

#[test]
fn a_header_in_the_wrong_form_is_recognised() {
    let good = signed(&Scheme::GitHub, &secret(), b"{}");
    let value = good["x-hub-signature-256"].to_str().unwrap().to_owned();
    for (wrong, words) in [
        (value.to_uppercase(), "in lower case"),
        (format!("{value} "), "without the blanks around it"),
        (format!("{value}, {value}"), "cut after its first comma"),
        (
            value.trim_start_matches("sha256=").to_owned(),
            "with `sha256=` before it",
        ),
    ] {
        let mut headers = good.clone();
        headers.insert("x-hub-signature-256", wrong.parse().unwrap());
        let explanation = explain(Scheme::GitHub, &headers, b"{}");
        says(&explanation, words);
        assert_eq!(explanation.findings.len(), 1, "{explanation}");
    }
    let mut twice = good.clone();
    twice.append("x-hub-signature-256", "sha256=00".parse().unwrap());
    says(
        &explain(Scheme::GitHub, &twice, b"{}"),
        "value 1 of x-hub-signature-256 alone",
    );
}

#[test]
fn a_secret_out_of_force_is_named() {
    let old =
        Secret::new(SecretString::from(secret())).with_not_after(NOW - Duration::from_secs(1));
    let source = Source::new("explained", Scheme::Stripe, vec![old]).unwrap();
    let headers = signed(&Scheme::Stripe, &secret(), b"{}");
    let explanation = source.explain(&headers, &Bytes::from_static(b"{}"), NOW);
    says(&explanation, "no secret is in force");
    says(&explanation, "matches secret no. 0, which is not in force");
}

#[test]
fn signatures_and_keys_of_different_kinds_are_named() {
    let pair = format!("whsk_{}QUE=", "QUFB".repeat(10));
    let headers = signed(&Scheme::Svix, &pair, b"{}");
    says(
        &explain(Scheme::Svix, &headers, b"{}"),
        "all signatures are v1a",
    );
    let source = Source::new(
        "pair",
        Scheme::Svix,
        vec![Secret::new(SecretString::from(pair))],
    )
    .unwrap();
    let headers = signed(&Scheme::Svix, &secret(), b"{}");
    let explanation = source.explain(&headers, &Bytes::from_static(b"{}"), NOW);
    says(&explanation, "all signatures are HMACs");
}

#[test]
fn no_explanation_holds_a_secret_or_a_fitting_signature() {
    let body = b"{}";
    let fitting = signed(&Scheme::Stripe, &secret(), body);
    let fitting = fitting["stripe-signature"]
        .to_str()
        .unwrap()
        .rsplit('=')
        .next()
        .unwrap();
    let headers = signed(&Scheme::Stripe, "another secret", body);
    let text = explain(Scheme::Stripe, &headers, body).to_string();
    assert!(
        !text.contains(fitting) && !text.contains(&"QUFB".repeat(8)),
        "{text}"
    );
}
