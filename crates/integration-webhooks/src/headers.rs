//! Strict access to the headers a scheme reads, and the choice of those an event keeps.

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};

use crate::rejection::Rejection;

/// Longest value of a header that takes part in verification, in bytes.
pub const MAX_HEADER_BYTES: usize = 4096;

/// Most headers an event keeps.
pub const MAX_KEPT_HEADERS: usize = 16;

/// Most bytes, names and values together, of the headers an event keeps.
pub const MAX_KEPT_BYTES: usize = 4096;

/// Returns the one value of a header.
pub(crate) fn required<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<&'h str, Rejection> {
    optional(headers, name)?.ok_or_else(|| Rejection::MissingHeader(name.to_string()))
}

/// Returns the one value of a header that may be absent.
///
/// The rule for duplicates is the same for every header that is read: two values are refused,
/// wherever they stand and whatever they say. Joining or picking is how forged values win.
pub(crate) fn optional<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h str>, Rejection> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Rejection::DuplicateHeader(name.to_string()));
    }
    if value.len() > MAX_HEADER_BYTES {
        return Err(malformed(name, "too long"));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| malformed(name, "not visible ASCII"))
}

/// Says that a header does not have the scheme's form.
pub(crate) fn malformed(name: &HeaderName, reason: &'static str) -> Rejection {
    Rejection::MalformedHeader {
        name: name.to_string(),
        reason,
    }
}

/// Copies `content-type` and the headers `is_own` picks, up to both limits.
pub(crate) fn kept(
    headers: &HeaderMap,
    is_own: impl Fn(&HeaderName) -> bool,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut room = MAX_KEPT_BYTES;
    let mut kept = Vec::new();
    for (name, value) in headers {
        if name != CONTENT_TYPE && !is_own(name) {
            continue;
        }
        let bytes = name.as_str().len() + value.len();
        if bytes > room || kept.len() == MAX_KEPT_HEADERS {
            continue;
        }
        room -= bytes;
        kept.push((name.clone(), value.clone()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_bytes(value).unwrap())])
    }

    #[test]
    fn a_value_may_be_as_long_as_the_limit() {
        assert!(required(&header(&[b'a'; MAX_HEADER_BYTES]), &CONTENT_TYPE).is_ok());
        assert!(required(&header(&[b'a'; MAX_HEADER_BYTES + 1]), &CONTENT_TYPE).is_err());
    }

    #[test]
    fn equal_duplicates_are_refused_too() {
        let mut headers = header(b"a");
        headers.append(CONTENT_TYPE, HeaderValue::from_static("a"));
        let refused = Rejection::DuplicateHeader("content-type".to_owned());
        assert_eq!(optional(&headers, &CONTENT_TYPE), Err(refused));
    }

    #[test]
    fn kept_headers_are_bounded_in_number() {
        let mut headers = HeaderMap::new();
        for _ in 0..=MAX_KEPT_HEADERS {
            headers.append("x-own", HeaderValue::from_static("v"));
        }
        assert_eq!(kept(&headers, |_| true).len(), MAX_KEPT_HEADERS);
    }

    #[test]
    fn kept_headers_are_bounded_in_bytes() {
        let value = |length| HeaderValue::from_bytes(&vec![b'a'; length]).unwrap();
        let name = HeaderName::from_static("x-own");
        let fits = HeaderMap::from_iter([(name.clone(), value(MAX_KEPT_BYTES - 5))]);
        let over = HeaderMap::from_iter([(name, value(MAX_KEPT_BYTES - 4))]);
        assert_eq!(
            (kept(&fits, |_| true).len(), kept(&over, |_| true).len()),
            (1, 0)
        );
    }
}
