//! Entry points for fuzzers and property tests: every parser of what strangers send.
//!
//! Each takes any bytes and says whether the parser kept its promises; panics are the fuzzer's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    claim::MAX_SIGNATURES,
    encoding::{hex, unix_seconds},
    pointer,
    scheme::Scheme,
    schemes::{form, github, hmac::template::Template, slack, standard, stripe},
    secret::Secret,
    source::Source,
};

/// Most headers [`verify`] reads out of its input.
const MAX_HEADERS: usize = 8;

/// A name and the entry point behind it.
pub type Entry = (&'static str, fn(&[u8]) -> bool);

/// Every entry point, for the property test that runs them all.
pub const ALL: [Entry; 9] = [
    ("stripe_header", stripe_header),
    ("signature_list", signature_list),
    ("timestamp", timestamp),
    ("github_header", github_header),
    ("slack", slack),
    ("hmac_template", hmac_template),
    ("form_payload", form_payload),
    ("json_pointer", json_pointer),
    ("verify", verify),
];

/// `Stripe-Signature`: at most the named number of signatures.
#[must_use]
pub fn stripe_header(data: &[u8]) -> bool {
    text(data, |header| {
        stripe::parse(header).is_ok_and(|(_, found)| found.len() > MAX_SIGNATURES)
    })
}

/// `webhook-signature`, joined by blanks and by commas: at most the named number of signatures.
#[must_use]
pub fn signature_list(data: &[u8]) -> bool {
    let too_many = |header: &str, joined| {
        standard::parse(header, joined).is_ok_and(|found| found.len() > MAX_SIGNATURES)
    };
    text(data, |header| {
        too_many(header, false) || too_many(header, true)
    })
}

/// Signed times: what is read is written back alike.
#[must_use]
pub fn timestamp(data: &[u8]) -> bool {
    text(data, |time| {
        unix_seconds(time).is_some_and(|seconds| seconds.to_string() != time)
    })
}

/// `X-Hub-Signature-256` and `X-Hub-Signature`: what is read is written back alike.
#[must_use]
pub fn github_header(data: &[u8]) -> bool {
    text(data, |header| {
        [github::Variant::Sha256, github::Variant::Sha1]
            .into_iter()
            .any(|variant| {
                github::parse(variant, header)
                    .is_ok_and(|tag| !header.ends_with(&hex(tag.as_bytes())))
            })
    })
}

/// `X-Slack-Signature`, and Slack's bodies in JSON and forms.
#[must_use]
pub fn slack(data: &[u8]) -> bool {
    let facts = slack::facts(data);
    let answered = facts
        .answer
        .is_none_or(|answer| answer.body.len() <= slack::MAX_CHALLENGE_BYTES);
    answered
        && text(data, |header| {
            slack::parse(header).is_ok_and(|tag| header != format!("v0={}", hex(tag.as_bytes())))
        })
}

/// Templates of generic schemes: what parses renders around a body.
#[must_use]
pub fn hmac_template(data: &[u8]) -> bool {
    text(data, |template| {
        Template::parse(template).is_ok_and(|parsed| {
            let (before, after) = parsed.around_body("{id}", Some(7));
            let rendered = [before, b"{body}".to_vec(), after].concat();
            rendered != template.replace("{timestamp}", "7").into_bytes()
        })
    })
}

/// Forms with a `payload`: what starts like JSON is none.
#[must_use]
pub fn form_payload(data: &[u8]) -> bool {
    form::payload(data).is_none() || !data.trim_ascii_start().starts_with(b"{")
}

/// Bodies, read at a pointer that is the input's first line: nothing is read of what is not JSON.
#[must_use]
pub fn json_pointer(data: &[u8]) -> bool {
    let line = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (first, body) = data.split_at(line);
    text(first, |first| {
        pointer::parse(first).is_ok_and(|path| {
            path.len() > pointer::MAX_POINTER_STEPS
                || (pointer::find(body, [&path]).is_some() && !is_json(body))
        })
    })
}

/// A whole delivery: header values line by line, then the body. Nothing here is ever accepted.
#[must_use]
pub fn verify(data: &[u8]) -> bool {
    let mut rest = data
        .splitn(MAX_HEADERS, |byte| *byte == b'\n')
        .collect::<Vec<_>>();
    let body = Bytes::copy_from_slice(rest.pop().unwrap_or_default());
    let secret = Secret::new("QUFB".repeat(8).into());
    Scheme::names()
        .iter()
        .filter_map(|name| name.parse::<Scheme>().ok())
        .all(|scheme| {
            let Ok(source) = Source::new("fuzz", scheme, vec![secret.clone()]) else {
                return false;
            };
            let names = source.plan.signature_headers();
            let values = rest
                .iter()
                .filter_map(|value| HeaderValue::from_bytes(value).ok());
            let mut headers = HeaderMap::new();
            for (name, value) in names.iter().cycle().zip(values) {
                headers.append(HeaderName::clone(name), value);
            }
            let now = Duration::from_secs(1_767_225_600);
            let explained = source.explain(&headers, &body, now);
            source.verify(&headers, &body, now).is_err() && !explained.is_verified()
        })
}

/// Says whether a promise is kept for bytes that are text; others never reach the parser.
fn text(data: &[u8], broken: impl Fn(&str) -> bool) -> bool {
    std::str::from_utf8(data).map_or(true, |text| !broken(text))
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}
