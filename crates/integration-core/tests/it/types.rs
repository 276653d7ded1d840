//! What the types promise to a compiler.

use integration_core::{
    Error, FastRng, SystemClock,
    adaptive::AdaptiveLimit,
    bulkhead::Bulkhead,
    circuit_breaker::CircuitBreaker,
    hedge::LatencyTracker,
    keyed::Keyed,
    pause::Pause,
    quota::QuotaReport,
    rate_limit::{Cost, RateLimit, RateLimitConfig},
    resilience::{Resilience, ResilienceLayer},
    retry_budget::RetryBudget,
};

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone>() {}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn what_is_shared_can_be_shared() {
    shared::<Error>();
    shared::<SystemClock>();
    shared::<FastRng>();
    shared::<AdaptiveLimit>();
    shared::<Bulkhead>();
    shared::<CircuitBreaker>();
    shared::<Keyed<u8>>();
    shared::<LatencyTracker>();
    shared::<Pause>();
    shared::<Cost>();
    shared::<QuotaReport>();
    shared::<RateLimit>();
    shared::<RateLimitConfig>();
    shared::<RetryBudget>();
    shared::<ResilienceLayer<u8>>();
    shared::<Resilience<u8, u8>>();
    cloned::<ResilienceLayer<u8>>();
    cloned::<Resilience<u8, u8>>();
}

#[cfg(feature = "http")]
#[test]
fn a_client_and_its_calls_can_be_sent_to_other_tasks() {
    use integration_core::http::{Client, RequestBuilder, Response};

    fn sent<T: Send>(_: &T) {}
    shared::<Client>();
    shared::<Box<dyn integration_core::quota::QuotaParser>>();
    shared::<Response>();
    cloned::<Client>();
    cloned::<Response>();
    shared::<RequestBuilder>();
    let client = Client::builder().build().unwrap();
    sent(&client.get("http://127.0.0.1:9/").send());
}
