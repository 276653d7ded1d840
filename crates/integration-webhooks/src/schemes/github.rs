//! GitHub: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the body; no time is signed.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use integration_core::Result;

use crate::{
    claim::{Candidate, Claim, HeaderId},
    encoding::{Tag, hex},
    headers::{malformed, optional, required},
    key::Key,
    pointer,
    rejection::Rejection,
    schemes::{Facts, Signed, form},
    sign::{SignRequest, mac, value},
};

const EVENT: HeaderName = HeaderName::from_static("x-github-event");
const DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");

/// Which of GitHub's two signatures counts. The other one is never looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Sha256,
    Sha1,
}

impl Variant {
    pub(crate) fn header(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Sha256 => "x-hub-signature-256",
            Self::Sha1 => "x-hub-signature",
        })
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256=",
            Self::Sha1 => "sha1=",
        }
    }
}

pub(crate) fn claim(variant: Variant, headers: &HeaderMap) -> Result<Claim<'_>, Rejection> {
    let name = variant.header();
    let signature =
        parse(variant, required(headers, &name)?).map_err(|reason| malformed(&name, reason))?;
    Ok(Claim {
        signatures: vec![Candidate::Mac(signature)],
        id: optional(headers, &DELIVERY)?
            .filter(|id| !id.is_empty())
            .map(HeaderId::Unsigned),
        ..Claim::default()
    })
}

pub(crate) fn facts<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Facts<'a>, Rejection> {
    let event = optional(headers, &EVENT)?.filter(|event| !event.is_empty());
    let event_type = event.map(|event| match action(body) {
        Some(action) => Cow::Owned(format!("{event}.{action}")),
        None => Cow::Borrowed(event),
    });
    Ok(Facts {
        event_type,
        ..Facts::default()
    })
}

pub(crate) fn sign(variant: Variant, key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
    let tag = mac(key, [b"", request.body, b""])?;
    let signature = format!("{}{}", variant.prefix(), hex(tag.as_bytes()));
    Ok(vec![
        (variant.header(), value(&signature)?),
        (DELIVERY, value(request.id)?),
    ])
}

/// Reads the header's value: the variant's prefix and lower-case hex, nothing else.
pub(crate) fn parse(variant: Variant, header: &str) -> Result<Tag, &'static str> {
    let digits = header
        .strip_prefix(variant.prefix())
        .ok_or("the algorithm's prefix is missing")?;
    Tag::from_hex(digits.as_bytes()).ok_or("not lower-case hex")
}

/// The body's `action`; GitHub sends JSON, or JSON in a form field `payload`.
fn action(body: &[u8]) -> Option<String> {
    let json = form::payload(body);
    let [action] = pointer::find(json.as_deref().unwrap_or(body), [&["action"]])?;
    action
        .filter(|action| !action.is_empty())
        .map(Cow::into_owned)
}
