use super::*;
use crate::new_service;

/// A service as `new-service` writes it, with docs/ENV.md.
fn sound() -> Tree {
    let mut tree = Tree::default();
    for (path, text) in new_service::files("demo").unwrap() {
        tree.insert(&path, text);
    }
    tree.insert(env_docs::PATH, env_docs::generate(&tree).unwrap());
    tree
}

/// A service whose file had `from` replaced by `to`.
fn with(file: &str, from: &str, to: &str) -> Tree {
    let mut tree = sound();
    let path = format!("crates/integration-demo/{file}");
    let text = tree.get(&path).unwrap().to_owned();
    assert!(text.contains(from), "{file}: {from}");
    tree.insert(&path, text.replace(from, to));
    tree
}

fn only(tree: &Tree, words: &str) {
    let found: Vec<String> = check(tree).iter().map(ToString::to_string).collect();
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{words}: {found:?}"
    );
}

#[test]
fn a_new_service_passes() {
    assert_eq!(check(&sound()), []);
}

#[test]
fn infrastructure_is_not_asked() {
    let mut tree = Tree::default();
    tree.insert("crates/integration-core/src/lib.rs", "");
    assert_eq!(check(&tree), []);
}

#[test]
fn contract_tests_are_asked_for() {
    let mut tree = sound();
    tree.remove("crates/integration-demo/tests/it/items.rs");
    only(&tree, "tests/it/items.rs: has no contract test");
    only(
        &with("tests/it/items.rs", "#[tokio::test]", ""),
        "has no contract test",
    );
    only(
        &with("tests/it/main.rs", "mod items;", ""),
        "is not run: add `mod items;`",
    );
}

#[test]
fn each_documented_error_is_asked_for() {
    only(
        &with(
            "src/error.rs",
            "            (404, \"\", ErrorKind::NotFound),\n",
            "",
        ),
        "error.rs:5: documents `404 NotFound`",
    );
    only(
        &with(
            "src/error.rs",
            "(404, \"\", ErrorKind::NotFound)",
            "(404, \"\", ErrorKind::Other)",
        ),
        "documents `404 NotFound`",
    );
    only(
        &with("src/error.rs", "fn classify(", "fn decide("),
        "has no `fn classify(`",
    );
    only(&with("src/error.rs", "//! |", "//!"), "documents no error");
}

#[test]
fn each_policy_is_asked_for() {
    only(
        &with("src/client.rs", ".with_max_attempts(", ".other("),
        "client.rs: does not set retries",
    );
    only(
        &with("src/client.rs", ".with_rate_limit(", ".other("),
        "client.rs: does not set a rate limit",
    );
    let found = check(&with("src/client.rs", ".with_timeouts(", ".other("));
    let messages: Vec<&str> = found.iter().map(|p| p.message.as_str()).collect();
    assert!(
        matches!(messages.as_slice(), [a, b] if a.contains("a deadline") && b.contains("an attempt timeout")),
        "{messages:?}"
    );
}

#[test]
fn variables_are_asked_for() {
    only(
        &with("src/config.rs", "const ENV:", "const OTHER:"),
        "has no ENV table",
    );
    let mut tree = sound();
    tree.insert(env_docs::PATH, "");
    let found = check(&tree);
    assert!(
        found.len() == 1
            && found[0]
                .message
                .contains("DEMO_API_KEY is not in docs/ENV.md"),
        "{found:?}"
    );
}

#[test]
fn keys_are_refused_and_their_canary_asked_for() {
    let key = ["sk_live_", "q7Rk2ZtW9sXv4LmN"].concat();
    only(
        &with("tests/it/items.rs", "key_1", &key),
        "tests/it/items.rs: holds a key",
    );
    only(
        &with("src/config.rs", "canary", "word"),
        "has no canary test",
    );
    only(
        &with("src/config.rs", "SecretString", "String"),
        "in no `SecretString`",
    );
}
