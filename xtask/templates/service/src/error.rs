//! What the answers of {{Name}} mean.
//!
//! | status | code | kind |
//! |---|---|---|
//! | 400 | | Validation |
//! | 401 | | Unauthenticated |
//! | 404 | | NotFound |
//! | 429 | | RateLimited |
//! | 429 | quota_exceeded | QuotaExhausted |
//! | 503 | | Unavailable |

use integration_core::{Error, ErrorKind};
use serde::Deserialize;

/// The body of an error of {{Name}}, reached with [`Error::provider`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct {{Name}}Error {
    /// The word for the failure, such as `quota_exceeded`; empty when there is none.
    #[serde(default)]
    pub code: String,
}

/// Returns the kind that a status and a code stand for.
#[must_use]
pub fn classify(status: u16, code: &str) -> ErrorKind {
    match (status, code) {
        (429, "quota_exceeded") => ErrorKind::QuotaExhausted,
        _ => ErrorKind::from_status(status).unwrap_or(ErrorKind::Other),
    }
}

/// Gives an error of core the kind and the body that {{Name}} documents.
pub(crate) fn mapped(error: Error) -> Error {
    let Some(status) = error.status() else {
        return error;
    };
    let body = error.provider_body().and_then(|body| serde_json::from_slice(body).ok());
    let body = body.unwrap_or_else(|| {{Name}}Error { code: String::new() });
    let kind = classify(status, &body.code);
    if kind == error.kind() {
        return error.with_provider(body);
    }
    Error::new(kind, error.operation().to_owned())
        .with_status(status)
        .with_provider(body)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_error_has_its_kind() {
        for (status, code, kind) in [
            (400, "", ErrorKind::Validation),
            (401, "", ErrorKind::Unauthenticated),
            (404, "", ErrorKind::NotFound),
            (429, "", ErrorKind::RateLimited),
            (429, "quota_exceeded", ErrorKind::QuotaExhausted),
            (503, "", ErrorKind::Unavailable),
        ] {
            assert_eq!(classify(status, code), kind, "{status} {code}");
        }
    }

    #[test]
    fn a_code_outranks_the_status() {
        let error = Error::new(ErrorKind::RateLimited, "{{name}}.items.get")
            .with_status(429)
            .with_provider_body(&br#"{"code": "quota_exceeded", "new": 1}"#.as_slice().into());
        let error = mapped(error);
        assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
        let body = error.provider::<{{Name}}Error>().map(|body| body.code.as_str());
        assert_eq!(body, Some("quota_exceeded"));
    }
}
