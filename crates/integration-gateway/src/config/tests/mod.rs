//! What is read of a file, and what of it is shown.

mod any_text;
mod limits;
mod refused;
mod secrets;
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
