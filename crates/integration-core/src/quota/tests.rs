use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{
    Preset, QuotaEntry, QuotaParser, QuotaReport, Reach, Refill,
    value::{count, reset, rfc3339, seconds, span},
};
use crate::{hint::MAX_HINT, rate_limit::Unit};

/// 2025-08-21T12:41:00Z.
const NOW: Duration = Duration::from_secs(1_755_780_060);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const ALL: [Preset; 10] = [
    Preset::Standard,
    Preset::Ietf,
    Preset::RateLimit,
    Preset::XRateLimit,
    Preset::GitHub,
    Preset::OpenAi,
    Preset::Anthropic,
    Preset::Discord,
    Preset::Shopify,
    Preset::RetryAfter,
];

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn parse(preset: Preset, pairs: &[(&'static str, &str)]) -> QuotaReport {
    preset.parse(&headers(pairs), NOW)
}

fn calls() -> QuotaEntry {
    QuotaEntry::new(Unit::CALLS)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn only(entry: QuotaEntry) -> QuotaReport {
    QuotaReport::new().with_entry(entry)
}

#[test]
fn structured_fields_join_what_remains_with_its_policy() {
    let expected = QuotaReport::new()
        .with_entry(
            calls()
                .with_limit(100)
                .with_remaining(50)
                .with_reset_in(secs(30))
                .with_window(MINUTE),
        )
        .with_entry(
            calls()
                .with_limit(1_000)
                .with_remaining(7)
                .with_reset_in(HOUR)
                .with_window(secs(86_400)),
        );
    let one_line = [
        ("ratelimit", r#""burst";r=50;t=30, "daily";r=7;t=3600"#),
        (
            "ratelimit-policy",
            r#""daily";q=1000;w=86400;pk=:sdfjLJUOUH==:,"burst";q=100;w=60"#,
        ),
    ];
    assert_eq!(parse(Preset::Ietf, &one_line), expected);
    let lines = [
        ("ratelimit", r#""burst";r=50;t=30"#),
        ("ratelimit", r#""daily" ; r=7 ; t=3600"#),
        ("ratelimit-policy", r#""burst";q=100;w=60"#),
        (
            "ratelimit-policy",
            r#""daily";q=1000;w=86400;qu="requests""#,
        ),
    ];
    assert_eq!(parse(Preset::Ietf, &lines), expected);
    assert_eq!(parse(Preset::Standard, &lines), expected);
}

#[test]
fn structured_fields_keep_to_their_rules() {
    let remaining = |count| only(calls().with_remaining(count));
    let rows: [(&[(&str, &str)], QuotaReport); 9] = [
        // Commas and semicolons inside a name end nothing.
        (&[("ratelimit", r#""a,b;r=1";r=5"#)], remaining(5)),
        (&[("ratelimit", r#""a\",\"b";r=5"#)], remaining(5)),
        (&[("ratelimit", r#""a\"";r=5, "b""#)], remaining(5)),
        (&[("ratelimit", "default;r=5")], remaining(5)),
        (
            &[
                ("ratelimit", r#""b";r=5;t=1"#),
                ("ratelimit-policy", r#""b";q=9;qu="content-bytes""#),
            ],
            only(
                QuotaEntry::new("content-bytes".into())
                    .with_limit(9)
                    .with_remaining(5)
                    .with_reset_in(secs(1)),
            ),
        ),
        // Calls at once are no rate.
        (
            &[
                ("ratelimit", r#""c";r=0;t=60"#),
                ("ratelimit-policy", r#""c";q=9;qu="concurrent-requests""#),
            ],
            QuotaReport::new(),
        ),
        (
            &[("ratelimit-policy", r#""default";q=100;w=10"#)],
            only(calls().with_limit(100).with_window(secs(10))),
        ),
        // The form before: a dictionary.
        (
            &[
                ("ratelimit", "limit=100, remaining=0, reset=5"),
                ("ratelimit-policy", "10;w=1, 100;w=60"),
            ],
            only(
                calls()
                    .with_limit(100)
                    .with_remaining(0)
                    .with_reset_in(secs(5))
                    .with_window(MINUTE),
            ),
        ),
        (&[("ratelimit", r#""default";t=5"#)], QuotaReport::new()),
    ];
    for (pairs, expected) in rows {
        assert_eq!(parse(Preset::Ietf, pairs), expected, "{pairs:?}");
    }
}

#[test]
fn the_older_fields_find_their_window() {
    let entry = calls()
        .with_limit(100)
        .with_remaining(0)
        .with_reset_in(secs(50));
    let rest = [("ratelimit-remaining", "0"), ("ratelimit-reset", "50")];
    let rows: [(&[(&str, &str)], QuotaEntry); 3] = [
        (&[("ratelimit-limit", "100")], entry),
        (
            &[("ratelimit-limit", "100, 10;w=1, 100;w=60")],
            entry.with_window(MINUTE),
        ),
        (
            &[
                ("ratelimit-limit", "100"),
                ("ratelimit-policy", "100;w=3600;comment=\"fixed, window\""),
            ],
            entry.with_window(HOUR),
        ),
    ];
    for (pairs, expected) in rows {
        let pairs: Vec<_> = pairs.iter().chain(&rest).copied().collect();
        assert_eq!(
            parse(Preset::RateLimit, &pairs),
            only(expected),
            "{pairs:?}"
        );
        assert_eq!(parse(Preset::Standard, &pairs), only(expected), "{pairs:?}");
    }
}

#[test]
fn a_reset_in_any_of_its_forms_is_understood() {
    let rows = [
        ("0", Some(Duration::ZERO)),
        ("30", Some(secs(30))),
        ("0.25", Some(Duration::from_millis(250))),
        ("999999999", Some(MAX_HINT)),
        // Times since the epoch, in seconds and in milliseconds.
        ("1755780120", Some(MINUTE)),
        ("1755780120.5", Some(MINUTE + Duration::from_millis(500))),
        ("1755780120500", Some(MINUTE + Duration::from_millis(500))),
        ("1755780000", Some(Duration::ZERO)),
        ("1755780000000", Some(Duration::ZERO)),
        ("99999999999999999999", Some(MAX_HINT)),
        ("6m0s", Some(secs(360))),
        ("2025-08-21T12:42:00Z", Some(MINUTE)),
        ("Thu, 21 Aug 2025 12:42:00 GMT", Some(MINUTE)),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1e9", None),
    ];
    for (text, expected) in rows {
        assert_eq!(reset(text, || NOW), expected, "{text:?}");
        let pairs = [
            ("x-rate-limit-remaining", "3"),
            ("x-rate-limit-reset", text),
        ];
        let report = only(calls().with_remaining(3).with_reset_in(expected));
        assert_eq!(parse(Preset::XRateLimit, &pairs), report, "{text:?}");
    }
}

#[test]
fn a_reset_is_compared_with_the_clock_of_the_server() {
    let pairs = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1755780120"),
        ("date", "Thu, 21 Aug 2025 12:41:50 GMT"),
    ];
    let report = parse(Preset::XRateLimit, &pairs);
    assert_eq!(report.entries()[0].reset_in, Some(secs(10)));
}

#[test]
fn github_keeps_its_resources_apart() {
    let pairs = |resource| {
        [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-used", "5000"),
            ("x-ratelimit-reset", "1755780120"),
            ("x-ratelimit-resource", resource),
        ]
    };
    let entry = |unit| {
        QuotaEntry::new(Unit::new(unit))
            .with_limit(5_000)
            .with_remaining(0)
            .with_reset_in(MINUTE)
    };
    let core = entry("calls").with_window(HOUR);
    assert_eq!(parse(Preset::GitHub, &pairs("core")), only(core));
    assert_eq!(parse(Preset::GitHub, &pairs("core")[..4]), only(core));
    let rows = [
        ("search", Some(MINUTE)),
        ("graphql", Some(HOUR)),
        ("scim", None),
    ];
    for (resource, window) in rows {
        let expected = entry(resource)
            .with_reach(Reach::ItsUnit)
            .with_window(window);
        assert_eq!(parse(Preset::GitHub, &pairs(resource)), only(expected));
    }
    // A secondary limit leaves the primary one as it is.
    let secondary = [("x-ratelimit-remaining", "4999"), ("retry-after", "60")];
    assert_eq!(parse(Preset::GitHub, &secondary).penalty, Some(MINUTE));
}

#[test]
fn calls_and_tokens_of_openai_are_two_quotas() {
    let pairs = [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("x-ratelimit-remaining-tokens", "149984"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    let steady = |entry: QuotaEntry| entry.with_refill(Refill::Steady).with_window(MINUTE);
    let requests = steady(calls().with_limit(60).with_remaining(59)).with_reset_in(secs(1));
    let tokens = QuotaEntry::new("tokens".into())
        .with_limit(150_000)
        .with_remaining(149_984)
        .with_reset_in(secs(360));
    let expected = only(requests).with_entry(steady(tokens));
    assert_eq!(parse(Preset::OpenAi, &pairs), expected);
}

#[test]
fn the_four_quotas_of_anthropic_are_read() {
    let pairs = [
        ("date", "Thu, 21 Aug 2025 12:41:00 GMT"),
        ("anthropic-ratelimit-input-tokens-limit", "80000"),
        ("anthropic-ratelimit-input-tokens-remaining", "80000"),
        (
            "anthropic-ratelimit-input-tokens-reset",
            "2025-08-21T12:40:59Z",
        ),
        ("anthropic-ratelimit-output-tokens-limit", "16000"),
        ("anthropic-ratelimit-output-tokens-remaining", "15000"),
        (
            "anthropic-ratelimit-output-tokens-reset",
            "2025-08-21T12:41:04Z",
        ),
        ("anthropic-ratelimit-requests-limit", "1000"),
        ("anthropic-ratelimit-requests-remaining", "999"),
        ("anthropic-ratelimit-requests-reset", "2025-08-21T12:40:59Z"),
        ("anthropic-ratelimit-tokens-limit", "96000"),
        ("anthropic-ratelimit-tokens-remaining", "95000"),
        ("anthropic-ratelimit-tokens-reset", "2025-08-21T12:41:01Z"),
    ];
    let rows = [
        ("calls", 1_000, 999, 0),
        ("tokens", 96_000, 95_000, 1),
        ("input-tokens", 80_000, 80_000, 0),
        ("output-tokens", 16_000, 15_000, 4),
    ];
    let expected = rows.map(|(unit, limit, remaining, reset)| {
        QuotaEntry::new(Unit::new(unit))
            .with_limit(limit)
            .with_remaining(remaining)
            .with_reset_in(secs(reset))
            .with_refill(Refill::Steady)
            .with_window(MINUTE)
    });
    let report = parse(Preset::Anthropic, &pairs);
    assert_eq!(report.entries(), expected);
}

#[test]
fn discord_tells_a_bucket_and_the_whole_apart() {
    let bucket = [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1755780120.123"),
        ("x-ratelimit-reset-after", "1.5"),
        ("x-ratelimit-bucket", "abcd1234"),
    ];
    let entry = calls()
        .with_limit(5)
        .with_remaining(0)
        .with_reset_in(Duration::from_millis(1_500));
    assert_eq!(parse(Preset::Discord, &bucket), only(entry));
    let global = [
        ("x-ratelimit-global", "true"),
        ("x-ratelimit-reset-after", "64.57"),
    ];
    let expected = QuotaReport::new().with_penalty(Duration::from_millis(64_570));
    assert_eq!(parse(Preset::Discord, &global), expected);
}

#[test]
fn the_bucket_of_shopify_leaks_empty_in_twenty_seconds() {
    let rows = [
        ("32/40", Some((40, 8, 16_000))),
        ("0/40", Some((40, 40, 0))),
        ("400/400", Some((400, 0, 20_000))),
        ("41/40", Some((40, 0, 20_000))),
        ("1/0", None),
        ("/", None),
        ("32", None),
        ("32/40/1", None),
    ];
    for (text, expected) in rows {
        let report = parse(Preset::Shopify, &[("x-shopify-shop-api-call-limit", text)]);
        let entry = expected.map(|(limit, remaining, reset)| {
            calls()
                .with_limit(limit)
                .with_remaining(remaining)
                .with_reset_in(Duration::from_millis(reset))
                .with_window(secs(20))
                .with_refill(Refill::Steady)
        });
        assert_eq!(report.entries(), entry.as_slice(), "{text:?}");
    }
}

#[test]
fn every_preset_reads_the_penalty_and_says_nothing_without_headers() {
    for preset in ALL {
        assert!(parse(preset, &[]).is_empty(), "{preset:?}");
        let report = parse(preset, &[("retry-after", "7")]);
        assert_eq!(report.penalty, Some(secs(7)), "{preset:?}");
        assert!(report.entries().is_empty(), "{preset:?}");
        assert!(report.without_penalty().is_empty(), "{preset:?}");
    }
}

#[test]
fn dates_of_rfc_3339_are_read() {
    let rows = [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2000-02-29T23:59:59Z", Some(951_868_799)),
        ("2000-03-01T00:00:00Z", Some(951_868_800)),
        ("2025-08-21T12:41:00Z", Some(1_755_780_060)),
        ("2025-08-21t12:41:00z", Some(1_755_780_060)),
        ("2025-08-21T14:41:00+02:00", Some(1_755_780_060)),
        ("2025-08-21T07:11:00-05:30", Some(1_755_780_060)),
        ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
        ("9999-12-31T23:59:60Z", Some(253_402_300_800)),
        ("2025-02-29T00:00:00Z", None),
        ("2100-02-29T00:00:00Z", None),
        ("2025-13-01T00:00:00Z", None),
        ("2025-00-01T00:00:00Z", None),
        ("2025-01-00T00:00:00Z", None),
        ("2025-01-01T24:00:00Z", None),
        ("2025-01-01T00:60:00Z", None),
        ("2025-01-01T00:00:61Z", None),
        ("2025-01-01T00:00:00", None),
        ("2025-01-01T00:00:00+24:00", None),
        ("2025-01-01", None),
        ("1969-12-31T23:59:59Z", None),
        ("1970-01-01T00:00:00+01:00", None),
        ("25-01-01T00:00:00Z", None),
    ];
    for (text, expected) in rows {
        assert_eq!(rfc3339(text), expected.map(Duration::from_secs), "{text:?}");
    }
    let fraction = rfc3339("1970-01-01T00:00:01.0000000001Z");
    assert_eq!(fraction, Some(Duration::new(1, 1)), "rounded up");
}

#[test]
fn durations_with_units_are_read() {
    let rows = [
        ("6m0s", Some(360_000)),
        ("1s", Some(1_000)),
        ("12ms", Some(12)),
        ("1h2m3.5s", Some(3_723_500)),
        ("2m59.56s", Some(179_560)),
        ("1d", Some(86_400_000)),
        ("0s", Some(0)),
        ("5", None),
        ("s", None),
        ("1x", None),
        ("1s1m", None),
        ("1s2s", None),
        ("1.s", None),
        ("1m ", Some(60_000)),
        ("1m 2s", None),
        ("", None),
    ];
    for (text, expected) in rows {
        assert_eq!(span(text), expected.map(Duration::from_millis), "{text:?}");
    }
    assert_eq!(span("999999999999999999h"), Some(MAX_HINT));
    assert_eq!(span("1us"), Some(Duration::from_micros(1)));
    assert_eq!(span("1ns"), Some(Duration::from_nanos(1)));
}

#[test]
fn numbers_are_bounded() {
    assert_eq!(count("007"), Some(7));
    assert_eq!(count("7.9"), Some(7));
    assert_eq!(count(&"9".repeat(18)), Some(999_999_999_999_999_999));
    assert_eq!(count(&"9".repeat(19)), Some(10_u64.pow(18)));
    assert_eq!(count(&"1".repeat(64)), Some(10_u64.pow(18)));
    assert_eq!(count(&"1".repeat(65)), None);
    assert_eq!(count("1.2.3"), None);
    assert_eq!(count("\u{663}"), None);
    assert_eq!(seconds("0.0000000001"), Some(Duration::from_nanos(1)));
}

#[test]
fn lines_members_and_entries_are_bounded() {
    let item = |place: usize| format!("\"p{place}\";r={place}");
    let many = (0..20).map(item).collect::<Vec<_>>().join(",");
    let report = parse(Preset::Ietf, &[("ratelimit", &many)]);
    assert_eq!(report.entries().len(), QuotaReport::MAX_ENTRIES);

    let name = "x".repeat(1_020 - 2);
    let at = format!("\"{name}\";r=1");
    assert_eq!(at.len(), 1_024);
    assert!(!parse(Preset::Ietf, &[("ratelimit", &at)]).is_empty());
    assert!(parse(Preset::Ietf, &[("ratelimit", &format!("{at} "))]).is_empty());

    let empty = ["\"e\""; 15].join(",");
    let within = format!("{empty},\"p\";r=1");
    assert!(!parse(Preset::Ietf, &[("ratelimit", &within)]).is_empty());
    let past = format!("\"e\",{within}");
    assert!(parse(Preset::Ietf, &[("ratelimit", &past)]).is_empty());

    let mut lines = vec![("ratelimit", "\"e\""); 3];
    lines.push(("ratelimit", "\"p\";r=1"));
    assert!(!parse(Preset::Ietf, &lines).is_empty());
    lines.insert(0, ("ratelimit", "\"e\""));
    assert!(parse(Preset::Ietf, &lines).is_empty());
}

/// Headers that any of the presets looks at.
const NAMES: [&str; 30] = [
    "retry-after",
    "retry-after-ms",
    "date",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-global",
    "x-ratelimit-resource",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "x-shopify-shop-api-call-limit",
];

fn garbage() -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "[-+0-9.:TZtzhmsd,;=/\" \\\\]{0,80}".prop_map(String::into_bytes),
        "\"[a-z]{0,3}\";[qrtw]=[0-9.]{0,25}(;[qrtw]=[0-9]{0,4})?".prop_map(String::into_bytes),
        "[0-9]{1,30}(/[0-9]{1,30})?".prop_map(String::into_bytes),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,20})?(Z|[+-][0-9]{2}:[0-9]{2})"
            .prop_map(String::into_bytes),
    ];
    prop::collection::vec((0..NAMES.len(), value), 0..20)
}

proptest! {
    #[test]
    fn nothing_that_a_server_sends_breaks_a_parser(
        pairs in garbage(),
        now in any::<u64>(),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(NAMES[name]), value);
            }
        }
        for preset in ALL {
            let report = preset.parse(&headers, Duration::from_secs(now));
            prop_assert!(report.penalty.is_none_or(|wait| wait <= MAX_HINT));
            for entry in report.entries() {
                prop_assert!(!entry.is_empty());
                prop_assert!(!entry.unit.is_empty());
                prop_assert!(entry.reset_in.is_none_or(|wait| wait <= MAX_HINT));
                prop_assert!(entry.window.is_none_or(|window| window <= MAX_HINT));
                prop_assert!(entry.limit.is_none_or(|limit| limit <= 10_u64.pow(18)));
            }
        }
    }

    #[test]
    fn words_say_nothing(value in "[a-zA-Z \u{e4}\u{4e00}_!?*-]{0,60}") {
        for name in NAMES {
            let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
            for preset in ALL {
                prop_assert!(preset.parse(&headers, NOW).is_empty(), "{preset:?} {name}");
            }
        }
    }

    #[test]
    fn a_date_of_rfc_3339_is_the_date_that_was_written(at in 0..4_000_000_000_u64) {
        let http = httpdate::fmt_http_date(std::time::UNIX_EPOCH + secs(at));
        // "Thu, 21 Aug 2025 12:41:00 GMT" without a library for the other form.
        let parts: Vec<&str> = http.split(' ').collect();
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = months.iter().position(|month| *month == parts[2]).unwrap() + 1;
        let text = format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4]);
        prop_assert_eq!(rfc3339(&text), Some(secs(at)), "{}", text);
    }

    #[test]
    fn a_wait_in_seconds_is_never_early(whole in 0..31_000_000_u64, fraction in "[0-9]{1,20}") {
        let wait = seconds(&format!("{whole}.{fraction}")).unwrap();
        let exact: f64 = format!("{whole}.{fraction}").parse().unwrap();
        prop_assert!(wait >= secs(whole));
        prop_assert!(wait.as_secs_f64() >= exact - 1e-6);
        prop_assert!(wait.as_secs_f64() <= exact + 1e-6);
    }
}
