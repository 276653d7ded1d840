//! What the answers of Stripe mean.
//!
//! | status | code | kind |
//! |---|---|---|
//! | 400 | | `Validation` |
//! | 400 | `idempotency_error` | `IdempotencyMismatch` |
//! | 400 | `rate_limit` | `RateLimited` |
//! | 401 | | `Unauthenticated` |
//! | 402 | | `PreconditionFailed` |
//! | 403 | | `PermissionDenied` |
//! | 404 | | `NotFound` |
//! | 409 | | `Conflict` |
//! | 409 | `idempotency_key_in_use` | `IdempotencyInProgress` |
//! | 429 | | `RateLimited` |
//! | 500 | | `Internal` |
//! | 503 | | `Unavailable` |
//!
//! A 402 is a card that was declined, or a payment that failed otherwise: no mistake of the caller,
//! so it has a kind of its own. A 409 is repeated, with the key of the first attempt.

use std::fmt;

use integration_core::{
    ErrorKind, Retriability,
    classify::{Call, Classify, Verdict},
    hint,
    http::{Answer, HeaderMap, StandardClassifier, TransportError},
};

use crate::{
    Node,
    resources::{PaymentIntent, PaymentMethod, SetupIntent},
};

/// The body of an error of Stripe, reached with [`Error::provider`](crate::Error::provider).
///
/// ```
/// use integration_stripe::{Error, StripeError};
///
/// fn may_ask_for_another_card(error: &Error) -> bool {
///     let error = error.provider::<StripeError>();
///     error.is_some_and(|error| error.is_card_error() && error.code() == Some("card_declined"))
/// }
/// # let _ = may_ask_for_another_card;
/// ```
///
/// Its raw text is [`Error::provider_body`](crate::Error::provider_body).
#[derive(Clone)]
pub struct StripeError {
    /// The object `error`; in `OAuth` the whole body.
    error: Node,
    headers: HeaderMap,
}

/// Getters of text.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident;)*) => {$(
        $(#[$about])*
        #[must_use]
        pub fn $name(&self) -> Option<&str> {
            self.error.field(stringify!($name))
        }
    )*};
}

/// Getters of objects.
macro_rules! objects {
    ($($name:ident: $type:ty;)*) => {$(
        #[doc = concat!("Returns the `", stringify!($name), "` that the error is about; may hold personal data.")]
        #[must_use]
        pub fn $name(&self) -> Option<$type> {
            self.error.field(stringify!($name))
        }
    )*};
}

impl StripeError {
    /// Reads the body of an error; `None` for what Stripe does not write, such as the page of a
    /// proxy.
    #[must_use]
    pub fn read(body: &[u8], headers: HeaderMap) -> Option<Self> {
        let body = Node::parse(body).ok()?;
        let inner = body.get("error")?;
        let error = match inner.is_object() {
            true => inner,
            false => inner.str().map(|_| body)?,
        };
        Some(Self { error, headers })
    }

    /// Returns the `type`: `card_error`, `invalid_request_error`, `api_error`, `idempotency_error`,
    /// and in API v2 words such as `rate_limit` and `temporary_session_expired`.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.error.field("type")
    }

    /// Tells whether a payment failed for a reason of the payer's: show
    /// [`user_text`](Self::user_text).
    #[must_use]
    pub fn is_card_error(&self) -> bool {
        self.error_type() == Some("card_error")
    }

    /// Returns the word for what is wrong, such as `card_declined`, or the `error` of `OAuth`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.error
            .field("code")
            .or_else(|| self.error.field("error"))
    }

    /// Returns the text for developers; may hold personal data.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let message = self.error.field("message");
        message.or_else(|| self.error.field("error_description"))
    }

    /// Returns a text that may be shown to the payer: the `user_message` of API v2, or the message of
    /// a card error.
    #[must_use]
    pub fn user_text(&self) -> Option<&str> {
        let shown = self.error.field("user_message");
        shown.or_else(|| self.message().filter(|_| self.is_card_error()))
    }

    texts! {
        /// Returns why the issuer declined, such as `insufficient_funds`.
        decline_code;
        /// Returns what to do about a decline: `try_again_later`, `do_not_try_again` or
        /// `confirm_card_data`.
        advice_code;
        /// Returns the two digits of the network that advise on a retry.
        network_advice_code;
        /// Returns the code of the network.
        network_decline_code;
        /// Returns the id of the charge that failed.
        charge;
        /// Returns the parameter that is wrong.
        param;
        /// Returns where the code is explained.
        doc_url;
        /// Returns where the request is in the dashboard.
        request_log_url;
        /// Returns the kind of the payment method.
        payment_method_type;
    }

    objects! {
        payment_intent: PaymentIntent;
        payment_method: PaymentMethod;
        setup_intent: SetupIntent;
        source: Node;
    }

    /// Returns all that was sent.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.error
    }

    /// Returns the headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl fmt::Debug for StripeError {
    /// Shows words, no message, which may name a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeError")
            .field("type", &self.error_type())
            .field("code", &self.code())
            .field("decline_code", &self.decline_code())
            .field("param", &self.param())
            .finish_non_exhaustive()
    }
}

/// Returns the kind that a status, a type and a code stand for.
///
/// A 402 is a payment that failed, such as a declined card: [`ErrorKind::PreconditionFailed`], as the
/// call was right, nothing is wrong with the key or the quota, and only another means of payment helps.
#[must_use]
pub fn classify(status: u16, error_type: &str, code: &str) -> ErrorKind {
    match (status, error_type, code) {
        (_, "idempotency_error", _) if status < 500 => match code {
            "idempotency_key_in_use" => ErrorKind::IdempotencyInProgress,
            _ => ErrorKind::IdempotencyMismatch,
        },
        (409, _, "idempotency_key_in_use") => ErrorKind::IdempotencyInProgress,
        (400, _, "rate_limit") | (400, "rate_limit", _) => ErrorKind::RateLimited,
        (402, ..) => ErrorKind::PreconditionFailed,
        _ => ErrorKind::from_status(status).unwrap_or(ErrorKind::Other),
    }
}

/// Judges attempts: by `Stripe-Should-Retry` first, then by status and body.
#[derive(Debug, Default)]
pub(crate) struct Classifier {
    standard: StandardClassifier,
}

impl Classify<Answer, TransportError> for Classifier {
    fn classify(&self, call: &Call<'_>, outcome: Result<&Answer, &TransportError>) -> Verdict {
        let verdict = self.standard.classify(call, outcome);
        match outcome {
            Ok(answer) if !answer.status.is_success() => refine(verdict, answer),
            _ => verdict,
        }
    }
}

fn refine(verdict: Verdict, answer: &Answer) -> Verdict {
    let status = answer.status.as_u16();
    let body = StripeError::read(&answer.body, answer.headers.clone());
    let error_type = body.as_ref().and_then(StripeError::error_type);
    let code = body.as_ref().and_then(StripeError::code);
    let kind = classify(
        status,
        error_type.unwrap_or_default(),
        code.unwrap_or_default(),
    );
    // What the status says is refined by core with hints, and stays.
    let verdict = match ErrorKind::from_status(status) == Some(kind) {
        true => verdict,
        false => verdict.with_kind(kind),
    };
    let verdict = match hint::should_retry(&answer.headers) {
        Some(false) => verdict.with_retriability(Retriability::Never),
        Some(true) if verdict.retriability == Retriability::Never => {
            verdict.with_retriability(Retriability::IfIdempotent)
        }
        None if kind == ErrorKind::Conflict => {
            verdict.with_retriability(Retriability::IfIdempotent)
        }
        _ => verdict,
    };
    match body {
        Some(body) => explained(verdict, status, body),
        None => verdict,
    }
}

/// Adds the words that tell errors of one status apart; none of them is of the caller's data.
fn explained(mut verdict: Verdict, status: u16, body: StripeError) -> Verdict {
    if status == 402 {
        verdict = verdict.with_message("payment failed");
    }
    let words = [
        ("code", body.code()),
        ("decline_code", body.decline_code()),
        ("param", body.param()),
    ];
    for (name, word) in words {
        if let Some(word) = word.filter(|word| is_word(word)) {
            verdict = verdict.with_context(name, word);
        }
    }
    verdict.with_provider(body)
}

fn is_word(text: &str) -> bool {
    text.len() <= 128
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use integration_core::http::StatusCode;

    use super::*;

    #[test]
    fn every_documented_error_has_its_kind() {
        use ErrorKind as K;
        let idempotency = "idempotency_error";
        for (status, error_type, code, kind) in [
            (400, "invalid_request_error", "", K::Validation),
            (400, "idempotency_error", "", K::IdempotencyMismatch),
            (400, "", "rate_limit", K::RateLimited),
            (400, "rate_limit", "", K::RateLimited),
            (401, "", "", K::Unauthenticated),
            (402, "card_error", "", K::PreconditionFailed),
            (403, "", "", K::PermissionDenied),
            (404, "", "resource_missing", K::NotFound),
            (409, "", "lock_timeout", K::Conflict),
            (409, "", "idempotency_key_in_use", K::IdempotencyInProgress),
            (
                409,
                idempotency,
                "idempotency_key_in_use",
                K::IdempotencyInProgress,
            ),
            (429, "", "lock_timeout", K::RateLimited),
            (500, "api_error", "", K::Internal),
            (503, "", "", K::Unavailable),
        ] {
            assert_eq!(classify(status, error_type, code), kind, "{status} {code}");
        }
    }

    fn judged(status: u16, header: Option<&'static str>, body: &'static str) -> Verdict {
        let header = header.map(|word| ("stripe-should-retry", word));
        let headers = header.map(|(name, word)| (name.parse().unwrap(), word.parse().unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer::new(status, headers.into_iter().collect(), body.into());
        Classifier::default().classify(&Call::new("demo", "demo"), Ok(&answer))
    }

    #[test]
    fn stripes_word_on_retries_comes_before_the_status() {
        use Retriability::{Always, IfIdempotent, Never};
        for (status, none, yes, no) in [
            (400, Never, IfIdempotent, Never),
            (402, Never, IfIdempotent, Never),
            (409, IfIdempotent, IfIdempotent, Never),
            (424, Never, IfIdempotent, Never),
            (429, Always, Always, Never),
            (500, IfIdempotent, IfIdempotent, Never),
            (503, IfIdempotent, IfIdempotent, Never),
        ] {
            let of = |header| judged(status, header, "{}").retriability;
            assert_eq!(
                (of(None), of(Some("true")), of(Some("false"))),
                (none, yes, no),
                "{status}"
            );
        }
    }

    #[test]
    fn errors_of_oauth_and_of_v2_are_read_too() {
        let oauth = r#"{"error":"invalid_grant","error_description":"Code is used"}"#;
        let error = StripeError::read(oauth.as_bytes(), HeaderMap::new()).unwrap();
        assert_eq!(
            (error.code(), error.message()),
            (Some("invalid_grant"), Some("Code is used"))
        );
        let v2 = r#"{"error":{"type":"rate_limit","code":"x","user_message":"Later"}}"#;
        let error = StripeError::read(v2.as_bytes(), HeaderMap::new()).unwrap();
        assert_eq!(error.user_text(), Some("Later"));
    }
}
