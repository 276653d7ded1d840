//! Slack: `X-Slack-Signature: v0=<hex>`, HMAC-SHA256 over `v0:timestamp:body`.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use integration_core::Result;

use crate::{
    claim::{Candidate, Claim},
    encoding::{Tag, hex, unix_seconds},
    event::Answer,
    headers::{malformed, required},
    key::Key,
    pointer,
    rejection::Rejection,
    schemes::{Facts, Signed, form},
    sign::{SignRequest, mac, value},
};

pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("x-slack-request-timestamp");
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-slack-signature");

/// Longest challenge that is echoed, in bytes; Slack's have some 50.
pub const MAX_CHALLENGE_BYTES: usize = 512;

pub(crate) fn claim(headers: &HeaderMap) -> Result<Claim<'_>, Rejection> {
    let timestamp = unix_seconds(required(headers, &TIMESTAMP)?)
        .ok_or_else(|| malformed(&TIMESTAMP, "not Unix seconds"))?;
    let signature =
        parse(required(headers, &SIGNATURE)?).map_err(|reason| malformed(&SIGNATURE, reason))?;
    Ok(Claim {
        before: before(timestamp),
        signatures: vec![Candidate::Mac(signature)],
        timestamp: Some(timestamp),
        ..Claim::default()
    })
}

/// Events API bodies are JSON; interactions are JSON in a form's `payload`; commands are forms.
pub(crate) fn facts(body: &[u8]) -> Facts<'_> {
    let Some([payload, command, trigger]) =
        form::fields(body, ["payload", "command", "trigger_id"])
    else {
        return json_facts(body);
    };
    match payload {
        Some(payload) => {
            let [event_type, id] =
                pointer::find(payload.as_bytes(), [&["type"], &["trigger_id"]]).unwrap_or_default();
            let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
            Facts {
                id: id.map(owned),
                event_type: event_type.map(owned),
                answer: None,
            }
        }
        None => Facts {
            id: trigger,
            event_type: command,
            answer: None,
        },
    }
}

pub(crate) fn sign(key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
    let timestamp = request.timestamp.as_secs();
    let tag = mac(key, [&before(timestamp), request.body, b""])?;
    Ok(vec![
        (TIMESTAMP, value(&timestamp.to_string())?),
        (SIGNATURE, value(&format!("v0={}", hex(tag.as_bytes())))?),
    ])
}

/// Reads the signature header's value: `v0=` and lower-case hex, nothing else.
pub(crate) fn parse(header: &str) -> Result<Tag, &'static str> {
    let digits = header.strip_prefix("v0=").ok_or("`v0=` is missing")?;
    Tag::from_hex(digits.as_bytes()).ok_or("not lower-case hex")
}

fn json_facts(body: &[u8]) -> Facts<'_> {
    let paths: [&[&str]; 4] = [&["type"], &["event", "type"], &["event_id"], &["challenge"]];
    let [outer, inner, id, challenge] = pointer::find(body, paths).unwrap_or_default();
    let answer = challenge
        .filter(|text| outer.as_deref() == Some("url_verification") && is_echoable(text))
        .map(|text| Answer {
            status: 200,
            content_type: "text/plain",
            body: Bytes::from(text.into_owned()),
        });
    let event_type = match outer.as_deref() {
        Some("event_callback") => inner.or(outer),
        _ => outer,
    };
    Facts {
        id,
        event_type,
        answer,
    }
}

fn is_echoable(challenge: &str) -> bool {
    challenge.len() <= MAX_CHALLENGE_BYTES && challenge.bytes().all(|byte| byte.is_ascii_graphic())
}

fn before(timestamp: u64) -> Vec<u8> {
    format!("v0:{timestamp}:").into_bytes()
}
