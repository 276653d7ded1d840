//! Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`, HMAC-SHA256 over `t.body`.

use http::{HeaderMap, HeaderName};
use integration_core::Result;

use crate::{
    claim::{Candidate, Claim, MAX_SIGNATURES},
    encoding::{Tag, hex, unix_seconds},
    headers::{malformed, required},
    key::Key,
    pointer,
    rejection::Rejection,
    schemes::{Facts, Signed},
    sign::{SignRequest, mac, value},
};

pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

pub(crate) fn claim(headers: &HeaderMap) -> Result<Claim<'_>, Rejection> {
    let (timestamp, signatures) =
        parse(required(headers, &SIGNATURE)?).map_err(|reason| malformed(&SIGNATURE, reason))?;
    Ok(Claim {
        before: before(timestamp),
        signatures,
        timestamp: Some(timestamp),
        ..Claim::default()
    })
}

pub(crate) fn facts(body: &[u8]) -> Facts<'_> {
    let [id, event_type] = pointer::find(body, [&["id"], &["type"]]).unwrap_or_default();
    Facts {
        id,
        event_type,
        answer: None,
    }
}

pub(crate) fn sign(key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
    let timestamp = request.timestamp.as_secs();
    let tag = mac(key, [&before(timestamp), request.body, b""])?;
    let signature = format!("t={timestamp},v1={}", hex(tag.as_bytes()));
    Ok(vec![(SIGNATURE, value(&signature)?)])
}

/// Reads the header's value: one `t`, at least one `v1`; elements of other names are skipped.
///
/// A second `t` is refused: the official libraries disagree on which of the two counts.
pub(crate) fn parse(header: &str) -> Result<(u64, Vec<Candidate>), &'static str> {
    let mut timestamp = None;
    let mut seen = 0;
    let mut signatures = Vec::new();
    for element in header.split(',') {
        match element.split_once('=').ok_or("an element has no `=`")? {
            ("t", _) if timestamp.is_some() => return Err("`t` is there more than once"),
            ("t", text) => timestamp = Some(unix_seconds(text).ok_or("`t` is not Unix seconds")?),
            ("v1", _) if seen == MAX_SIGNATURES => return Err("more than 16 signatures"),
            ("v1", text) => {
                seen += 1;
                signatures.extend(Tag::from_hex(text.as_bytes()).map(Candidate::Mac));
            }
            _ => {}
        }
    }
    if seen == 0 {
        return Err("`v1` is missing");
    }
    Ok((timestamp.ok_or("`t` is missing")?, signatures))
}

fn before(timestamp: u64) -> Vec<u8> {
    format!("{timestamp}.").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signatures(header: &str) -> Result<usize, &'static str> {
        parse(header).map(|(_, signatures)| signatures.len())
    }

    #[test]
    fn elements_come_in_any_order_and_unknown_ones_are_skipped() {
        assert_eq!(signatures("v1=00,v0=zz,t=1,v1=ff,v2=aa"), Ok(2));
    }

    #[test]
    fn a_signature_that_is_no_hex_does_not_spoil_the_others() {
        assert_eq!(signatures("t=1,v1=ZZ,v1=00"), Ok(1));
    }

    #[test]
    fn the_header_has_one_time_and_at_least_one_signature() {
        for wrong in [
            "",
            "t=1",
            "v1=00",
            "t=1,t=1,v1=00",
            "t=1, v1=00",
            "t=1,v1=00,",
            "t=+1,v1=00",
            "t=1;v1=00",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn signatures_are_bounded() {
        let header = |count| format!("t=1{}", ",v1=00".repeat(count));
        assert_eq!(signatures(&header(MAX_SIGNATURES)), Ok(MAX_SIGNATURES));
        assert!(signatures(&header(MAX_SIGNATURES + 1)).is_err());
    }
}
