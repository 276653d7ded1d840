//! What the answers of Stripe mean.
//!
//! | status | code | kind |
//! |---|---|---|
//! | 400 | | Validation |
//! | 401 | | Unauthenticated |
//! | 404 | | NotFound |
//! | 429 | | RateLimited |
//! | 429 | quota_exceeded | QuotaExhausted |
//! | 503 | | Unavailable |

use integration_core::{
    ErrorKind,
    classify::{Call, Classify, Verdict},
    http::{Answer, StandardClassifier, TransportError},
};
use serde::Deserialize;

/// The body of an error of Stripe, reached with [`Error::provider`](crate::Error::provider).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct StripeError {
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

/// Judges attempts: as core does, unless the body says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Classifier {
    standard: StandardClassifier,
}

impl Classify<Answer, TransportError> for Classifier {
    fn classify(&self, call: &Call<'_>, outcome: Result<&Answer, &TransportError>) -> Verdict {
        let verdict = self.standard.classify(call, outcome);
        let Some((status, body)) = outcome.ok().and_then(refusal) else {
            return verdict;
        };
        let kind = classify(status, &body.code);
        if verdict.kind == Some(kind) {
            return verdict.with_provider(body);
        }
        Verdict::failure(kind)
            .with_status(status)
            .with_provider(body)
    }
}

/// The status and the body of an answer that is a documented error.
fn refusal(answer: &Answer) -> Option<(u16, StripeError)> {
    let body = serde_json::from_slice(&answer.body).ok()?;
    (!answer.status.is_success()).then(|| (answer.status.as_u16(), body))
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
}
