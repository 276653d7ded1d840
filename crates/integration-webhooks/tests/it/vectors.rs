//! Our own deliveries, signed by other programs, with what must come of each.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_webhooks::{
    DedupKey, HmacScheme, IdOrigin, Rejection, Scheme, Secret, SecretString, Source, Verified,
};
use serde::Deserialize;

const NOW: Duration = Duration::from_secs(1_767_225_600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    scheme: String,
    secret: Vec<String>,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    body_b64: Option<String>,
    hmac: Option<HmacScheme>,
    expect: String,
    id: Option<String>,
    origin: Option<String>,
    r#type: Option<String>,
    timestamp: Option<u64>,
    answer: Option<String>,
}

#[test]
fn every_delivery_comes_out_as_written_down() {
    let mut wrong = Vec::new();
    for line in include_str!("../fixtures/vectors.jsonl").lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        if let Err(what) = check(&vector) {
            wrong.push(format!("{} / {}: {what}", vector.scheme, vector.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn check(vector: &Vector) -> Result<(), String> {
    match vector.verify() {
        Err(rejection) => same("rejection", rejection.name(), &vector.expect),
        Ok(Verified::Handshake(answer)) => {
            same("verdict", "handshake", &vector.expect)?;
            same("status", answer.status, 200)?;
            same(
                "answer",
                &answer.body[..],
                vector.answer.as_deref().unwrap_or_default().as_bytes(),
            )
        }
        Ok(Verified::Event(event)) => {
            same("verdict", "event", &vector.expect)?;
            same("type", event.event_type.as_ref(), vector.r#type.as_ref())?;
            same(
                "origin",
                origin(event.id_origin),
                vector.origin.as_deref().unwrap_or_default(),
            )?;
            same(
                "time",
                event.timestamp.map(|at| at.as_secs()),
                vector.timestamp,
            )?;
            if let Some(id) = &vector.id {
                same("id", &event.id, id)?;
            }
            let dedup = match event.id_origin {
                IdOrigin::Signed => DedupKey::from_signed_id("vectors", &event.id),
                _ => DedupKey::from_body("vectors", &vector.body()),
            };
            same("dedup key", event.dedup, dedup)?;
            same("body", &event.body[..], &vector.body()[..])
        }
        Ok(other) => Err(format!("unknown verdict {other:?}")),
    }
}

fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
    what: &str,
    is: T,
    want: U,
) -> Result<(), String> {
    if is == want {
        Ok(())
    } else {
        Err(format!("{what} is {is:?}, not {want:?}"))
    }
}

fn origin(origin: IdOrigin) -> &'static str {
    match origin {
        IdOrigin::Signed => "signed",
        IdOrigin::Header => "header",
        IdOrigin::ContentHash => "content_hash",
        _ => "unknown",
    }
}

impl Vector {
    fn verify(&self) -> Result<Verified, Rejection> {
        let mut scheme: Scheme = self.scheme.parse().unwrap();
        if let Some(config) = &self.hmac {
            scheme = Scheme::Hmac(config.clone());
        }
        let secret = Secret::new(SecretString::from(self.secret.concat()));
        let source = Source::new("vectors", scheme, vec![secret]).unwrap();
        source.verify(&self.headers(), &self.body(), NOW)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn body(&self) -> Bytes {
        match &self.body_b64 {
            Some(text) => Bytes::from(STANDARD.decode(text).unwrap()),
            None => Bytes::from(self.body.clone()),
        }
    }
}
