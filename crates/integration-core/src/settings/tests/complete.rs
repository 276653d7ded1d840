//! Every field of every configuration can be set, and what is shown is read again.

use proptest::prelude::*;

use super::{
    super::{keys, section::env_name, table::FIELDS},
    Preset, Settings, demo,
};
use crate::{
    adaptive::{AdaptiveLimitConfig, Aimd, Gradient2},
    backoff::Backoff,
    bulkhead::BulkheadConfig,
    circuit_breaker::CircuitBreakerConfig,
    hedge::HedgeConfig,
    http::HttpConfig,
    keyed::KeyedConfig,
    rate_limit::RateLimitConfig,
    resilience::Config,
    retry_budget::RetryBudgetConfig,
};

/// Each setting with a value that is not its default, as TOML and as a variable has it.
const OTHERS: &[(&str, &str, &str)] = &[
    ("preset", "\"payments\"", "payments"),
    ("base", "\"http://127.0.0.1/v1\"", "http://127.0.0.1/v1"),
    ("secret", "\"env:DEMO_KEY\"", "env:DEMO_KEY"),
    ("deadline", "\"40s\"", "40s"),
    ("attempt_timeout", "\"9s\"", "9s"),
    ("retry.max_attempts", "4", "4"),
    ("retry.backoff.base", "\"150ms\"", "150ms"),
    ("retry.backoff.cap", "\"21s\"", "21s"),
    ("retry.backoff.jitter", "\"equal\"", "equal"),
    ("retry.rate_limited_backoff.base", "\"2s\"", "2s"),
    ("retry.rate_limited_backoff.cap", "\"1m\"", "1m"),
    (
        "retry.rate_limited_backoff.jitter",
        "\"decorrelated\"",
        "decorrelated",
    ),
    ("retry.hint_cap", "\"0s\"", "0s"),
    ("retry_budget.percent", "0", "0"),
    ("retry_budget.min_per_second", "11", "11"),
    ("retry_budget.capacity", "51", "51"),
    ("retry_budget.failure_price", "1000", "1000"),
    ("retry_budget.timeout_price", "0", "0"),
    ("retry_budget.throttle_price", "6", "6"),
    ("retry_budget.hedge_price", "7", "7"),
    ("retry_budget.success_refund_percent", "1", "1"),
    ("circuit_breaker", "false", "false"),
    ("circuit_breaker.window", "\"10s\"", "10s"),
    ("circuit_breaker.min_throughput", "10", "10"),
    ("circuit_breaker.failure_rate", "60", "60"),
    ("circuit_breaker.slow_call_after", "\"3s\"", "3s"),
    ("circuit_breaker.slow_call_rate", "70", "70"),
    ("circuit_breaker.open_for", "\"6s\"", "6s"),
    ("circuit_breaker.max_open_for", "\"2m\"", "2m"),
    ("circuit_breaker.probes", "5", "5"),
    ("circuit_breaker.mode", "\"metrics_only\"", "metrics_only"),
    ("rate_limit", "true", "true"),
    ("rate_limit.learn", "\"follow\"", "follow"),
    (
        "rate_limit.quotas",
        "[\"100 calls per 1s\", \"9000 tokens per 1m burst 50\"]",
        "100 calls per 1s, 9000 tokens per 1m burst 50",
    ),
    ("bulkhead", "false", "false"),
    ("bulkhead.max_in_flight", "7", "7"),
    ("bulkhead.max_queue", "0", "0"),
    ("bulkhead.max_wait", "\"1s\"", "1s"),
    ("adaptive", "true", "true"),
    ("adaptive.algorithm", "\"aimd\"", "aimd"),
    ("adaptive.min", "5", "5"),
    ("adaptive.max", "900", "900"),
    ("adaptive.initial", "30", "30"),
    ("adaptive.max_queue", "9", "9"),
    ("adaptive.aimd.backoff_percent", "80", "80"),
    ("adaptive.aimd.max_rtt", "\"2s\"", "2s"),
    ("adaptive.gradient2.tolerance_percent", "200", "200"),
    ("adaptive.gradient2.smoothing_percent", "30", "30"),
    ("adaptive.gradient2.headroom", "8", "8"),
    ("adaptive.gradient2.long_window", "700", "700"),
    ("adaptive.gradient2.probe_every", "50", "50"),
    ("hedge", "true", "true"),
    ("hedge.percentile", "90", "90"),
    ("hedge.min_delay", "\"20ms\"", "20ms"),
    ("hedge.max_delay", "\"4s\"", "4s"),
    ("hedge.min_samples", "60", "60"),
    ("hedge.window", "\"90s\"", "90s"),
    ("keys.capacity", "12", "12"),
    ("keys.idle", "\"1h\"", "1h"),
    ("http.connect_timeout", "\"2.5s\"", "2.5s"),
    ("http.idle_timeout", "\"5s\"", "5s"),
    ("http.body_limit", "\"64KiB\"", "64KiB"),
    ("http.pool_per_host", "3", "3"),
    ("http.proxy", "\"environment\"", "environment"),
    ("http.deadline_header", "\"millis:x-left\"", "millis:x-left"),
];

/// What else must be said for a setting to have a place.
fn needs(path: &str) -> &'static str {
    if path.starts_with("adaptive.aimd.") {
        "adaptive.algorithm = \"aimd\"\n"
    } else {
        ""
    }
}

#[test]
fn every_setting_has_another_value_in_these_tests() {
    let known: Vec<_> = FIELDS.iter().map(|field| field.path).collect();
    let tried: Vec<_> = OTHERS.iter().map(|(path, ..)| *path).collect();
    assert_eq!(known, tried);
}

#[test]
fn every_setting_changes_something_from_a_file_and_from_a_variable_alike() {
    let default = demo("").unwrap().to_string();
    for (path, toml, variable) in OTHERS {
        let file = demo(&format!("[demo]\n{}{path} = {toml}", needs(path))).unwrap();
        let plain = demo(&format!("[demo]\n{}", needs(path))).unwrap();
        assert_ne!(file.values(), plain.values(), "{path}");
        assert_ne!(file.to_string(), default, "{path}");

        let name = path.to_uppercase().replace('.', "__");
        let name = format!("INTEGRATION__{}__{name}", env_name("demo"));
        let settings = Settings::from_toml(&format!("[demo]\n{}", needs(path))).unwrap();
        let settings = settings.with_env([(name.as_str(), *variable)]).unwrap();
        let variable = settings.service("demo", Preset::Standard).unwrap();
        assert_eq!(file.values(), variable.values(), "{path}");
        if !matches!(*path, "adaptive" | "hedge" | "rate_limit") {
            assert!(
                variable.to_string().contains(&format!("# {name}")),
                "{path}"
            );
        }
    }
}

/// Returns the fields of what was shown by `{:#?}`.
fn fields(shown: &str) -> Vec<String> {
    shown
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| !line.starts_with([' ', '}', ']', ')']))
        .filter_map(|line| Some(line.split_once(": ")?.0.to_owned()))
        .collect()
}

#[test]
fn every_field_of_every_configuration_is_a_setting() {
    let backoff = Backoff::exponential(std::time::Duration::ZERO, std::time::Duration::ZERO);
    let configs = [
        ("", format!("{:#?}", Config::default())),
        ("http.", format!("{:#?}", HttpConfig::default())),
        ("retry.backoff.", format!("{backoff:#?}")),
        ("retry.rate_limited_backoff.", format!("{backoff:#?}")),
        (
            "retry_budget.",
            format!("{:#?}", RetryBudgetConfig::default()),
        ),
        (
            "circuit_breaker.",
            format!("{:#?}", CircuitBreakerConfig::default()),
        ),
        ("rate_limit.", format!("{:#?}", RateLimitConfig::default())),
        ("bulkhead.", format!("{:#?}", BulkheadConfig::default())),
        (
            "adaptive.",
            format!("{:#?}", AdaptiveLimitConfig::default()),
        ),
        ("adaptive.aimd.", format!("{:#?}", Aimd::default())),
        (
            "adaptive.gradient2.",
            format!("{:#?}", Gradient2::default()),
        ),
        ("hedge.", format!("{:#?}", HedgeConfig::default())),
        ("keys.", format!("{:#?}", KeyedConfig::default())),
    ];
    for (prefix, shown) in configs {
        let fields = fields(&shown);
        assert!(!fields.is_empty(), "{shown}");
        // How many of the quotas are there is no value of its own.
        for field in fields.iter().filter(|field| *field != "len") {
            let (path, in_retry) = (format!("{prefix}{field}"), format!("retry.{field}"));
            let is_it = |known: &str| known == path || prefix.is_empty() && known == in_retry;
            let is_set = FIELDS
                .iter()
                .any(|f| is_it(f.path) || f.is_below(&path) || f.is_below(&in_retry));
            assert!(is_set, "`{path}` is no setting");
        }
    }
}

#[test]
fn a_preset_is_read_again_from_what_it_shows() {
    for preset in Preset::ALL {
        let shown = Settings::default().service("demo", preset).unwrap();
        assert_eq!(shown.policies(), &preset.policies());
        assert_eq!(shown.http(), &preset.http());
        let again = demo(&shown.to_string()).unwrap();
        assert_eq!(again.values(), shown.values(), "{preset:?}");
    }
}

#[test]
fn every_key_is_documented_with_its_form_and_default() {
    let keys = keys();
    assert_eq!(keys.len(), FIELDS.len());
    for key in keys {
        assert!(!key.help.is_empty() && !key.form.is_empty(), "{key:?}");
        let has_none = matches!(key.path, "base" | "secret");
        assert_eq!(key.default.is_none(), has_none, "{key:?}");
        if let Some(default) = key.default {
            let toml = format!("[demo]\n{}{} = {default}", needs(key.path), key.path);
            let demo = demo(&toml).unwrap_or_else(|e| panic!("{toml}: {e}"));
            assert_eq!(demo.preset(), Preset::Standard);
        }
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(
        picked in prop::collection::btree_set(0..OTHERS.len(), 0..12),
        preset in prop::sample::select(Preset::ALL.to_vec()),
        in_environment in any::<bool>(),
    ) {
        let paths: Vec<_> = picked.iter().map(|at| OTHERS[*at]).collect();
        let lines = paths.iter().map(|(path, toml, _)| format!("{path} = {toml}\n"));
        let (file, env): (String, Vec<_>) = if in_environment {
            let vars = paths.iter().map(|(path, _, text)| {
                let name = path.to_uppercase().replace('.', "__");
                (format!("INTEGRATION__DEMO__{name}"), *text)
            });
            (String::new(), vars.collect())
        } else {
            (lines.collect(), Vec::new())
        };
        // Not all go together, which is said and not what this is about.
        let settings = Settings::from_toml(&format!("[demo]\n{file}"));
        let settings = settings.and_then(|settings| settings.with_env(env));
        if let Ok(shown) = settings.and_then(|settings| settings.service("demo", preset)) {
            let again = demo(&shown.to_string());
            let again = again.map(|again| again.values().clone());
            prop_assert_eq!(again.unwrap(), shown.values().clone());
        }
    }
}
