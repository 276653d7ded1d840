//! Error bodies of providers that are JSON.

use std::{fmt, marker::PhantomData};

use ::http::StatusCode;
use serde::de::DeserializeOwned;

use super::{
    StandardClassifier, classify::obey_headers, response::Answer, transport::TransportError,
};
use crate::{
    classify::{Call, Classify, Verdict},
    error::ErrorKind,
};

/// The body of a provider's error, and what it means.
///
/// It is kept with the error of a call: `error.provider::<DemoError>()`.
pub trait ErrorBody: DeserializeOwned + Send + Sync + 'static {
    /// Returns the kind that status and body stand for; `None` for that of the status alone.
    fn kind(&self, status: StatusCode) -> Option<ErrorKind>;
}

/// Judges as [`StandardClassifier`] does, unless the body of an error says otherwise.
///
/// A body that is no `E` is none: the status alone counts, and the raw body is kept.
///
/// ```
/// use integration_core::{
///     ErrorKind,
///     http::{Client, ErrorBody, JsonErrors, StatusCode},
/// };
///
/// #[derive(serde::Deserialize)]
/// struct DemoError {
///     #[serde(default)]
///     code: String,
/// }
///
/// impl ErrorBody for DemoError {
///     fn kind(&self, _: StatusCode) -> Option<ErrorKind> {
///         (self.code == "quota_exceeded").then_some(ErrorKind::QuotaExhausted)
///     }
/// }
///
/// # fn main() -> integration_core::Result<()> {
/// let builder = Client::standard("http://127.0.0.1:12111")?;
/// let client = builder.classify(JsonErrors::<DemoError>::default()).build()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub struct JsonErrors<E> {
    standard: StandardClassifier,
    body: PhantomData<fn() -> E>,
}

impl<E> JsonErrors<E> {
    /// Judges by status and hint as this one does.
    #[must_use]
    pub fn new(standard: StandardClassifier) -> Self {
        let body = PhantomData;
        Self { standard, body }
    }
}

impl<E> Default for JsonErrors<E> {
    fn default() -> Self {
        Self::new(StandardClassifier::default())
    }
}

impl<E: ErrorBody> Classify<Answer, TransportError> for JsonErrors<E> {
    fn classify(&self, call: &Call<'_>, outcome: Result<&Answer, &TransportError>) -> Verdict {
        let verdict = self.standard.classify(call, outcome);
        let Some(answer) = outcome.ok().filter(|answer| !answer.status.is_success()) else {
            return verdict;
        };
        let Ok(body) = serde_json::from_slice::<E>(&answer.body) else {
            return verdict;
        };
        let verdict = match body.kind(answer.status) {
            Some(kind) => obey_headers(&answer.headers, verdict.with_kind(kind)),
            None => verdict,
        };
        verdict.with_provider(body)
    }
}

impl<E> fmt::Debug for JsonErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonErrors").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderMap;

    use super::*;
    use crate::error::Retriability;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Body {
        code: String,
    }

    impl ErrorBody for Body {
        fn kind(&self, status: StatusCode) -> Option<ErrorKind> {
            match (status.as_u16(), self.code.as_str()) {
                (429, "used_up") => Some(ErrorKind::QuotaExhausted),
                (409, "again") => Some(ErrorKind::Unavailable),
                _ => None,
            }
        }
    }

    fn judge(
        status: u16,
        body: &'static str,
        header: Option<(&'static str, &'static str)>,
    ) -> Verdict {
        let header = header.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = header.into_iter().collect();
        let answer = Answer::new(StatusCode::from_u16(status).unwrap(), headers, body.into());
        JsonErrors::<Body>::default().classify(&Call::new("demo", "demo"), Ok(&answer))
    }

    #[test]
    fn a_body_outranks_the_status_and_is_kept() {
        use ErrorKind as K;
        use Retriability as R;
        let rows = [
            (
                429,
                r#"{"code":"used_up"}"#,
                K::QuotaExhausted,
                R::Never,
                true,
            ),
            (
                409,
                r#"{"code":"again","more":1}"#,
                K::Unavailable,
                R::IfIdempotent,
                true,
            ),
            (409, r#"{"code":"other"}"#, K::Conflict, R::Never, true),
            (409, r#"{"other":1}"#, K::Conflict, R::Never, false),
            (500, "<html>", K::Internal, R::IfIdempotent, false),
        ];
        for (status, body, kind, retriability, is_kept) in rows {
            let verdict = judge(status, body, None);
            assert_eq!(
                (verdict.kind, verdict.retriability),
                (Some(kind), retriability),
                "{body}"
            );
            let error = verdict.into_error("demo".into());
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.provider::<Body>().is_some(), is_kept, "{body}");
            assert_eq!(
                error.provider_body().map(AsRef::as_ref),
                Some(body.as_bytes())
            );
        }
        assert_eq!(judge(200, r#"{"code":"used_up"}"#, None).kind, None);
    }

    #[test]
    fn the_servers_word_on_retries_outranks_both() {
        let no = Some(("x-should-retry", "false"));
        let verdict = judge(409, r#"{"code":"again"}"#, no);
        assert_eq!(verdict.kind, Some(ErrorKind::Unavailable));
        assert_eq!(verdict.retriability, Retriability::Never);
    }
}
