//! The file, the environment over it, and what they are shown as.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{NO_ENV, Preset, Settings, demo};

const FILE: &str = "\
[demo]
preset = \"payments\"
secret = \"env:DEMO_KEY\"

[demo.retry]
max_attempts = 4
backoff = { base = \"50ms\", jitter = \"none\" }

[demo.circuit_breaker]
probes = 9

[other-one]
hedge = true
";

fn with(variables: &[(&str, &str)]) -> crate::Result<Settings> {
    Settings::from_toml(FILE)?.with_env(variables.iter().copied())
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_preset() {
    let settings = with(&[
        ("INTEGRATION__DEMO__RETRY__MAX_ATTEMPTS", "5"),
        ("INTEGRATION__DEMO__CIRCUIT_BREAKER__PROBES", ""),
        ("INTEGRATION__OTHER_ONE__DEADLINE", "1m"),
        ("PATH", "/bin"),
    ]);
    let settings = settings.unwrap();
    let demo = settings.service("demo", Preset::Llm).unwrap();
    assert_eq!(demo.preset(), Preset::Payments, "the file names one");
    let policies = demo.policies();
    assert_eq!(policies.max_attempts, 5);
    assert_eq!(policies.backoff.base(), Duration::from_millis(50));
    assert_eq!(
        policies.backoff.cap(),
        Duration::from_secs(8),
        "of the preset"
    );
    assert_eq!(policies.circuit_breaker.as_ref().unwrap().probes, 9);
    let other = settings.service("other-one", Preset::Standard).unwrap();
    assert_eq!(other.policies().deadline, Duration::from_secs(60));
    assert!(other.policies().hedge.is_some());
}

#[test]
fn a_service_that_nothing_is_said_of_has_its_preset() {
    let batch = Settings::default().service("new", Preset::Batch).unwrap();
    assert_eq!(batch.policies(), &Preset::Batch.policies());
    assert_eq!((batch.name(), batch.base()), ("new", None));
}

#[test]
fn every_value_is_shown_with_where_it_came_from() {
    let settings = with(&[("INTEGRATION__DEMO__HTTP__PROXY", "environment")]).unwrap();
    let shown = settings.to_string();
    for (value, origin) in [
        ("secret = \"env:DEMO_KEY\"", "text line 3"),
        ("retry.max_attempts = 4", "text line 6"),
        ("retry.backoff.base = \"50ms\"", "text line 7"),
        ("retry.backoff.cap = \"8s\"", "preset payments"),
        ("circuit_breaker.probes = 9", "text line 10"),
        (
            "http.proxy = \"environment\"",
            "INTEGRATION__DEMO__HTTP__PROXY",
        ),
        ("http.connect_timeout = \"3.1s\"", "default"),
        ("rate_limit = false", "default"),
    ] {
        let line = format!("{value:<56} # {origin}");
        assert!(shown.contains(&line), "{line}\n{shown}");
    }
    let again = Settings::from_toml(&shown).unwrap();
    for name in ["demo", "other-one"] {
        let (before, after) = (
            settings.service(name, Preset::Standard).unwrap(),
            again.service(name, Preset::Standard).unwrap(),
        );
        assert_eq!(before.values(), after.values());
    }
}

#[test]
fn what_contradicts_its_preset_is_shown_as_that() {
    let settings = Settings::from_toml("[demo]\ndeadline = \"1s\"").unwrap();
    let shown = settings.to_string();
    assert!(
        shown.starts_with("# [demo] over `standard`: `demo.attempt_timeout` must"),
        "{shown}"
    );
}

#[test]
fn a_variable_of_a_known_service_that_is_no_setting_is_refused_with_the_nearest() {
    let rows = [
        (
            "INTEGRATION__DEMO__RETRY__MAX_ATEMPTS",
            "did you mean INTEGRATION__DEMO__RETRY__MAX_ATTEMPTS?",
        ),
        (
            "INTEGRATION__DEMO__MAX_ATTEMPTS",
            "did you mean INTEGRATION__DEMO__RETRY__MAX_ATTEMPTS?",
        ),
        (
            "INTEGRATION__DEMO__retry__max_attempts",
            "did you mean INTEGRATION__DEMO__RETRY__MAX_ATTEMPTS?",
        ),
        (
            "INTEGRATION__OTHER_ONE__HEDGES",
            "did you mean INTEGRATION__OTHER_ONE__HEDGE?",
        ),
    ];
    for (name, expected) in rows {
        let error = with(&[(name, "4")]).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(name), "{error}");
    }
    let error = with(&[("INTEGRATION__DEMO__DEADLINE", "thirty")])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("INTEGRATION__DEMO__DEADLINE must be a time"),
        "{error}"
    );
    assert!(!error.contains("thirty"), "{error}");
}

#[test]
fn a_variable_of_an_unknown_service_waits_until_it_is_asked_for() {
    let settings = with(&[("INTEGRATION__LATER__DEDLINE", "1s")]).unwrap();
    assert_eq!(settings.services(), ["demo", "later", "other-one"]);
    let error = settings
        .service("later", Preset::Standard)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("did you mean INTEGRATION__LATER__DEADLINE?"),
        "{error}"
    );
}

#[test]
fn a_service_that_the_program_does_not_know_is_refused_with_the_nearest() {
    let settings = with(&[("INTEGRATION__STRPE__DEADLINE", "50s")]).unwrap();
    assert!(settings.only(&["demo", "other-one", "strpe"]).is_ok());
    let error = settings
        .only(&["demo", "other_one", "stripe"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(
            "there is no service `strpe` (INTEGRATION__STRPE__..), did you mean `stripe`?"
        ),
        "{error}"
    );
    let error = settings.only(&["demos", "stripe"]).unwrap_err().to_string();
    assert!(
        error.contains("there is no service `demo` (text line 2), did you mean `demos`?"),
        "{error}"
    );
}

#[test]
fn a_section_is_switched_on_by_what_is_in_it_and_off_by_a_variable() {
    assert!(
        demo("[demo]\nhedge.percentile = 90")
            .unwrap()
            .policies()
            .hedge
            .is_some()
    );
    assert!(demo("[demo.hedge]").unwrap().policies().hedge.is_some());
    let off = with(&[("INTEGRATION__DEMO__CIRCUIT_BREAKER", "false")]).unwrap();
    let off = off.service("demo", Preset::Standard).unwrap();
    assert!(off.policies().circuit_breaker.is_none());
    let on = with(&[("INTEGRATION__DEMO__CIRCUIT_BREAKER", "true")]).unwrap();
    let on = on.service("demo", Preset::Standard).unwrap();
    assert_eq!(on.policies().circuit_breaker.as_ref().unwrap().probes, 9);
}

#[test]
fn a_section_that_is_off_and_has_something_in_it_is_refused() {
    let file = Settings::from_toml("[demo]\nhedge = false").unwrap();
    let error = file
        .with_env([("INTEGRATION__DEMO__HEDGE__PERCENTILE", "90")])
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("`demo.hedge` is false, but `hedge.percentile` is set"),
        "{message}"
    );
    let both = [
        ("INTEGRATION__DEMO__CIRCUIT_BREAKER", "false"),
        ("INTEGRATION__DEMO__CIRCUIT_BREAKER__PROBES", "2"),
    ];
    let message = with(&both).unwrap_err().to_string();
    assert!(
        message.contains("INTEGRATION__DEMO__CIRCUIT_BREAKER is false"),
        "{message}"
    );
}

#[test]
fn a_secret_is_read_where_it_is_named_and_nowhere_shown() {
    let settings = with(&[]).unwrap();
    let demo = settings.service("demo", Preset::Standard).unwrap();
    let lookup = |name: &str| (name == "DEMO_KEY").then(|| "hunter2".to_owned());
    let source = demo.secret_from(lookup).unwrap().unwrap();
    assert_eq!(source.first.expose_secret(), "hunter2");
    assert!(!format!("{settings} {settings:?} {demo} {demo:?} {source:?}").contains("hunter2"));
    let error = demo.secret_from(|_| None).unwrap_err().to_string();
    assert!(
        error.contains("`demo.secret` names DEMO_KEY, which is not set (text line 3)"),
        "{error}"
    );
    let none = settings.service("other-one", Preset::Standard).unwrap();
    assert!(none.secret_from(lookup).unwrap().is_none());
}

#[test]
fn a_secret_of_a_file_is_read_and_a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let text = format!("[demo]\nsecret = 'file:{}'", path.display());
    let demo = demo(&text).unwrap();
    assert!(demo.secret().unwrap_err().to_string().contains("key"));
    std::fs::write(&path, "hunter2\n").unwrap();
    let source = demo.secret().unwrap().unwrap();
    assert_eq!(source.first.expose_secret(), "hunter2");
}

#[test]
fn a_file_is_loaded_by_its_name_and_one_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("integration.toml");
    let error = Settings::load(&path).unwrap_err().to_string();
    assert!(error.contains("integration.toml cannot be read"), "{error}");
    std::fs::write(&path, "[demo]\nretry.max_attempts = 0").unwrap();
    let loaded = Settings::load(&path).unwrap();
    let error = loaded
        .service("demo", Preset::Standard)
        .unwrap_err()
        .to_string();
    assert!(error.contains("integration.toml line 2"), "{error}");
    let same = loaded.with_env(NO_ENV).unwrap();
    assert_eq!(same.services(), ["demo"]);
}
