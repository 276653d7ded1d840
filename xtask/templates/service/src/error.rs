//! What the answers of {{Name}} mean.
//!
//! | status | code | kind |
//! |---|---|---|
//! | 404 | | NotFound |
//! | 429 | quota_exceeded | QuotaExhausted |

use integration_core::{ErrorKind, http};

/// The body of an error of {{Name}}, reached with [`Error::provider`](crate::Error::provider).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[non_exhaustive]
pub struct {{Name}}Error {
    /// The word for the failure, such as `quota_exceeded`; empty when there is none.
    #[serde(default)]
    pub code: String,
}

/// Returns the kind that a status and a code stand for.
#[must_use]
pub fn classify(status: u16, code: &str) -> Option<ErrorKind> {
    match (status, code) {
        (429, "quota_exceeded") => Some(ErrorKind::QuotaExhausted),
        _ => ErrorKind::from_status(status),
    }
}

impl http::ErrorBody for {{Name}}Error {
    fn kind(&self, status: http::StatusCode) -> Option<ErrorKind> {
        classify(status.as_u16(), &self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_error_has_its_kind() {
        for (status, code, kind) in [
            (404, "", ErrorKind::NotFound),
            (429, "quota_exceeded", ErrorKind::QuotaExhausted),
        ] {
            assert_eq!(classify(status, code), Some(kind), "{status} {code}");
        }
    }
}
