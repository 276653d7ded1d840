use std::time::Duration;

use bytes::Bytes;

use super::{Delivery, Error, ErrorKind, GaveUp, MAX_BODY_KEPT, MAX_CONTEXT, Retriability};

fn error() -> Error {
    Error::new(ErrorKind::RateLimited, "demo.charges.create")
}

#[test]
fn it_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn it_displays_as_operation_message_and_pairs() {
    assert_eq!(error().to_string(), "demo.charges.create: rate limited");
    let error = error()
        .with_message("slow down")
        .with_status(429)
        .with_context("account", "a7")
        .with_context("plan", "free tier")
        .with_context("empty", "")
        .with_request_id("req_1")
        .with_retry_after(Duration::from_secs(2))
        .with_gave_up(GaveUp::HintTooLong);
    assert_eq!(
        error.to_string(),
        "demo.charges.create: slow down status=429 account=a7 plan=\"free tier\" empty=\"\" \
         request_id=req_1 retry_after=2s gave_up=hint_too_long"
    );
}

#[test]
fn it_stays_on_one_line() {
    let error = error()
        .with_message("two\nlines\r\n")
        .with_context("key", "three\nlines");
    assert!(!error.to_string().contains(['\n', '\r']), "{error}");
}

#[test]
fn its_source_is_not_repeated() {
    let error = error().with_source("the cause");
    assert!(!error.to_string().contains("cause"));
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the cause"
    );
}

#[test]
fn its_address_loses_query_and_credentials() {
    let error = error().with_url("https://user:pass@api.example.com/v1?key=1#part");
    assert_eq!(
        error.to_string(),
        "demo.charges.create: rate limited url=https://api.example.com/v1"
    );
}

#[test]
fn a_hint_turns_always_into_after_and_leaves_never() {
    let wait = Duration::from_secs(5);
    assert_eq!(
        error().with_retry_after(wait).retriability(),
        Retriability::After(wait)
    );
    let never = Error::new(ErrorKind::QuotaExhausted, "demo").with_retry_after(wait);
    assert_eq!(never.retriability(), Retriability::Never);
    assert_eq!(never.retry_after(), Some(wait));
}

#[test]
fn an_earlier_attempt_that_may_have_executed_is_not_forgotten() {
    let error = Error::new(ErrorKind::Connect, "demo");
    assert_eq!(error.delivery(), Delivery::NotSent);
    let error = error.at_least(Delivery::MaybeExecuted);
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(
        error.at_least(Delivery::NotSent).delivery(),
        Delivery::MaybeExecuted
    );
}

#[test]
fn the_providers_error_is_found_by_its_type() {
    #[derive(Debug, PartialEq)]
    struct DemoError(u8);
    let error = error().with_provider(DemoError(3));
    assert_eq!(error.provider::<DemoError>(), Some(&DemoError(3)));
    assert_eq!(error.provider::<String>(), None);
}

#[test]
fn body_and_context_are_bounded() {
    for extra in [0, 1] {
        let body = Bytes::from(vec![0; MAX_BODY_KEPT + extra]);
        let error = error().with_provider_body(&body);
        assert_eq!(error.provider_body().unwrap().len(), MAX_BODY_KEPT);
    }
    let mut error = error();
    for number in 0..=MAX_CONTEXT {
        error = error.with_context("key", number);
    }
    assert_eq!(error.context().count(), MAX_CONTEXT);
}

#[test]
fn a_body_is_in_no_display_and_no_debug() {
    let error = error()
        .with_provider_body(&Bytes::from_static(b"personal data"))
        .with_provider(1);
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(!shown.contains("personal"), "{shown}");
}
