//! Every setting there is, in the order in which it is read and shown.

use super::{
    compound::{Algorithm, Base, Header, Quotas, Secret, Window},
    field::{Field, Values},
    form::{Bytes, Count, Form, MaybeTime, Switch, Time, Words},
};
use crate::{
    adaptive::{Adaptive, AdaptiveLimitConfig, Aimd, Gradient2},
    backoff::Jitter,
    bulkhead::BulkheadConfig,
    circuit_breaker::{CircuitBreakerConfig, CircuitMode},
    hedge::HedgeConfig,
    http::Proxy,
    rate_limit::{Learn, RateLimitConfig},
    resilience::Preset,
};

/// Makes fields, each of its path, its form, the place of its value, and what it means.
macro_rules! fields {
    ($($path:literal: $form:ty, |$all:ident| $place:expr, $help:literal;)*) => {
        &[$(Field {
            path: $path,
            help: $help,
            form: <$form>::form,
            is_switch: <$form>::IS_SWITCH,
            read: |$all, given| $place.map(|value| <$form>::read(given, value)),
            show: |$all| $place.and_then(|value| <$form>::show(value)),
        }),*]
    };
}

/// A section comes before what is in it.
pub(super) static FIELDS: &[Field] = fields! {
    "preset": Words<Preset>, |all| Some(&mut all.preset),
        "what the other values begin with; wins over the preset of the program";
    "base": Base, |all| Some(&mut all.base),
        "where the service is";
    "secret": Secret, |all| Some(&mut all.secret),
        "where its secret is kept";
    "deadline": Time, |all| Some(&mut all.policies.deadline),
        "a whole call, waits included; above 0";
    "attempt_timeout": Time, |all| Some(&mut all.policies.attempt_timeout),
        "one attempt, body included; above 0, at most `deadline`";
    "retry.max_attempts": Count<u32>, |all| Some(&mut all.policies.max_attempts),
        "attempts of a call, the first included; 1 to 100";
    "retry.backoff.base": Time, |all| Some(&mut all.policies.backoff.base),
        "the first wait after a failure";
    "retry.backoff.cap": Time, |all| Some(&mut all.policies.backoff.cap),
        "the longest wait after a failure";
    "retry.backoff.jitter": Words<Jitter>, |all| Some(&mut all.policies.backoff.jitter),
        "how much of a wait is left to chance";
    "retry.rate_limited_backoff.base": Time, |all| Some(&mut all.policies.rate_limited_backoff.base),
        "the first wait after a rate limit without a hint";
    "retry.rate_limited_backoff.cap": Time, |all| Some(&mut all.policies.rate_limited_backoff.cap),
        "the longest of these waits";
    "retry.rate_limited_backoff.jitter": Words<Jitter>, |all| Some(&mut all.policies.rate_limited_backoff.jitter),
        "how much of these waits is left to chance";
    "retry.hint_cap": Time, |all| Some(&mut all.policies.hint_cap),
        "the longest `Retry-After` that a call waits for";
    "retry_budget.percent": Count<u8>, |all| Some(&mut all.policies.retry_budget.percent),
        "retries in percent of the calls; 0 to 100";
    "retry_budget.min_per_second": Count<u32>, |all| Some(&mut all.policies.retry_budget.min_per_second),
        "retries a second however few the calls are";
    "retry_budget.capacity": Count<u32>, |all| Some(&mut all.policies.retry_budget.capacity),
        "retries that can be saved up; at least 1";
    "retry_budget.failure_price": Count<u32>, |all| Some(&mut all.policies.retry_budget.failure_price),
        "tokens for a retry after a failure; 0 to 1,000, 10 are one retry";
    "retry_budget.timeout_price": Count<u32>, |all| Some(&mut all.policies.retry_budget.timeout_price),
        "tokens for a retry after a timeout; 0 to 1,000";
    "retry_budget.throttle_price": Count<u32>, |all| Some(&mut all.policies.retry_budget.throttle_price),
        "tokens for a retry after a rate limit; 0 to 1,000";
    "retry_budget.hedge_price": Count<u32>, |all| Some(&mut all.policies.retry_budget.hedge_price),
        "tokens for a hedge; 0 to 1,000";
    "retry_budget.success_refund_percent": Count<u8>, |all| Some(&mut all.policies.retry_budget.success_refund_percent),
        "what comes back when the retry succeeded; 0 to 100";
    "circuit_breaker": Switch<CircuitBreakerConfig>, |all| Some(&mut all.policies.circuit_breaker),
        "whether a key that fails is left alone";
    "circuit_breaker.window": Window, |all| breaker(all).map(|it| &mut it.window),
        "which results are looked at; 1 to 10,000, or 100 ms to 1 hour";
    "circuit_breaker.min_throughput": Count<u16>, |all| breaker(all).map(|it| &mut it.min_throughput),
        "results needed before it can open; 1 to `window`";
    "circuit_breaker.failure_rate": Count<u8>, |all| breaker(all).map(|it| &mut it.failure_rate),
        "failures in percent at which it opens; 1 to 100";
    "circuit_breaker.slow_call_after": MaybeTime, |all| breaker(all).map(|it| &mut it.slow_call_after),
        "from when on a call is slow; above 0";
    "circuit_breaker.slow_call_rate": Count<u8>, |all| breaker(all).map(|it| &mut it.slow_call_rate),
        "slow calls in percent at which it opens; 1 to 100";
    "circuit_breaker.open_for": Time, |all| breaker(all).map(|it| &mut it.open_for),
        "how long it stays open first; above 0, at most `max_open_for`";
    "circuit_breaker.max_open_for": Time, |all| breaker(all).map(|it| &mut it.max_open_for),
        "how long it stays open at most";
    "circuit_breaker.probes": Count<u16>, |all| breaker(all).map(|it| &mut it.probes),
        "calls let through to find out; at least 1";
    "circuit_breaker.mode": Words<CircuitMode>, |all| breaker(all).map(|it| &mut it.mode),
        "what it does to begin with";
    "rate_limit": Switch<RateLimitConfig>, |all| Some(&mut all.policies.rate_limit),
        "whether attempts are limited by time";
    "rate_limit.learn": Words<Learn>, |all| rate_limit(all).map(|it| &mut it.learn),
        "what the word of a server changes";
    "rate_limit.quotas": Quotas, |all| rate_limit(all),
        "what goes in which time; at most 8";
    "bulkhead": Switch<BulkheadConfig>, |all| Some(&mut all.policies.bulkhead),
        "whether calls at once are bounded";
    "bulkhead.max_in_flight": Count<u32>, |all| bulkhead(all).map(|it| &mut it.max_in_flight),
        "calls of a key at once; 1 to 1,000,000,000";
    "bulkhead.max_queue": Count<u32>, |all| bulkhead(all).map(|it| &mut it.max_queue),
        "calls that wait for a place; 0 refuses at once";
    "bulkhead.max_wait": MaybeTime, |all| bulkhead(all).map(|it| &mut it.max_wait),
        "the longest wait for a place, at most `deadline`; none for that";
    "adaptive": Switch<AdaptiveLimitConfig>, |all| Some(&mut all.policies.adaptive),
        "whether attempts at once find their own bound";
    "adaptive.algorithm": Algorithm, |all| adaptive(all).map(|it| &mut it.algorithm),
        "how the bound moves";
    "adaptive.min": Count<u32>, |all| adaptive(all).map(|it| &mut it.min),
        "attempts that may always run; at least 1";
    "adaptive.max": Count<u32>, |all| adaptive(all).map(|it| &mut it.max),
        "attempts that may run at most; `min` to 1,000,000";
    "adaptive.initial": Count<u32>, |all| adaptive(all).map(|it| &mut it.initial),
        "attempts that may run at first; `min` to `max`";
    "adaptive.max_queue": Count<u32>, |all| adaptive(all).map(|it| &mut it.max_queue),
        "attempts that wait for a place; 0 refuses at once";
    "adaptive.aimd.backoff_percent": Count<u8>, |all| aimd(all).map(|it| &mut it.backoff_percent),
        "what is left after a decrease, in percent; 10 to 99";
    "adaptive.aimd.max_rtt": MaybeTime, |all| aimd(all).map(|it| &mut it.max_rtt),
        "from when on an attempt counts as turned away; above 0";
    "adaptive.gradient2.tolerance_percent": Count<u16>, |all| gradient2(all).map(|it| &mut it.tolerance_percent),
        "how slow is not too slow, in percent of the usual; 100 to 1,000";
    "adaptive.gradient2.smoothing_percent": Count<u8>, |all| gradient2(all).map(|it| &mut it.smoothing_percent),
        "how much of a change takes effect; 1 to 100";
    "adaptive.gradient2.headroom": Count<u16>, |all| gradient2(all).map(|it| &mut it.headroom),
        "places above what the latency suggests; 1 to 1,000";
    "adaptive.gradient2.long_window": Count<u32>, |all| gradient2(all).map(|it| &mut it.long_window),
        "round trips that are usual; 10 to 100,000";
    "adaptive.gradient2.probe_every": Count<u32>, |all| gradient2(all).map(|it| &mut it.probe_every),
        "round trips between two looks; 10 to 100,000";
    "hedge": Switch<HedgeConfig>, |all| Some(&mut all.policies.hedge),
        "whether safe calls that are slow are sent twice";
    "hedge.percentile": Count<u8>, |all| hedge(all).map(|it| &mut it.percentile),
        "how many of a hundred are not slow; 50 to 99";
    "hedge.min_delay": Time, |all| hedge(all).map(|it| &mut it.min_delay),
        "the shortest delay before a hedge; above 0";
    "hedge.max_delay": Time, |all| hedge(all).map(|it| &mut it.max_delay),
        "the longest delay before a hedge; `min_delay` to 2 minutes";
    "hedge.min_samples": Count<u32>, |all| hedge(all).map(|it| &mut it.min_samples),
        "attempts measured before there is a delay; at least 1";
    "hedge.window": Time, |all| hedge(all).map(|it| &mut it.window),
        "after what time a measure is forgotten; at least 1 s";
    "keys.capacity": Count<usize>, |all| Some(&mut all.policies.keys.capacity),
        "keys held at once; 1 to 1,000,000";
    "keys.idle": Time, |all| Some(&mut all.policies.keys.idle),
        "how long a key is held unused; above 0";
    "http.connect_timeout": Time, |all| Some(&mut all.http.connect_timeout),
        "a connection, TLS included; above 0, at most `attempt_timeout`; needs a new client";
    "http.idle_timeout": Time, |all| Some(&mut all.http.idle_timeout),
        "the longest silence inside a body; above 0";
    "http.body_limit": Bytes, |all| Some(&mut all.http.body_limit),
        "bytes of a body that are read; at least 1";
    "http.pool_per_host": Count<usize>, |all| Some(&mut all.http.pool_per_host),
        "idle connections kept for a host; needs a new client";
    "http.proxy": Words<Proxy>, |all| Some(&mut all.http.proxy),
        "where requests are sent through; needs a new client";
    "http.deadline_header": Header, |all| Some(&mut all.http.deadline_header),
        "tells the server how long an attempt is waited for";
};

fn breaker(all: &mut Values) -> Option<&mut CircuitBreakerConfig> {
    all.policies.circuit_breaker.as_mut()
}

fn rate_limit(all: &mut Values) -> Option<&mut RateLimitConfig> {
    all.policies.rate_limit.as_mut()
}

fn bulkhead(all: &mut Values) -> Option<&mut BulkheadConfig> {
    all.policies.bulkhead.as_mut()
}

fn adaptive(all: &mut Values) -> Option<&mut AdaptiveLimitConfig> {
    all.policies.adaptive.as_mut()
}

fn hedge(all: &mut Values) -> Option<&mut HedgeConfig> {
    all.policies.hedge.as_mut()
}

fn aimd(all: &mut Values) -> Option<&mut Aimd> {
    match adaptive(all).map(|it| &mut it.algorithm) {
        Some(Adaptive::Aimd(aimd)) => Some(aimd),
        _ => None,
    }
}

fn gradient2(all: &mut Values) -> Option<&mut Gradient2> {
    match adaptive(all).map(|it| &mut it.algorithm) {
        Some(Adaptive::Gradient2(gradient)) => Some(gradient),
        _ => None,
    }
}

/// Returns the place of a setting in the table.
pub(super) fn place_of(path: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.path == path)
}
