//! Answers that no sane server gives, and configurations that cannot hold.

use std::time::Duration;

use integration_core::{
    Backoff, Delivery, ErrorKind, GaveUp, bulkhead::BulkheadConfig,
    circuit_breaker::CircuitBreakerConfig, http::Client, keyed::KeyedConfig, rate_limit::Quota,
    resilience::Config, retry_budget::RetryBudgetConfig,
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, now, quick};

#[tokio::test]
async fn a_head_that_is_too_large_is_final() {
    let megabyte = Reply::ok("").header("x-large", &"x".repeat(1024 * 1024));
    let many = (0..10_000).fold(Reply::ok(""), |reply, n| {
        reply.header(&format!("x-{n}"), "y")
    });
    for reply in [megabyte, many] {
        let server = ScriptedServer::replies([reply]).await.unwrap();
        let error = client(&server, quick()).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
        assert_eq!(error.message(), "head of the answer is too large");
        assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
        assert_eq!(error.delivery(), Delivery::Executed);
        assert_eq!(server.count(), 1);
        assert!(error.to_string().len() < 500);
    }
}

#[tokio::test]
async fn a_head_below_the_limits_is_read() {
    let reply = (0..80).fold(Reply::ok("done"), |reply, n| {
        reply.header(&format!("x-{n}"), &"y".repeat(1_000))
    });
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let response = client(&server, quick()).get("/").send().await.unwrap();
    assert_eq!(response.headers()["x-79"].len(), 1_000);
}

#[tokio::test]
async fn bytes_that_are_no_http_are_a_broken_connection() {
    let server = ScriptedServer::replies([Reply::garbage(), Reply::ok("done")])
        .await
        .unwrap();
    let response = client(&server, quick()).get("/").send().await.unwrap();
    assert_eq!(response.attempts(), 2);

    let server = ScriptedServer::replies([Reply::garbage()]).await.unwrap();
    let error = client(&server, quick()).post("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(error.delivery(), Delivery::MaybeExecuted);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_hint_that_is_past_or_garbage_is_no_wait() {
    let values = [
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "0",
        "-1",
        "soon",
        "1e9",
        "Wed, 99 Oct 2015 07:28:00 GMT",
        "",
    ];
    for value in values {
        let throttled = Reply::status(429).header("retry-after", value);
        let server = ScriptedServer::replies([throttled, Reply::ok("done")])
            .await
            .unwrap();
        let started = now();
        let response = client(&server, quick()).get("/").send().await.unwrap();
        assert_eq!(response.attempts(), 2, "{value:?}");
        assert!(now() - started < Duration::from_millis(500), "{value:?}");
    }
}

#[test]
fn impossible_configurations_are_refused_with_field_and_rule() {
    for (policies, rule) in calls().into_iter().chain(policies()) {
        let built = Client::builder().policies(policies).build();
        let error = built.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().starts_with(rule), "{error}");
        let field = rule.split('`').nth(1).unwrap();
        let named = error.context().any(|pair| pair == ("field", field));
        assert!(named, "{error}");
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn calls() -> Vec<(Config, &'static str)> {
    let ok = Config::default;
    let budget = RetryBudgetConfig::default;
    vec![
        (
            ok().with_timeouts(SECOND, 2 * SECOND),
            "`attempt_timeout` must be above 0 and at most `deadline`",
        ),
        (
            ok().with_timeouts(Duration::ZERO, Duration::ZERO),
            "`deadline` must be above 0 and at most 30 days",
        ),
        (ok().with_max_attempts(0), "`max_attempts` must be 1 to 100"),
        (
            ok().with_backoff(Backoff::exponential(SECOND, Duration::MAX)),
            "`backoff.cap` must be at most 30 days",
        ),
        (
            ok().with_retry_budget(budget().with_capacity(0)),
            "`retry_budget.capacity` must be at least 1",
        ),
        (
            ok().with_retry_budget(budget().with_percent(0).with_min_per_second(0)),
            "`retry_budget.percent` must be above 0 when `min_per_second` is 0",
        ),
        (
            ok().with_retry_budget(budget().with_percent(101)),
            "`retry_budget.percent` must be 0 to 100",
        ),
    ]
}

fn policies() -> Vec<(Config, &'static str)> {
    let ok = Config::default;
    let breaker = CircuitBreakerConfig::default;
    vec![
        (
            ok().with_circuit_breaker(breaker().with_window(0, 0)),
            "`circuit_breaker.window` must be 1 to ",
        ),
        (
            ok().with_circuit_breaker(breaker().with_window(10, 11)),
            "`circuit_breaker.min_throughput` must be 1 to `window`",
        ),
        (
            ok().with_circuit_breaker(breaker().with_failure_rate(0)),
            "`circuit_breaker.failure_rate` must be 1 to 100 percent",
        ),
        (
            ok().with_circuit_breaker(breaker().with_open_for(2 * SECOND, SECOND)),
            "`circuit_breaker.open_for` must be above 0 and at most `max_open_for`",
        ),
        (
            ok().with_circuit_breaker(breaker().with_probes(0)),
            "`circuit_breaker.probes` must be at least 1",
        ),
        (
            ok().with_rate_limit(Quota::new(1, Duration::ZERO)),
            "`rate_limit.per` must be above 0",
        ),
        (
            ok().with_rate_limit(Quota::per_second(1).with_burst(0)),
            "`rate_limit.burst` must be at least 1",
        ),
        (
            ok().with_bulkhead(BulkheadConfig::default().with_max_in_flight(0)),
            "`bulkhead.max_in_flight` must be 1 to 1000000000",
        ),
        (
            ok().with_keys(KeyedConfig::default().with_capacity(0)),
            "`keys.capacity` must be 1 to 1000000",
        ),
    ]
}

#[tokio::test]
async fn a_host_without_a_public_address_is_not_connected_to_where_that_is_asked_for() {
    let server = ScriptedServer::replies([Reply::ok("secret")])
        .await
        .unwrap();
    let port = server.url("/").rsplit_once(':').unwrap().1.to_owned();
    let port = port.trim_end_matches('/');
    let public = Client::builder().public_addresses_only().build().unwrap();
    for host in ["localhost", "127.0.0.1", "[::1]", "169.254.169.254"] {
        let call = public.get(&format!("http://{host}:{port}/"));
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{host}: {error}");
        assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable), "{host}");
        assert_eq!(error.delivery(), Delivery::NotSent, "{host}");
    }
    assert_eq!(server.count(), 0);
    let any = Client::builder().build().unwrap();
    let call = any.get(&format!("http://localhost:{port}/"));
    assert_eq!(call.send().await.unwrap().body(), "secret");
}
