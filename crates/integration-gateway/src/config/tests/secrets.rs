//! Where secrets may come from, and that none is shown.

use super::*;

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
