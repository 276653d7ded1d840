//! What is read, and what is refused with which words.

mod variables;

use std::{fs, path::Path, time::Duration};

use integration_core::{ErrorKind, ExposeSecret as _};
use integration_testkit::Canary;
use integration_webhooks::{HmacEncoding, Scheme};
use tempfile::TempDir;

use super::*;

/// The secret of a destination: the base64 of 24 bytes that spell out what they are.
const HOOK: &str = "bm90LWEtc2VjcmV0LWJ1dC0yNC1ieXRl";

const STRIPE: &str = "[sources.stripe]\nscheme = \"stripe\"\nsecrets = [\"env:STRIPE\"]\n";

const BILLING: &str =
    "[[routes]]\nname = \"billing\"\nsource = \"stripe\"\nurl = \"http://127.0.0.1:9000/hooks\"\n";

fn variables() -> Vec<(&'static str, &'static str)> {
    vec![("STRIPE", "whsec_stripe"), ("HOOK", HOOK), ("EMPTY", "")]
}

/// Loads a file with this text.
fn load_with(
    text: &str,
    more: &[(&'static str, &'static str)],
) -> integration_core::Result<Config> {
    let folder = tempfile::tempdir().unwrap();
    let given = file(&folder, text);
    let environment = variables()
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    Config::load(&given, &environment)
}

fn load(text: &str) -> integration_core::Result<Config> {
    load_with(text, &[])
}

fn file(folder: &TempDir, text: &str) -> Given {
    let path = folder.path().join("gateway.toml");
    fs::write(&path, text).unwrap();
    Given {
        file: Some(path),
        data_dir: None,
    }
}

/// Checks that each text is refused with words that hold each of the others.
fn refused(rows: &[(&str, &[&str])]) {
    for (text, words) in rows {
        let error = load(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        for word in *words {
            assert!(
                error.message().contains(word),
                "{text}\n{error}\nlacks {word}"
            );
        }
    }
}

#[test]
fn the_example_is_read() {
    let text = "listen = \"127.0.0.1:8787\"\nadmin_listen = \"127.0.0.1:8788\"\n\
        data_dir = \"./integration-data\"\n"
        .to_owned()
        + STRIPE
        + BILLING
        + "events = [\"payment_intent.*\"]\nsecret = \"env:HOOK\"\n\
        order_by = \"/data/object/customer\"\nmax_attempts = 8\n";
    let config = load(&text).unwrap();
    config.require_sources().unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:8788");
    assert_eq!(
        config.store_path(),
        Path::new("./integration-data/integration.sqlite")
    );
    let [source] = config.sources.as_slice() else {
        panic!("one source");
    };
    assert_eq!((&*source.name, &source.scheme), ("stripe", &Scheme::Stripe));
    assert_eq!(source.secrets.len(), 1);
    let [route] = config.routes.as_slice() else {
        panic!("one route");
    };
    assert_eq!((&*route.name, &*route.source), ("billing", "stripe"));
    assert_eq!(route.events, ["payment_intent.*"]);
    assert_eq!(route.url.as_str(), "http://127.0.0.1:9000/hooks");
    assert_eq!(route.secret.as_ref().unwrap().expose_secret(), HOOK);
    assert_eq!(route.order_by.as_deref(), Some("/data/object/customer"));
    assert_eq!(route.max_attempts, 8);
}

#[test]
fn what_is_not_said_has_its_default() {
    let config = load(&format!("{STRIPE}{BILLING}")).unwrap();
    let defaults = Config::default();
    assert_eq!(config.listen, defaults.listen);
    assert_eq!(config.limits, LimitsConfig::default());
    assert_eq!(config.store, StoreConfig::default());
    assert_eq!(config.delivery, DeliveryConfig::default());
    assert_eq!(config.retention, RetentionConfig::default());
    assert_eq!(config.sources[0].tolerance, Duration::from_secs(300));
    assert_eq!(config.routes[0].events, ["*"]);
    assert_eq!(config.routes[0].max_attempts, 8);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    refused(&[
        (
            "lisen = 1",
            &["unknown key `lisen`", "did you mean `listen`"],
        ),
        ("routs = []", &["`routs`", "`routes`"]),
        ("[store]\ncomit = 1", &["`comit` in `store`", "`commit`"]),
        ("[source.stripe]", &["`source`", "`sources`"]),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecret = \"env:STRIPE\"",
            &["`secret` in `sources.a`", "`secrets`"],
        ),
        (
            "[sources.a]\nscheme = \"hmac\"\nsecrets = [\"env:STRIPE\"]\n[sources.a.hmac]\nid-header = \"x\"",
            &["`id-header` in `sources.a.hmac`", "`id_header`"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = [{ from = \"env:STRIPE\", until = 1 }]",
            &["`until` in `sources.a.secrets`"],
        ),
        (
            &format!("{STRIPE}{BILLING}max_atempts = 1"),
            &["`max_atempts` in `routes.billing`", "`max_attempts`"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nnme = \"billing\""),
            &["`nme` in `routes[1]`", "`name`"],
        ),
    ]);
}

#[test]
fn a_wrong_value_at_the_top_names_the_key_and_the_rule() {
    refused(&[
        (
            "listen = 8787",
            &[
                "`listen` must be an address",
                "127.0.0.1:8787",
                "not a number",
            ],
        ),
        (
            "listen = \"localhost\"",
            &["`listen` must be an address and a port"],
        ),
        ("data_dir = \"\"", &["`data_dir` must name a folder"]),
        (
            "data_dir = []",
            &["`data_dir` must be a text", "not a list"],
        ),
        (
            "log = \"inof\"",
            &["`log` must be one of", "did you mean \"info\"?"],
        ),
        (
            "max_body_bytes = \"1\"",
            &["`max_body_bytes` must be a whole number", "not a text"],
        ),
        ("max_body_bytes = 1.5", &["not a fraction"]),
        ("max_body_bytes = true", &["not true or false"]),
        (
            "max_body_bytes = -1",
            &["`max_body_bytes` must be a whole number from 1 to 8388608"],
        ),
        ("store = 1", &["`store` must be a table"]),
        (
            "[store]\ncommit = \"batch\"",
            &["`store.commit` must be one of \"group\", \"event\""],
        ),
        (
            "[store]\nsynchronous = \"off\"",
            &["`store.synchronous` must be one of", "\"normal\""],
        ),
        ("sources = []", &["`sources` must be a table"]),
        ("[sources]\na = 1", &["`sources.a` must be a table"]),
        ("routes = 1", &["`routes` must be a list of tables"]),
        ("routes = [1]", &["`routes` must be a list of tables"]),
    ]);
}

#[test]
fn a_wrong_source_names_the_key_and_the_rule() {
    refused(&[
        (
            "[sources.stripe]\nsecrets = [\"env:STRIPE\"]",
            &["`sources.stripe.scheme` is missing"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"",
            &["`sources.a.secrets` is missing", "env:NAME"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = []",
            &["`sources.a.secrets` must have 1 to"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = \"env:STRIPE\"",
            &["must be a list in brackets"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = [1]",
            &["must be a list of", "not a number"],
        ),
        (
            "[sources.a]\nscheme = \"strip\"\nsecrets = [\"env:STRIPE\"]",
            &["`sources.a.scheme`", "did you mean `stripe`"],
        ),
        ("[sources.\"a b\"]", &["`sources.a b` must have a name of"]),
        ("[sources.a__b]", &["must have a name of"]),
    ]);
}

#[test]
fn a_wrong_route_names_the_key_and_the_rule() {
    let route = |line: &str| format!("{STRIPE}{BILLING}{line}");
    refused(&[
        (
            &route("max_attempts = 0"),
            &["`routes.billing.max_attempts`", "from 1 to 1000"],
        ),
        (
            &route("backoff_base_ms = 10\nbackoff_cap_ms = 9"),
            &["`routes.billing.backoff_cap_ms` must be at least"],
        ),
        (
            &route("events = \"*\""),
            &["`routes.billing.events` must be a list in brackets"],
        ),
        (
            &route("events = []"),
            &["`routes.billing.events` must have 1 to"],
        ),
        (
            &route("events = [1]"),
            &["`routes.billing.events` must be a list of texts"],
        ),
        (
            &route("events = [\"a?\"]"),
            &["`*` for any text and no other wildcard", "`a?` is not"],
        ),
        (&route("events = [\"\"]"), &["no other wildcard"]),
        (
            &route("order_by = \"data\""),
            &["`routes.billing.order_by` must be a JSON pointer"],
        ),
        (
            &route("order_by = \"/a~2b\""),
            &["must be a JSON pointer", "`~0`"],
        ),
        (&route("order_by = \"\""), &["must be a JSON pointer"]),
        (
            &format!("{STRIPE}[[routes]]\nsource = \"stripe\""),
            &["`routes[1].name` is missing"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a/b\""),
            &["`routes[1].name` must have a name of"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a\""),
            &["`routes.a.source` is missing"],
        ),
        (
            &format!("{STRIPE}[[routes]]\nname = \"a\"\nsource = \"stripe\""),
            &["`routes.a.url` is missing"],
        ),
        (
            &format!("{STRIPE}{BILLING}{BILLING}"),
            &["two routes are named `billing`"],
        ),
        (
            &BILLING.replace("stripe", "strip").replacen("", STRIPE, 1),
            &[
                "`routes.billing.source`",
                "unknown source `strip`",
                "did you mean `stripe`",
            ],
        ),
        (
            BILLING,
            &["unknown source `stripe`", "there is no [sources.NAME]"],
        ),
    ]);
}

#[test]
fn a_range_takes_its_ends_and_nothing_beyond() {
    for (key, least, most) in [
        ("max_body_bytes", 1, 8 << 20),
        ("max_header_bytes", 8 << 10, 256 << 10),
        ("max_connections", 1, 65_536),
        ("head_timeout_ms", 1, 600_000),
        ("body_timeout_ms", 1, 600_000),
        ("queue_limit", 1, 1_000_000),
        ("max_store_bytes", 1 << 20, 1 << 46),
        ("max_in_flight", 1, 10_000),
        ("lease_ms", 1000, 3_600_000),
        ("shutdown_grace_ms", 0, 600_000),
        ("retention_done_s", 1, 315_360_000),
        ("retention_dead_s", 1, 315_360_000),
        ("retention_keys_s", 1, 315_360_000),
        ("retention_every_s", 1, 86_400),
    ] {
        holds(least, most, |n| format!("{key} = {n}"));
    }
    holds(1, 86_400, |n| format!("{STRIPE}tolerance_s = {n}"));
    for (key, least, most) in [
        ("max_attempts", 1, 1000),
        ("timeout_ms", 1, 900_000),
        ("max_in_flight", 1, 1024),
        ("backoff_base_ms", 1, 43_200_000),
        ("backoff_cap_ms", 5000, 604_800_000),
    ] {
        holds(least, most, |n| format!("{STRIPE}{BILLING}{key} = {n}"));
    }
}

fn holds(least: i64, most: i64, text: impl Fn(i64) -> String) {
    for inside in [least, most] {
        load(&text(inside)).unwrap();
    }
    for outside in [least - 1, most + 1] {
        load(&text(outside)).expect_err(&text(outside));
    }
}

#[test]
fn an_address_of_a_destination_is_checked() {
    for (url, word) in [
        ("ftp://h/", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http"),
        ("h/hooks", "must be an address"),
        ("http://", "must be an address"),
        ("https://user@h/", "no user or password"),
        ("https://:pass@h/", "no user or password"),
        ("https://h/#a", "no #fragment"),
    ] {
        let text =
            format!("{STRIPE}[[routes]]\nname = \"a\"\nsource = \"stripe\"\nurl = \"{url}\"");
        let error = load(&text).unwrap_err();
        assert!(error.message().contains(word), "{url}: {error}");
        assert!(error.message().contains("`routes.a.url`"), "{url}: {error}");
        assert!(!error.to_string().contains("pass@"), "{error}");
    }
}

#[test]
fn an_hmac_table_goes_with_its_scheme_only() {
    let hmac = "scheme = \"hmac\"\nsecrets = [\"env:STRIPE\"]\n";
    refused(&[
        (
            &format!("[sources.a]\n{hmac}"),
            &["`sources.a.scheme`", "needs a table [sources.a.hmac]"],
        ),
        (
            &format!("{STRIPE}[sources.stripe.hmac]"),
            &["`sources.stripe.hmac` goes with scheme = \"hmac\" only"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\nalgorithm = \"md5\""),
            &["`sources.a.hmac.algorithm` must be one of \"sha256\""],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\nheader = 1"),
            &["`sources.a.hmac.header` must be a text"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\ncontent = \"{{timestamp}}\""),
            &["`sources.a` cannot be used", "content"],
        ),
        (
            &format!("[sources.a]\n{hmac}[sources.a.hmac]\ncontent = \"{{timestamp}}.{{body}}\""),
            &["`sources.a` cannot be used", "timestamp_header"],
        ),
    ]);
    let text =
        format!("[sources.a]\n{hmac}[sources.a.hmac]\nencoding = \"base64\"\nid_pointer = \"/id\"");
    let config = load(&text).unwrap();
    let Scheme::Hmac(read) = &config.sources[0].scheme else {
        panic!("{:?}", config.sources[0].scheme);
    };
    assert_eq!(
        (read.encoding, read.id_pointer.as_deref()),
        (HmacEncoding::Base64, Some("/id"))
    );
}

#[test]
fn a_literal_secret_is_refused_and_not_shown() {
    let canary = Canary::new();
    let secret = canary.as_str();
    for text in [
        format!("admin_token = \"{secret}\""),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [\"{secret}\"]"),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [\"env:{secret}/+=\"]"),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [\"env:whsec_{secret}\"]"),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [{{ from = \"{secret}\" }}]"),
        format!("{STRIPE}{BILLING}secret = \"{secret}\""),
    ] {
        let error = load(&text).unwrap_err();
        assert!(error.message().contains("\"env:NAME\""), "{error}");
        assert!(error.message().contains("\"file:PATH\""), "{error}");
        canary.assert_absent(&error.to_string());
        canary.assert_hidden_by(&error);
    }
}

#[test]
fn a_mistake_beside_a_secret_does_not_show_it() {
    let canary = Canary::new();
    let secret = canary.as_str();
    for text in [
        format!("admin_token = \"{secret}"),
        format!("admin_token = '{secret}' x"),
        format!("admin_token = {secret}"),
        format!("admin_token = \"\\q{secret}\""),
        format!("admin_token = [\"{secret}\"]"),
        format!("admin_token = \"a\"\nadmin_token = \"{secret}\""),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = \"{secret}\""),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [[\"{secret}\"]]"),
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [\"file:\", \"{secret}\"]"),
    ] {
        let error = load(&text).unwrap_err();
        canary.assert_absent(&error.to_string());
        canary.assert_hidden_by(&error);
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_named_by_its_place() {
    let source = |place: &str| format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [\"{place}\"]");
    refused(&[
        (
            &source("env:MISSING"),
            &["`sources.a.secrets` names MISSING, which is not set"],
        ),
        (&source("env:EMPTY"), &["names EMPTY, which is empty"]),
        (
            &source("file:/no/such/secret"),
            &["names /no/such/secret, which cannot be read"],
        ),
        (&source("file:/"), &["names /, which cannot be read"]),
        (
            &source("file:/dev/zero"),
            &["names /dev/zero, which cannot be read: it has over 65536"],
        ),
        (&source("env:"), &["has no name of a variable"]),
        (&source("file:"), &["has no path"]),
        (
            "admin_token = \"env:MISSING\"",
            &["`admin_token` names MISSING, which is not set"],
        ),
    ]);
}

#[test]
fn a_secret_file_loses_its_last_newline_and_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let text = format!("admin_token = \"file:{}\"", path.display());
    for (content, secret) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc")] {
        fs::write(&path, content).unwrap();
        let token = load(&text).unwrap().admin_token.unwrap();
        assert_eq!(token.expose_secret(), secret);
    }
    for content in ["", "\n", " \n", "two words", "abc\n\n"] {
        fs::write(&path, content).unwrap();
        let error = load(&text).expect_err(content);
        assert!(
            error.message().starts_with("`admin_token` names "),
            "{error}"
        );
    }
    let most = usize::try_from(secret::MAX_SECRET_BYTES).unwrap();
    fs::write(&path, "a".repeat(most)).unwrap();
    load(&text).unwrap();
    fs::write(&path, "a".repeat(most + 1)).unwrap();
    let error = load(&text).unwrap_err();
    assert!(
        error.message().contains("it has over 65536 bytes"),
        "{error}"
    );
}

#[test]
fn a_secret_that_cannot_sign_or_verify_is_refused_without_being_shown() {
    let canary: &'static str = Box::leak(Canary::new().as_str().to_owned().into_boxed_str());
    let bad: &'static str = Box::leak(format!("whsec_{canary}!").into_boxed_str());
    let svix = "[sources.a]\nscheme = \"svix\"\nsecrets = [\"env:STRIPE\", \"env:BAD\"]";
    let route = format!("{STRIPE}{BILLING}secret = \"env:BAD\"");
    for (text, word) in [
        (svix, "`sources.a` cannot be used"),
        (&*route, "`routes.billing.secret` cannot sign"),
    ] {
        let error = load_with(text, &[("BAD", bad)]).unwrap_err();
        assert!(error.message().contains(word), "{error}");
        assert!(!format!("{error:?}{error}").contains(canary), "{error}");
    }
}

#[test]
fn secrets_are_in_force_for_their_time() {
    let source = |times: &str| {
        format!("[sources.a]\nscheme = \"stripe\"\nsecrets = [{{ from = \"env:STRIPE\"{times} }}]")
    };
    let config = load(&source(", not_before_s = 10, not_after_s = 20")).unwrap();
    let [secret] = config.sources[0].secrets.as_slice() else {
        panic!("one secret");
    };
    for (second, is_in_force) in [(9, false), (10, true), (20, true), (21, false)] {
        let now = Duration::from_secs(second);
        assert_eq!(secret.is_in_force(now), is_in_force, "{second}");
    }
    refused(&[
        (
            &source(", not_before_s = 20, not_after_s = 10"),
            &["must not be before not_before_s"],
        ),
        (
            &source(", not_before_s = \"10\""),
            &["`sources.a.secrets.not_before_s` must be a whole number"],
        ),
        (
            "[sources.a]\nscheme = \"stripe\"\nsecrets = [{}]",
            &["`sources.a.secrets.from` is missing"],
        ),
    ]);
}

#[test]
fn beyond_loopback_the_admin_interface_needs_a_token() {
    for (address, is_open) in [
        ("127.0.0.1:1", false),
        ("127.8.0.1:1", false),
        ("[::1]:1", false),
        ("0.0.0.0:1", true),
        ("[::]:1", true),
        ("10.0.0.1:1", true),
    ] {
        let text = format!("admin_listen = \"{address}\"\n");
        match load(&text) {
            Ok(_) => assert!(!is_open, "{address}"),
            Err(error) => {
                assert!(is_open, "{address}: {error}");
                assert!(
                    error.message().contains("admin_token = \"env:NAME\""),
                    "{error}"
                );
            }
        }
        load(&(text + "admin_token = \"env:STRIPE\"")).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let none = Given {
        file: Some("/no/such/gateway.toml".into()),
        data_dir: Some("/tmp".into()),
    };
    let error = Config::load(&none, &Environment::default()).unwrap_err();
    assert!(
        error
            .message()
            .contains("/no/such/gateway.toml cannot be read"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    let given = Given {
        file: Some(folder.path().into()),
        data_dir: None,
    };
    Config::load(&given, &Environment::default()).expect_err("a folder is no file");

    let error = load("listen = \"127.0.0.1:1\"\nlog = = 1\n").unwrap_err();
    assert!(
        error
            .message()
            .contains("gateway.toml is not TOML: line 2, column 7"),
        "{error}"
    );
    let error = load("listen = \"127.0.0.1:1\"\n\nlisten = \"\"\n").unwrap_err();
    assert!(error.message().contains("line 3, column 1"), "{error}");
}

#[test]
fn a_file_has_a_limit() {
    let most = usize::try_from(MAX_FILE_BYTES).unwrap();
    load(&"#".repeat(most)).unwrap();
    let error = load(&"#".repeat(most + 1)).unwrap_err();
    assert!(
        error.message().contains("it has over 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn lists_have_a_limit() {
    let list = |n: usize| format!("{STRIPE}{BILLING}events = [{}]", "\"a\",".repeat(n));
    load(&list(section::MAX_LIST)).unwrap();
    load(&list(section::MAX_LIST + 1)).expect_err("one list entry too many");

    let routes = |n: usize| {
        let route = |i: usize| BILLING.replace("billing", &format!("r{i}"));
        STRIPE.to_owned() + &(0..n).map(route).collect::<String>()
    };
    assert_eq!(load(&routes(MAX_ROUTES)).unwrap().routes.len(), MAX_ROUTES);
    load(&routes(MAX_ROUTES + 1)).expect_err("one route too many");

    let name = |n: usize| STRIPE.replace(".stripe]", &format!(".{}]", "s".repeat(n)));
    load(&name(source::MAX_NAME)).unwrap();
    load(&name(source::MAX_NAME + 1)).expect_err("a name too long");

    let steps = |n: usize| format!("{STRIPE}{BILLING}order_by = \"{}\"", "/a".repeat(n));
    load(&steps(16)).unwrap();
    load(&steps(17)).expect_err("one step too many");

    let pattern = |n: usize| format!("{STRIPE}{BILLING}events = [\"{}\"]", "a".repeat(n));
    load(&pattern(256)).unwrap();
    load(&pattern(257)).expect_err("a pattern too long");
}

#[test]
fn without_sources_only_receiving_is_refused() {
    let config = load("").unwrap();
    let error = config.require_sources().unwrap_err();
    assert!(error.message().contains("[sources.stripe]"), "{error}");
}

#[test]
fn the_store_can_be_looked_at_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("data_dir = \"here\"\n{STRIPE}{BILLING}secret = \"env:HOOK\"");
    let given = file(&folder, &text);
    let config = Config::load_without_secrets(&given, &Environment::default()).unwrap();
    assert_eq!(config.data_dir, Path::new("here"));

    let given = file(&folder, "admin_token = \"literal\"");
    Config::load_without_secrets(&given, &Environment::default())
        .expect_err("a literal secret is refused all the same");
}

#[test]
fn nothing_shows_a_secret() {
    let canary = Canary::new();
    let text = format!(
        "admin_token = \"env:CANARY\"\n[sources.stripe]\nscheme = \"stripe\"\n\
         secrets = [\"env:CANARY\"]\n{}url = \"https://h/hooks?key={}\"\n",
        BILLING.lines().take(3).collect::<Vec<_>>().join("\n") + "\n",
        canary.as_str()
    );
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::from_iter([("CANARY", canary.as_str())]);
    let config = Config::load(&file(&folder, &text), &environment).unwrap();
    canary.assert_hidden_by(&config);
    canary.assert_hidden_by(&environment);
    let shown = config.resolved_toml();
    canary.assert_absent(&shown);
    assert!(shown.contains("admin_token = \"env:CANARY\""), "{shown}");
    assert!(shown.contains("secrets = [\"env:CANARY\"]"), "{shown}");
}

#[test]
fn what_is_shown_loads_again_as_the_same() {
    let text = format!(
        "max_store_bytes = 2000000\nlog = \"debug\"\nadmin_token = \"env:STRIPE\"\n{STRIPE}\
         [sources.\"b.c\"]\nscheme = \"hmac\"\n\
         secrets = [{{ from = \"env:STRIPE\", not_after_s = 5 }}, \"env:HOOK\"]\n\
         [sources.\"b.c\".hmac]\nprefix = \"\\\"v1=\"\nalgorithm = \"sha512\"\n\
         {BILLING}secret = \"env:HOOK\"\nevents = [\"a.*\", \"b\"]\norder_by = \"/a\"\n"
    );
    let config = load(&text).unwrap();
    let shown = config.resolved_toml();
    let again = load(&shown).unwrap();
    let without_notes = |text: &str| -> String {
        let lines = text
            .lines()
            .map(|line| line.split("  # ").next().unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without_notes(&shown), again.resolved_toml().trim_end());
    let without_origins = |config: Config| {
        let origins = Origins::default();
        format!("{:?}", Config { origins, ..config })
    };
    assert_eq!(without_origins(config), without_origins(again));
}
