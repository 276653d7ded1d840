//! What a plain HTTP answer means, before a provider has its say.

use std::time::Duration;

use ::http::{HeaderMap, StatusCode, header::LOCATION};

use super::{
    response::{Answer, find_request_id},
    transport::TransportError,
};
use crate::{
    classify::{Call, Classify, Verdict},
    clock::{SharedClock, SystemClock},
    error::{Delivery, ErrorKind, Health, Retriability},
    hint,
};

/// Judges by status and hint alone.
#[derive(Clone, Debug)]
pub struct StandardClassifier {
    /// For hints that are dates without a `Date` beside them.
    clock: SharedClock,
}

impl StandardClassifier {
    /// Uses this clock for hints that are dates.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { clock }
    }
}

impl Default for StandardClassifier {
    fn default() -> Self {
        Self::new(SystemClock::shared())
    }
}

impl Classify<Answer, TransportError> for StandardClassifier {
    fn classify(&self, _call: &Call<'_>, outcome: Result<&Answer, &TransportError>) -> Verdict {
        match outcome {
            Ok(answer) if answer.status.is_success() => Verdict::success(),
            Ok(answer) => verdict_of_status(answer.status, &answer.headers, self.clock.unix())
                .with_body(answer.body.clone()),
            Err(error) => Verdict::failure(error.kind)
                .with_retriability(error.retriability)
                .with_delivery(error.delivery)
                .with_message(error.to_string()),
        }
    }
}

/// Judges an answer by its head; the start of every provider's own classifier.
///
/// `unix` is the present since the Unix epoch, for hints that are dates.
#[must_use]
pub fn verdict_of_status(status: StatusCode, headers: &HeaderMap, unix: Duration) -> Verdict {
    if status.is_success() {
        return Verdict::success();
    }
    let code = status.as_u16();
    let Some(kind) = ErrorKind::from_status(code) else {
        return redirect(code, headers);
    };
    let hint = may_hint(kind)
        .then(|| hint::from_headers(headers, unix))
        .flatten();
    // A server that is down does not know when it will be up; one that does, throttles.
    let throttled = code == 503 && hint.is_some();
    let verdict = Verdict::failure(if throttled {
        ErrorKind::RateLimited
    } else {
        kind
    });
    obey_headers(headers, verdict)
        .with_status(code)
        .with_hint(hint)
        .with_request_id(find_request_id(headers, None).map(str::to_owned))
}

/// The server's own word on retries. Its yes does not make harmless what may have been executed.
pub(super) fn obey_headers(headers: &HeaderMap, verdict: Verdict) -> Verdict {
    match hint::should_retry(headers) {
        Some(false) => verdict.with_retriability(Retriability::Never),
        Some(true) if verdict.retriability == Retriability::Never => {
            verdict.with_retriability(Retriability::IfIdempotent)
        }
        _ => verdict,
    }
}

/// Whether a hint of such an answer means every caller of the key.
fn may_hint(kind: ErrorKind) -> bool {
    use ErrorKind::{Internal, QuotaExhausted, RateLimited, Unavailable};
    matches!(kind, RateLimited | QuotaExhausted | Unavailable | Internal)
}

fn redirect(code: u16, headers: &HeaderMap) -> Verdict {
    let verdict = Verdict::failure(ErrorKind::Other)
        .with_status(code)
        .with_health(Health::Neutral)
        .with_delivery(Delivery::Executed)
        .with_request_id(find_request_id(headers, None).map(str::to_owned));
    match headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
    {
        Some(location) => verdict
            .with_message("redirects are not followed")
            .with_context("location", crate::redact::url(location)),
        None => verdict.with_message("answer is neither a success nor an error"),
    }
}
