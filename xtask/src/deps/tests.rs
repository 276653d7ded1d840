use super::*;

const ROOT: &str = r#"
[workspace]
members = ["crates/*"]
[workspace.dependencies]
integration-core = { path = "crates/integration-core", version = "0.1.0" }
integration-jwt = { path = "crates/integration-jwt", version = "0.1.0" }
integration-stripe = { path = "crates/integration-stripe", version = "0.1.0" }
integration-testkit = { path = "crates/integration-testkit" }
versioned-testkit = { path = "x", version = "1", package = "integration-testkit" }
"#;

/// The messages for one crate whose manifest ends with `rest`.
fn messages(name: &str, rest: &str) -> Vec<String> {
    let mut tree = Tree::default();
    tree.insert("Cargo.toml", ROOT);
    let text = format!("[package]\nname = \"{name}\"\n{rest}");
    tree.insert(&format!("crates/{name}/Cargo.toml"), text);
    check(&tree).iter().map(ToString::to_string).collect()
}

fn refused(name: &str, rest: &str, words: &str) {
    let found = messages(name, rest);
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{name} {rest}: {found:?}"
    );
}

#[test]
fn edges_of_the_house_are_accepted() {
    for (name, rest) in [
        (
            "integration-core",
            "[dependencies]\nbytes = \"1\"\n[dev-dependencies]\nintegration-testkit.workspace = true",
        ),
        (
            "integration-jwt",
            "[dependencies]\nintegration-core.workspace = true",
        ),
        (
            "integration-webhooks",
            "[dependencies]\nintegration-core.workspace = true\nintegration-jwt.workspace = true",
        ),
        (
            "integration-testkit",
            "[dependencies]\nintegration-core.workspace = true",
        ),
        (
            "integration-gateway",
            "[dependencies]\nintegration-stripe.workspace = true",
        ),
        (
            "integration-e2e",
            "[dependencies]\nintegration-testkit.workspace = true",
        ),
        (
            "integration-benches",
            "[dependencies]\nintegration-core.workspace = true\ngovernor = \"0.10\"",
        ),
        ("xtask", "[dependencies]\ntoml = \"1\""),
    ] {
        assert_eq!(messages(name, rest), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn core_imports_nothing_of_ours() {
    let rest = "[dependencies]\nintegration-jwt.workspace = true";
    refused(
        "integration-core",
        rest,
        "crates/integration-core/Cargo.toml:4: integration-core must not import integration-jwt",
    );
}

#[test]
fn jwt_imports_core_alone() {
    refused(
        "integration-jwt",
        "[dependencies]\nintegration-stripe.workspace = true",
        "it may import integration-core;",
    );
}

#[test]
fn a_service_never_imports_a_service() {
    let rest = "[dependencies]\nintegration-stripe = { workspace = true }";
    refused(
        "integration-supabase",
        rest,
        "must not import integration-stripe",
    );
}

#[test]
fn a_service_may_verify_its_webhooks_and_nobody_else_may() {
    let rest = "[dependencies]\nintegration-webhooks.workspace = true";
    assert_eq!(messages("integration-stripe", rest), Vec::<String>::new());
    refused(
        "integration-events",
        rest,
        "must not import integration-webhooks",
    );
}

#[test]
fn a_service_in_tests_is_refused_too() {
    let rest = "[dev-dependencies]\nintegration-stripe.workspace = true";
    refused(
        "integration-events",
        rest,
        "must not import integration-stripe",
    );
}

#[test]
fn the_package_of_benches_is_a_member() {
    for (path, found) in [("benches/Cargo.toml", 1), ("fuzz/Cargo.toml", 0)] {
        let mut tree = Tree::default();
        let text = "[package]\nname = \"a\"\n[dependencies]\nxtask = \"1\"";
        tree.insert(path, text);
        assert_eq!(check(&tree).len(), found, "{path}");
    }
}

#[test]
fn build_and_target_sections_count() {
    refused(
        "integration-core",
        "[build-dependencies]\nintegration-jwt = { path = \"../integration-jwt\" }",
        ":4:",
    );
    refused(
        "integration-core",
        "[target.'cfg(unix)'.dependencies]\nintegration-jwt.workspace = true",
        ":4:",
    );
    refused(
        "integration-core",
        "[dependencies.integration-jwt]\nworkspace = true",
        ":3:",
    );
}

#[test]
fn a_renamed_import_is_seen() {
    let rest = "[dependencies]\nhelp = { package = \"integration-stripe\", version = \"0.1\" }";
    refused(
        "integration-gemini",
        rest,
        "must not import integration-stripe",
    );
}

#[test]
fn testkit_outside_tests_is_refused() {
    let rest = "[dependencies]\nintegration-testkit.workspace = true";
    refused("integration-events", rest, "move it to [dev-dependencies]");
    refused("integration-gateway", rest, "move it to [dev-dependencies]");
}

#[test]
fn testkit_with_a_version_is_refused() {
    let rest = "[dev-dependencies]\nintegration-testkit = { path = \"../integration-testkit\", version = \"0.1\" }";
    refused("integration-core", rest, "has a version");
    refused(
        "integration-core",
        "[dev-dependencies]\nversioned-testkit.workspace = true",
        "has a version",
    );
    refused(
        "integration-core",
        "[dev-dependencies]\nintegration-testkit = \"0.1\"",
        "has a version",
    );
}

#[test]
fn testkit_without_a_path_is_refused() {
    let rest = "[dev-dependencies]\nintegration-testkit = { git = \"https://example.com\" }";
    refused("integration-core", rest, "has no path");
}

#[test]
fn testkit_imports_neither_services_nor_itself() {
    refused(
        "integration-testkit",
        "[dependencies]\nintegration-stripe.workspace = true",
        "must not import",
    );
    refused(
        "integration-testkit",
        "[dev-dependencies]\nintegration-testkit.workspace = true",
        "remove it",
    );
}

#[test]
fn what_ours_is_compared_with_stays_in_the_benches() {
    for peer in ["governor", "reqwest-retry", "tower-resilience-bulkhead"] {
        let rest = format!("[dev-dependencies]\n{peer} = \"1\"");
        refused("integration-core", &rest, "compare with it in");
    }
    assert_eq!(
        messages("integration-core", "[dependencies]\nreqwest = \"1\""),
        Vec::<String>::new(),
        "a name that is only the beginning of one of them"
    );
}

#[test]
fn benches_import_what_they_measure_alone() {
    refused(
        "integration-benches",
        "[dependencies]\nintegration-gateway.workspace = true",
        "it may import integration-core and integration-jwt and integration-stripe;",
    );
}

#[test]
fn xtask_imports_nothing_of_ours() {
    refused(
        "xtask",
        "[dependencies]\nintegration-core.workspace = true",
        "it may import nothing of ours",
    );
    refused(
        "xtask",
        "[dev-dependencies]\nintegration-testkit.workspace = true",
        "remove it",
    );
}

#[test]
fn xtask_has_four_dependencies_at_most() {
    let four = "[dependencies]\na = \"1\"\nb = \"1\"\nc = \"1\"\nd = \"1\"\n";
    assert_eq!(messages("xtask", four), Vec::<String>::new());
    refused(
        "xtask",
        &format!("{four}e = \"1\""),
        "xtask has 5 dependencies",
    );
}

#[test]
fn a_manifest_that_is_not_toml_is_named() {
    refused("integration-core", "[dependencies", "is not TOML");
}

#[test]
fn core_without_features_pulls_no_client() {
    let good = "integration-core v0.1.0 (/x)|\ntokio v1.54.0|default,sync,time\nhttpdate v1.0.3|\nringbuf v1.0.0|";
    assert_eq!(check_core_tree(good), []);
    for (line, words) in [
        ("reqwest v0.13.1|http2", "reqwest is built"),
        ("rustls v0.23.1|", "rustls is built"),
        ("hyper-util v0.1.1|", "hyper-util is built"),
        ("mio v1.0.0|", "mio is built"),
        (
            "tokio v1.54.0|sync,rt,time (*)",
            "tokio has the feature `rt`",
        ),
    ] {
        let found = check_core_tree(&format!("{good}\n{line}\n{line}"));
        assert!(
            found.len() == 1 && found[0].message.contains(words),
            "{line}: {found:?}"
        );
    }
}
