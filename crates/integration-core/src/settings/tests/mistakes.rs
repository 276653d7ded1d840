//! Every mistake is named with its place, the rule and what to write instead.

use proptest::prelude::*;

use super::{NO_ENV, Preset, Settings, demo, wrong};
use crate::error::ErrorKind;

/// A line of a table, and what is said of it.
const WRONG: &[(&str, &str)] = &[
    (
        "deadline = 30",
        "`demo.deadline` must be a time with its unit, such as \"250ms\", \"1.5s\", \"2m\" or \"1h\", not a bare number (text line 2)",
    ),
    (
        "deadline = \"-5s\"",
        "`demo.deadline` must be a time with its unit",
    ),
    (
        "deadline = \"99999999999999999999s\"",
        "`demo.deadline` must be a time with its unit",
    ),
    (
        "deadline = \"31d\"",
        "`demo.deadline` must be at most 30 days (text line 2)",
    ),
    ("deadline = 1.5", "not a fraction"),
    ("deadline = 1979-05-27", "not a date"),
    ("deadline = { secs = 5 }", "not a table"),
    (
        "retry.max_attempts = \"4\"",
        "`demo.retry.max_attempts` must be a whole number, not a text",
    ),
    ("retry.max_attempts = -1", "must be a whole number"),
    (
        "retry.max_attempts = 99999999999999999999999999",
        "must be a whole number",
    ),
    ("retry.max_attempts = true", "not true or false"),
    ("retry_budget.percent = 256", "must be at most 255"),
    ("preset = \"paymnets\"", "did you mean \"payments\"?"),
    (
        "retry.backoff.jitter = \"Full\"",
        "must be one of \"full\", \"equal\", \"decorrelated\", \"none\", did you mean \"full\"?",
    ),
    (
        "circuit_breaker = 3",
        "`demo.circuit_breaker` must be true, false or a table",
    ),
    (
        "circuit_breaker.window = 100",
        "\"100 results\", \"5 in a row\" or a time such as \"10s\"",
    ),
    (
        "circuit_breaker.window = \"70000 results\"",
        "`demo.circuit_breaker.window` must be",
    ),
    (
        "rate_limit.quotas = \"100 calls per 1s\"",
        "must be a list of texts such as [\"100 calls per 1s\"",
    ),
    (
        "rate_limit.quotas = [\"100/s\"]",
        "must be a list of texts such as [\"100 calls per 1s\"",
    ),
    (
        "rate_limit.quotas = [{ permits = 1 }]",
        "must be a list of texts",
    ),
    (
        "rate_limit.quotas = [\"1 a-unit-with-a-name-that-is-too-long per 1s\"]",
        "must be a list of texts",
    ),
    (
        "http.body_limit = \"8MB\"",
        "such as 65536, or a text such as \"64KiB\" or \"8MiB\"",
    ),
    (
        "http.body_limit = \"99999999999999999GiB\"",
        "must be a number of bytes",
    ),
    (
        "http.deadline_header = \"x-left\"",
        "or a name after its unit such as \"millis:x-timeout-ms\"",
    ),
    ("retry = 3", "`demo.retry` must be a table (text line 2)"),
    (
        "adaptive.aimd.max_rtt = \"1s\"",
        "belongs to another `adaptive.algorithm`",
    ),
];

#[test]
fn a_mistake_in_a_file_names_line_setting_rule_and_fix() {
    for (line, expected) in WRONG {
        let error = wrong(&format!("[demo]\n{line}"));
        assert!(error.contains(expected), "{line}: {error}");
        assert!(error.starts_with("settings: "), "{error}");
    }
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest_one() {
    let rows = [
        (
            "max_attempts = 4",
            "`demo.max_attempts` is no setting, did you mean `demo.retry.max_attempts`? (text line 2)",
        ),
        (
            "retry.max_attempt = 4",
            "did you mean `demo.retry.max_attempts`?",
        ),
        (
            "retry.Max_Attempts = 4",
            "did you mean `demo.retry.max_attempts`?",
        ),
        ("dedline = \"1s\"", "did you mean `demo.deadline`?"),
        (
            "circuitbreaker = false",
            "did you mean `demo.circuit_breaker`?",
        ),
        (
            "[demo.circuit_braker]\nprobes = 3",
            "`demo.circuit_braker` is no setting, did you mean `demo.circuit_breaker`? (text line 2)",
        ),
        (
            "[demo.retry.backof]\nbase = \"1s\"",
            "did you mean `demo.retry.backoff`?",
        ),
        ("http.pool = 3", "did you mean `demo.http."),
    ];
    for (line, expected) in rows {
        let error = wrong(&format!("[demo]\n{line}"));
        assert!(error.contains(expected), "{line}: {error}");
    }
}

#[test]
fn values_that_contradict_each_other_are_told_with_where_each_came_from() {
    let rows = [
        (
            "attempt_timeout = \"40s\"",
            "`demo.attempt_timeout` must be above 0 and at most `deadline`; `attempt_timeout` is \"40s\" (text line 2), `deadline` is \"30s\" (default)",
        ),
        (
            "retry.max_attempts = 0",
            "`demo.retry.max_attempts` must be 1 to 100; `retry.max_attempts` is 0 (text line 2)",
        ),
        (
            "http.connect_timeout = \"11s\"",
            "`demo.http.connect_timeout` must be above 0 and at most `attempt_timeout`; `http.connect_timeout` is \"11s\" (text line 2), `attempt_timeout` is \"10s\" (default)",
        ),
        (
            "http.body_limit = 0",
            "`demo.http.body_limit` must be at least 1; `http.body_limit` is 0",
        ),
        (
            "bulkhead.max_wait = \"31s\"",
            "`demo.bulkhead.max_wait` must be at most `deadline`; `bulkhead.max_wait` is \"31s\" (text line 2), `deadline` is",
        ),
        (
            "circuit_breaker.open_for = \"2m\"",
            "`circuit_breaker.max_open_for` is \"1m\" (default)",
        ),
        (
            "circuit_breaker.min_throughput = 200",
            "must be 1 to `window`; `circuit_breaker.min_throughput` is 200 (text line 2), `circuit_breaker.window` is \"100 results\" (default)",
        ),
        ("adaptive.max = 2", "`adaptive.min` is 4 (default)"),
        (
            "adaptive.gradient2.headroom = 0",
            "`demo.adaptive.gradient2.headroom` must be 1 to 1000",
        ),
        (
            "hedge.percentile = 20",
            "`demo.hedge.percentile` must be 50 to 99",
        ),
        (
            "keys.capacity = 0",
            "`demo.keys.capacity` must be 1 to 1000000",
        ),
        (
            "retry_budget.percent = 101",
            "`demo.retry_budget.percent` must be 0 to 100",
        ),
        (
            "rate_limit.quotas = [\"0 calls per 1s\"]",
            "`demo.rate_limit.quotas` must be at least 1",
        ),
        (
            "rate_limit.quotas = [\"1 calls per 1s\", \"2 calls per 1s\"]",
            "must differ in `unit` or in `per`",
        ),
    ];
    for (line, expected) in rows {
        let error = wrong(&format!("[demo]\n{line}"));
        assert!(error.contains(expected), "{line}: {error}");
    }
    let settings = Settings::from_toml("[demo]\ndeadline = \"10s\"").unwrap();
    let error = settings.service("demo", Preset::Payments).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(
            "`attempt_timeout` is \"25s\" (preset payments), `deadline` is \"10s\" (text line 2)"
        ),
        "{message}"
    );
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn addresses_hold_no_query_and_no_credentials_and_are_not_shown() {
    for base in [
        "https://user:hunter2@api.example.com",
        "https://hunter2@api.example.com",
        "https://api.example.com?key=hunter2",
        "https://api.example.com#hunter2",
        "ftp://hunter2.example.com",
        "hunter2",
        "https://",
    ] {
        let error = wrong(&format!("[demo]\nbase = \"{base}\""));
        assert!(
            error.contains("`demo.base` must be an address such as"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    let with_path = demo("[demo]\nbase = \"https://api.example.com/v1/\"").unwrap();
    assert_eq!(with_path.base(), Some("https://api.example.com/v1/"));
}

#[test]
fn a_secret_is_named_and_never_written() {
    for literal in [
        "hunter2",
        "env:",
        "env:sk_live_hunter2",
        "env:9A",
        "file:",
        "env:A B",
        "ENV:A",
    ] {
        let error = wrong(&format!("[demo]\nsecret = \"{literal}\""));
        assert!(
            error.contains("`demo.secret` must be \"env:NAME\" or \"file:PATH\""),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_name_must_be_one_that_a_variable_can_have() {
    for name in [
        "Stripe", "a__b", "a-_b", "1a", "a_", "\"a b\"", "\"\"", "\"ä\"", "DEMO",
    ] {
        let error = Settings::from_toml(&format!("[{name}]"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("is no name of a service"), "{error}");
    }
    let error = Settings::from_toml("[a-b]\n[a_b]").unwrap_err().to_string();
    assert!(
        error.contains("`a_b` and `a-b` have the same variables, rename one (text line 2)"),
        "{error}"
    );
    let error = Settings::from_toml("deadline = \"1s\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`deadline` must be the table of a service, such as [stripe] (text line 1)"),
        "{error}"
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let error = Settings::from_toml("[demo]\n\ndeadline = = 1")
        .unwrap_err()
        .to_string();
    assert!(error.contains("text is not TOML: line 3"), "{error}");
    let error = Settings::from_toml("[demo]\na = 1\na = 2")
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 3"), "{error}");
    let nested = format!("[demo]\na = {}", "[".repeat(100_000));
    assert!(Settings::from_toml(&nested).is_err());
}

#[test]
fn a_text_beyond_the_limit_is_refused_and_one_at_it_is_read() {
    let limit = usize::try_from(Settings::MAX_BYTES).unwrap();
    let text = |length: usize| format!("[demo]\n#{}", "x".repeat(length - 8));
    assert!(Settings::from_toml(&text(limit)).is_ok());
    let error = Settings::from_toml(&text(limit + 1)).unwrap_err();
    assert!(error.to_string().contains("has more than 1 MiB"), "{error}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = Settings::from_toml(&text);
    }

    #[test]
    fn no_value_makes_it_panic(
        path in "(deadline|retry.max_attempts|circuit_breaker(.window)?|rate_limit.quotas|base|secret|http.body_limit|http.deadline_header|retry[a-z._]{0,9})",
        value in "(\".{0,40}\"|[0-9a-fx_.+-]{1,30}|true|false|\\[.{0,20}\\]|\\{.{0,20}\\})",
        variable in ".{0,60}",
    ) {
        let _ = demo(&format!("[demo]\n{path} = {value}"));
        let name = path.to_uppercase().replace('.', "__");
        let settings = Settings::from_toml("[demo]").unwrap().with_env(NO_ENV).unwrap();
        let settings = settings.with_env([(format!("INTEGRATION__DEMO__{name}"), variable)]);
        let _ = settings.and_then(|settings| settings.service("demo", Preset::Standard));
    }

    #[test]
    fn no_name_of_a_variable_makes_it_panic(name in "INTEGRATION__.{0,40}", value in ".{0,20}") {
        let settings = Settings::from_toml("[demo]").unwrap().with_env([(name, value)]);
        let _ = settings.map(|settings| (settings.services(), settings.to_string()));
    }
}
