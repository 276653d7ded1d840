//! What the environment and the command line say over the file.

use super::*;

fn over(name: &'static str, value: &'static str) -> integration_core::Result<Config> {
    load_with(&format!("{STRIPE}{BILLING}"), &[(name, value)])
}

/// The keys of the file, as the rest of a variable's name.
fn every_key() -> Vec<String> {
    let below = |before: &str, keys: &[&str]| -> Vec<String> {
        let keys = keys.iter().filter(|key| !keys::TABLES.contains(key));
        keys.map(|key| format!("{before}{}", key.to_uppercase()))
            .collect()
    };
    [
        below("", keys::TOP),
        below("STORE__", keys::STORE),
        below("SOURCES__NAME__", keys::SOURCE),
        below("SOURCES__NAME__HMAC__", keys::HMAC),
        below("ROUTES__NAME__", keys::ROUTE),
    ]
    .concat()
}

#[test]
fn the_table_lists_every_key_and_nothing_else() {
    let listed: Vec<String> = ENV
        .iter()
        .map(|var| var.name.strip_prefix(PREFIX).unwrap().to_owned())
        .collect();
    for key in every_key() {
        assert!(listed.contains(&key), "{key} is not in ENV");
    }
    assert_eq!(listed.len(), every_key().len());
}

#[test]
fn the_table_states_the_defaults() {
    let shown = load(&format!("{STRIPE}{BILLING}")).unwrap().resolved_toml();
    for var in ENV {
        let Some(default) = var.default else { continue };
        let key = var.name.rsplit("__").next().unwrap().to_lowercase();
        if var.name.contains("__HMAC__") {
            continue;
        }
        let lines = [
            format!("{key} = {default}  # default"),
            format!("{key} = \"{default}\"  # default"),
            format!("{key} = [\"{default}\"]  # default"),
        ];
        let is_there = lines
            .iter()
            .any(|line| shown.lines().any(|shown| shown == line));
        assert!(is_there, "{} is not {default}:\n{shown}", var.name);
    }
}

#[test]
fn the_readme_explains_every_key() {
    let readme = include_str!("../../../README.md");
    for keys in [
        keys::TOP,
        keys::STORE,
        keys::SOURCE,
        keys::HMAC,
        keys::ROUTE,
        keys::SECRET,
    ] {
        for key in keys {
            assert!(
                readme.contains(&format!("`{key}`")),
                "README.md lacks `{key}`"
            );
        }
    }
}

#[test]
fn the_example_of_the_readme_is_read() {
    let readme = include_str!("../../../README.md");
    let (_, after) = readme.split_once("```toml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let named = example.split("\"env:").skip(1);
    let secrets = named.map(|rest| (rest.split('"').next().unwrap(), HOOK));
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&file(&folder, example), &secrets.collect()).unwrap();
    assert_eq!((config.sources.len(), config.routes.len()), (1, 1));
}

#[test]
fn a_variable_wins_over_the_file() {
    let config = over("INTEGRATION_GATEWAY__LISTEN", "127.0.0.1:1").unwrap();
    assert_eq!(config.listen.port(), 1);
    let config = over("INTEGRATION_GATEWAY__STORE__COMMIT", "event").unwrap();
    assert_eq!(config.store.commit, Commit::Event);
    let config = over("INTEGRATION_GATEWAY__MAX_BODY_BYTES", " 9 ").unwrap();
    assert_eq!(config.limits.body_bytes, 9);
    let config = over("INTEGRATION_GATEWAY__ADMIN_TOKEN", "env:STRIPE").unwrap();
    assert!(config.admin_token.is_some());
    let config = over("INTEGRATION_GATEWAY__SOURCES__STRIPE__SCHEME", "github").unwrap();
    assert_eq!(config.sources[0].scheme, Scheme::GitHub);
    let config = over(
        "INTEGRATION_GATEWAY__SOURCES__STRIPE__SECRETS",
        "env:STRIPE, env:HOOK",
    );
    assert_eq!(config.unwrap().sources[0].secrets.len(), 2);
    let config = over("INTEGRATION_GATEWAY__ROUTES__BILLING__URL", "https://h/x").unwrap();
    assert_eq!(config.routes[0].url.as_str(), "https://h/x");
    let config = over("INTEGRATION_GATEWAY__ROUTES__BILLING__EVENTS", "a.*,b").unwrap();
    assert_eq!(config.routes[0].events, ["a.*", "b"]);
    assert!(
        config
            .resolved_toml()
            .contains("# INTEGRATION_GATEWAY__ROUTES__BILLING__EVENTS")
    );
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = over("INTEGRATION_GATEWAY__LISTEN", "").unwrap();
    assert_eq!(config.listen, Config::default().listen);
    over("INTEGRATION_GATEWAY__LISEN", "").unwrap();
}

#[test]
fn a_configuration_may_be_variables_alone() {
    let folder = tempfile::tempdir().unwrap();
    let given = file(&folder, "");
    let environment = Environment::from_iter([
        ("S", "whsec_stripe"),
        ("INTEGRATION_GATEWAY__SOURCES__MY_SHOP__SCHEME", "hmac"),
        ("INTEGRATION_GATEWAY__SOURCES__MY_SHOP__SECRETS", "env:S"),
        (
            "INTEGRATION_GATEWAY__SOURCES__MY_SHOP__HMAC__ENCODING",
            "base64",
        ),
        ("INTEGRATION_GATEWAY__ROUTES__BILLING__SOURCE", "my_shop"),
        ("INTEGRATION_GATEWAY__ROUTES__BILLING__URL", "http://h/"),
    ]);
    let config = Config::load(&given, &environment).unwrap();
    assert_eq!(&*config.sources[0].name, "my_shop");
    assert_eq!(&*config.routes[0].name, "billing");
}

#[test]
fn a_variable_finds_the_name_in_the_file() {
    let shop = STRIPE.replace("[sources.stripe]", "[sources.My-Shop]");
    let name = "INTEGRATION_GATEWAY__SOURCES__MY_SHOP__TOLERANCE_S";
    let config = load_with(&shop, &[(name, "7")]).unwrap();
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.sources[0].tolerance, Duration::from_secs(7));

    let both = shop.clone() + &shop.replace("My-Shop", "\"my.shop\"");
    let error = load_with(&both, &[(name, "7")]).unwrap_err();
    assert!(
        error
            .message()
            .contains("fits both `My-Shop` and `my.shop`"),
        "{error}"
    );
}

#[test]
fn an_unknown_variable_is_named_with_the_nearest_one() {
    for (wrong, right) in [
        ("INTEGRATION_GATEWAY__LISEN", "INTEGRATION_GATEWAY__LISTEN"),
        ("INTEGRATION_GATEWAY__listen", "INTEGRATION_GATEWAY__LISTEN"),
        (
            "INTEGRATION_GATEWAY__STORE__COMIT",
            "INTEGRATION_GATEWAY__STORE__COMMIT",
        ),
        (
            "INTEGRATION_GATEWAY__SOURCES__STRIPE__SHEME",
            "INTEGRATION_GATEWAY__SOURCES__STRIPE__SCHEME",
        ),
        (
            "INTEGRATION_GATEWAY__SOURCES__STRIPE__HMAC__ID_HEDER",
            "INTEGRATION_GATEWAY__SOURCES__STRIPE__HMAC__ID_HEADER",
        ),
        (
            "INTEGRATION_GATEWAY__ROUTES__BILLING__URI",
            "INTEGRATION_GATEWAY__ROUTES__BILLING__URL",
        ),
        (
            "INTEGRATION_GATEWAY__ROUTES__BILLING",
            "INTEGRATION_GATEWAY__ROUTES__NAME__",
        ),
        ("INTEGRATION_GATEWAY__", "INTEGRATION_GATEWAY__"),
    ] {
        let error = over(wrong, "1").unwrap_err();
        let words = [
            format!("unknown variable {wrong},"),
            format!("did you mean {right}"),
        ];
        for word in words {
            assert!(error.message().contains(&word), "{wrong}: {error}");
        }
    }
}

#[test]
fn a_wrong_variable_is_named_and_not_shown() {
    for (name, value, rule) in [
        (
            "INTEGRATION_GATEWAY__LISTEN",
            "canary",
            "must be an address",
        ),
        (
            "INTEGRATION_GATEWAY__MAX_BODY_BYTES",
            "canary",
            "must be a whole number",
        ),
        (
            "INTEGRATION_GATEWAY__ADMIN_TOKEN",
            "canary",
            "holds a literal secret",
        ),
        (
            "INTEGRATION_GATEWAY__SOURCES__STRIPE__SECRETS",
            "canary",
            "holds a literal secret",
        ),
        (
            "INTEGRATION_GATEWAY__ROUTES__BILLING__SECRET",
            "canary",
            "holds a literal secret",
        ),
        (
            "INTEGRATION_GATEWAY__ROUTES__BILLING__URL",
            "canary",
            "must be an address",
        ),
        ("INTEGRATION_GATEWAY__STORE", "canary", "must be a table"),
        ("INTEGRATION_GATEWAY__SOURCES", "canary", "must be a table"),
    ] {
        let error = over(name, value).unwrap_err();
        assert!(error.message().contains(name), "{error}");
        assert!(error.message().contains(rule), "{error}");
        assert!(!format!("{error}{error:?}").contains("canary"), "{error}");
    }
}

#[test]
fn the_command_line_wins_over_all() {
    let folder = tempfile::tempdir().unwrap();
    let given = Given {
        data_dir: Some("/given".into()),
        ..file(&folder, "data_dir = \"/file\"")
    };
    let environment = Environment::from_iter([("INTEGRATION_GATEWAY__DATA_DIR", "/variable")]);
    let config = Config::load(&given, &environment).unwrap();
    assert_eq!(config.data_dir, Path::new("/given"));
    assert!(config.resolved_toml().contains("\"/given\"  # --data-dir"));
}

#[test]
fn a_variable_that_makes_half_a_source_is_named() {
    let error = over(
        "INTEGRATION_GATEWAY__SOURCES__STRPIE__SECRETS",
        "env:STRIPE",
    )
    .unwrap_err();
    for word in [
        "`sources.strpie.scheme` is missing",
        "INTEGRATION_GATEWAY__SOURCES__STRPIE__SECRETS",
    ] {
        assert!(error.message().contains(word), "{error}");
    }
    let error = over("INTEGRATION_GATEWAY__ROUTES__BILING__URL", "http://h/").unwrap_err();
    for word in [
        "`routes.biling.source` is missing",
        "INTEGRATION_GATEWAY__ROUTES__BILING__URL",
    ] {
        assert!(error.message().contains(word), "{error}");
    }
    let error = over("INTEGRATION_GATEWAY__ROUTES__BILLING__URL", "").map(|_| ());
    assert!(error.is_ok());
}

#[test]
fn a_prefix_with_one_line_is_no_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let load = |rest: &str| {
        let name = PREFIX.replace("__", "_") + rest;
        Config::load(&file(&folder, ""), &Environment::from_iter([(name, "1")]))
    };
    let error = load("LISTEN").unwrap_err();
    let word = "did you mean INTEGRATION_GATEWAY__LISTEN?";
    assert!(error.message().contains(word), "{error}");
    load("BIN").unwrap();
}
