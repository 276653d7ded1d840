//! What docs/RESILIENCE.md says, held against the code. The table of kinds is held in
//! `src/error/kind/tests.rs`, which knows all kinds.

use std::{fs, path::Path, time::Duration};

use integration_core::{
    Backoff, Jitter,
    adaptive::{Adaptive, AdaptiveLimitConfig, Aimd, Gradient2},
    bulkhead::BulkheadConfig,
    circuit_breaker::{CircuitBreakerConfig, CircuitMode, CircuitWindow},
    hedge::HedgeConfig,
    http::{CacheConfig, HttpConfig, Proxy},
    keyed::KeyedConfig,
    rate_limit::{Learn, RateLimitConfig},
    resilience::Config,
    retry_budget::RetryBudgetConfig,
    shared_store::{FleetConfig, RedisConfig},
};

type Row = (String, String);

/// Reads a page of the documentation, or returns `None` where the crate was published alone.
#[expect(clippy::print_stdout, reason = "tells that nothing was checked")]
fn page(name: &str) -> Option<String> {
    let docs = crate_folder().join("../../docs");
    if !docs.is_dir() {
        println!("skipped: this crate is here without its workspace");
        return None;
    }
    Some(fs::read_to_string(docs.join(name)).unwrap())
}

fn text() -> Option<String> {
    page("RESILIENCE.md")
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the cells of the rows of a section, without its heads.
fn rows<'a>(text: &'a str, section: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = text.split_once(&format!("\n## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).skip(1).collect()
}

#[test]
fn every_default_is_the_one_that_is_written() {
    let Some(text) = text() else { return };
    let told: Vec<Row> = rows(&text, "Defaults")
        .iter()
        .map(|row| (row[0].replace('`', ""), row[1].replace('`', "")))
        .collect();
    let meant: Vec<Row> = [
        policies(),
        retry_budget(),
        circuit_breaker(),
        limits(),
        adaptive(),
        hedge_and_keys(),
        http(),
        fleet(),
    ]
    .concat();
    for (told, meant) in told.iter().zip(&meant) {
        assert_eq!(told, meant);
    }
    assert_eq!(told.len(), meant.len());
}

#[test]
fn every_field_of_a_configuration_has_its_default_written() {
    let Some(text) = text() else { return };
    let rows = rows(&text, "Defaults");
    let configs = [
        ("", format!("{:#?}", Config::default())),
        ("", format!("{:#?}", HttpConfig::default())),
        (
            "retry_budget.",
            format!("{:#?}", RetryBudgetConfig::default()),
        ),
        (
            "circuit_breaker.",
            format!("{:#?}", CircuitBreakerConfig::default()),
        ),
        ("bulkhead.", format!("{:#?}", BulkheadConfig::default())),
        (
            "adaptive.",
            format!("{:#?}", AdaptiveLimitConfig::default()),
        ),
        ("Aimd.", format!("{:#?}", Aimd::default())),
        ("Gradient2.", format!("{:#?}", Gradient2::default())),
        ("hedge.", format!("{:#?}", HedgeConfig::default())),
        ("keys.", format!("{:#?}", KeyedConfig::default())),
        ("cache.", format!("{:#?}", CacheConfig::default())),
        ("fleet.", format!("{:#?}", FleetConfig::new(1))),
        ("redis.", format!("{:#?}", redis())),
    ];
    for (prefix, shown) in configs {
        let fields = fields(&shown);
        assert!(!fields.is_empty(), "{shown}");
        for field in fields {
            let alone = format!("`{prefix}{field}`");
            let parts = format!("`{prefix}{field}.");
            let is_told = |row: &Vec<&str>| row[0] == alone || row[0].starts_with(&parts);
            assert!(rows.iter().any(is_told), "{alone} has no row");
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let Some(text) = text() else { return };
    let named = functions_in(&text);
    assert!(named.len() > 20, "{named:?}");
    for (file, name) in named {
        let path = match file.strip_prefix("it/") {
            Some(file) => crate_folder().join("tests/it").join(file),
            None => crate_folder().join(file),
        };
        let source = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert!(has_test(&source, name), "{file} has no test {name}");
    }
}

#[test]
fn every_comparison_names_its_proof_and_every_link_leads_somewhere() {
    let Some(text) = text() else { return };
    let rows = rows(&text, "Compared");
    assert!(rows.len() >= 20, "{}", rows.len());
    for row in rows {
        assert_eq!(row.len(), 7, "{row:?}");
        assert!(!functions_in(row[1]).is_empty(), "{row:?} names no test");
    }
    let links: Vec<_> = text
        .split("][")
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
        .collect();
    assert!(!links.is_empty());
    for link in links {
        let definition = format!("\n[{link}]: https://");
        assert!(text.contains(&definition), "[{link}] is not defined");
    }
}

#[test]
fn every_module_is_on_the_map() {
    let Some(map) = page("ARCHITECTURE.md") else {
        return;
    };
    let root = fs::read_to_string(crate_folder().join("src/lib.rs")).unwrap();
    let mut meant: Vec<_> = root
        .lines()
        .map(|line| line.strip_prefix("pub ").unwrap_or(line))
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let (_, map) = map.split_once("\n### Modules of core\n").unwrap();
    let mut told: Vec<_> = map
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .map(|module| module.trim_matches('`'))
        .collect();
    told.sort_unstable();
    meant.sort_unstable();
    assert_eq!(told, meant);
}

#[test]
fn every_step_of_a_call_is_done_by_the_function_that_is_named() {
    let Some(text) = page("ARCHITECTURE.md") else {
        return;
    };
    let (_, section) = text.split_once("\n### A call with a retry\n").unwrap();
    let section = section.split("\n### ").next().unwrap();
    let named = functions_in(section);
    assert!(named.len() > 20, "{named:?}");
    for (file, name) in named {
        let path = crate_folder().join("src").join(file);
        let source = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        let is_there = [format!("fn {name}("), format!("fn {name}<")]
            .iter()
            .any(|start| source.contains(start));
        assert!(is_there, "{file} has no function {name}");
    }
}

/// Returns file and name of each function in backticks.
fn functions_in(text: &str) -> Vec<(&str, &str)> {
    text.split('`')
        .filter_map(|code| code.split_once("::"))
        .filter(|(file, _)| Path::new(file).extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// Whether a function of this name stands below an attribute that makes it a test.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim_start).collect();
    let start = format!("fn {name}(");
    lines.iter().enumerate().any(|(place, line)| {
        line.strip_prefix("async ")
            .unwrap_or(line)
            .starts_with(&start)
            && lines[..place]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn only_a_function_with_its_attribute_is_a_test() {
    let source =
        "    #[tokio::test(start_paused = true)]\n    async fn waits() {\n}\nfn waits_too() {";
    assert!(has_test(source, "waits"));
    assert!(!has_test(source, "wait"));
    assert!(!has_test(source, "waits_too"));
}

/// Returns the fields of what was shown by `{:#?}`.
fn fields(shown: &str) -> Vec<&str> {
    shown
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| !line.starts_with([' ', '}', ']', ')']))
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect()
}

fn policies() -> Vec<Row> {
    let config = Config::default();
    vec![
        row("deadline", time(config.deadline)),
        row("attempt_timeout", time(config.attempt_timeout)),
        row("max_attempts", config.max_attempts),
        row("backoff", backoff(config.backoff)),
        row("rate_limited_backoff", backoff(config.rate_limited_backoff)),
        row("hint_cap", time(config.hint_cap)),
    ]
}

fn retry_budget() -> Vec<Row> {
    let budget = Config::default().retry_budget;
    assert_eq!(budget, RetryBudgetConfig::default());
    let tokens = |name: &str, price: u32| row(name, format!("{price} tokens"));
    let retries = |name: &str, count: u32| row(name, format!("{count} retries"));
    let refund = budget.success_refund_percent;
    vec![
        row(
            "retry_budget.percent",
            format!("{} % of the calls", budget.percent),
        ),
        retries("retry_budget.min_per_second", budget.min_per_second),
        retries("retry_budget.capacity", budget.capacity),
        tokens("retry_budget.failure_price", budget.failure_price),
        tokens("retry_budget.timeout_price", budget.timeout_price),
        tokens("retry_budget.throttle_price", budget.throttle_price),
        tokens("retry_budget.hedge_price", budget.hedge_price),
        row("retry_budget.success_refund_percent", format!("{refund} %")),
    ]
}

fn circuit_breaker() -> Vec<Row> {
    let used = Config::default().circuit_breaker;
    let breaker = CircuitBreakerConfig::default();
    assert_eq!(used, Some(breaker.clone()));
    let window = match breaker.window {
        CircuitWindow::Count(results) => format!("latest {results} results"),
        other => format!("{other:?}"),
    };
    let mode = match breaker.mode {
        CircuitMode::Automatic => "automatic".to_owned(),
        other => format!("{other:?}"),
    };
    let name = |field: &str| format!("circuit_breaker.{field}");
    vec![
        row("circuit_breaker", on(used.is_some())),
        row(name("window"), window),
        row(
            name("min_throughput"),
            format!("{} results", breaker.min_throughput),
        ),
        row(name("failure_rate"), format!("{} %", breaker.failure_rate)),
        row(name("slow_call_after"), none(breaker.slow_call_after)),
        row(
            name("slow_call_rate"),
            format!("{} %", breaker.slow_call_rate),
        ),
        row(name("open_for"), time(breaker.open_for)),
        row(name("max_open_for"), time(breaker.max_open_for)),
        row(name("probes"), format!("{} calls", breaker.probes)),
        row(name("mode"), mode),
    ]
}

fn limits() -> Vec<Row> {
    let config = Config::default();
    let bulkhead = BulkheadConfig::default();
    assert_eq!(config.bulkhead, Some(bulkhead.clone()));
    let learn = match RateLimitConfig::default().learn {
        Learn::SlowDown => "slow down".to_owned(),
        other => format!("{other:?}"),
    };
    let wait = bulkhead.max_wait.map_or("the deadline".to_owned(), time);
    vec![
        row("rate_limit", none(config.rate_limit)),
        row("rate_limit.learn", learn),
        row("bulkhead", on(config.bulkhead.is_some())),
        row(
            "bulkhead.max_in_flight",
            format!("{} calls", thousands(bulkhead.max_in_flight)),
        ),
        row(
            "bulkhead.max_queue",
            format!("{} calls", thousands(bulkhead.max_queue)),
        ),
        row("bulkhead.max_wait", wait),
    ]
}

fn adaptive() -> Vec<Row> {
    let adaptive = AdaptiveLimitConfig::default();
    let algorithm = match adaptive.algorithm {
        Adaptive::Gradient2(gradient) if gradient == Gradient2::default() => "Gradient2".to_owned(),
        other => format!("{other:?}"),
    };
    let (aimd, gradient) = (Aimd::default(), Gradient2::default());
    let attempts = |name: &str, count: u32| row(name, format!("{} attempts", thousands(count)));
    vec![
        row("adaptive", on(Config::default().adaptive.is_some())),
        row("adaptive.algorithm", algorithm),
        attempts("adaptive.min", adaptive.min),
        attempts("adaptive.max", adaptive.max),
        attempts("adaptive.initial", adaptive.initial),
        attempts("adaptive.max_queue", adaptive.max_queue),
        row(
            "Aimd.backoff_percent",
            format!("{} %", aimd.backoff_percent),
        ),
        row("Aimd.max_rtt", none(aimd.max_rtt)),
        row(
            "Gradient2.tolerance_percent",
            format!("{} %", gradient.tolerance_percent),
        ),
        row(
            "Gradient2.smoothing_percent",
            format!("{} %", gradient.smoothing_percent),
        ),
        row(
            "Gradient2.headroom",
            format!("{} places", gradient.headroom),
        ),
        row(
            "Gradient2.long_window",
            format!("{} round trips", gradient.long_window),
        ),
        row(
            "Gradient2.probe_every",
            format!("{} round trips", gradient.probe_every),
        ),
    ]
}

fn hedge_and_keys() -> Vec<Row> {
    let config = Config::default();
    let (hedge, keys) = (HedgeConfig::default(), KeyedConfig::default());
    assert_eq!(config.keys, keys);
    vec![
        row("hedge", on(config.hedge.is_some())),
        row("hedge.percentile", hedge.percentile),
        row("hedge.min_delay", time(hedge.min_delay)),
        row("hedge.max_delay", time(hedge.max_delay)),
        row(
            "hedge.min_samples",
            format!("{} attempts", hedge.min_samples),
        ),
        row("hedge.window", time(hedge.window)),
        row(
            "keys.capacity",
            format!("{} keys", thousands(u32::try_from(keys.capacity).unwrap())),
        ),
        row("keys.idle", time(keys.idle)),
    ]
}

fn http() -> Vec<Row> {
    let http = HttpConfig::default();
    let proxy = match http.proxy {
        Proxy::None => "none".to_owned(),
        other => format!("{other:?}"),
    };
    let limit = u64::try_from(http.body_limit).unwrap();
    vec![
        row("connect_timeout", time(http.connect_timeout)),
        row("idle_timeout", time(http.idle_timeout)),
        row("body_limit", mebibytes(limit)),
        row(
            "pool_per_host",
            format!("{} connections", http.pool_per_host),
        ),
        row("proxy", proxy),
        row("deadline_header", none(http.deadline_header)),
        row(
            "cache.max_bytes",
            mebibytes(CacheConfig::default().max_bytes),
        ),
    ]
}

fn fleet() -> Vec<Row> {
    let (fleet, redis) = (FleetConfig::new(1), redis());
    assert_eq!(fleet.retry_budget, RetryBudgetConfig::default());
    assert_eq!(fleet.keys, KeyedConfig::default());
    vec![
        row("fleet.members", "no default"),
        row("fleet.timeout", time(fleet.timeout)),
        row("fleet.backoff", backoff(fleet.backoff)),
        row("fleet.retry_budget", "as retry_budget"),
        row("fleet.keys", "as keys"),
        row("redis.url", "no default"),
        row("redis.prefix", &redis.prefix),
        row("redis.timeout", time(redis.timeout)),
    ]
}

fn redis() -> RedisConfig {
    RedisConfig::new("redis://127.0.0.1".to_owned().into())
}

fn row(name: impl ToString, value: impl ToString) -> Row {
    (name.to_string(), value.to_string())
}

fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// Shows what is there only so that a mistake can be read.
fn none(value: Option<impl std::fmt::Debug>) -> String {
    value.map_or("none".to_owned(), |value| format!("{value:?}"))
}

fn time(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds, 0) if seconds >= 120 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} s", time.as_secs_f64()),
    }
}

fn backoff(backoff: Backoff) -> String {
    let jitters = [
        (Jitter::Full, "full jitter"),
        (Jitter::Equal, "equal jitter"),
        (Jitter::Decorrelated, "decorrelated jitter"),
        (Jitter::None, "no jitter"),
    ];
    let is_used = |(jitter, _): &&(Jitter, &str)| backoff.with_jitter(*jitter) == backoff;
    let (_, jitter) = jitters.iter().find(is_used).unwrap();
    let (base, cap) = (time(backoff.base()), time(backoff.cap()));
    format!("{base} doubling to {cap}, {jitter}")
}

fn mebibytes(bytes: u64) -> String {
    assert_eq!(bytes % (1 << 20), 0);
    format!("{} MiB", bytes >> 20)
}

fn thousands(count: u32) -> String {
    match (count / 1_000, count % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}
