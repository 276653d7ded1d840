use super::*;

const CONFIG: &str = r#"
use integration_core::EnvVar;

/// What it reads.
pub const ENV: &[EnvVar] = &[
    EnvVar {
        name: "DEMO_KEY", // the key's name: "X"
        help: "API key, from \"Settings\" | \
               Keys.",
        default: None,
        required: true,
        secret: true,
    },
    integration_core::EnvVar { name: "DEMO_DEADLINE_MS", help: "Limit of a call, 1-60000 ms.",
        default: Some("30000"), required: false, secret: false },
];

fn from_vars(get: impl Fn(&str) -> Option<String>) { get("DEMO_KEY"); }

#[cfg(test)]
mod tests { const OTHER: &str = "NOT_LISTED"; }
"#;

const DOCS: &str = "
## integration-demo

| variable | meaning | default | |
|---|---|---|---|
| `DEMO_KEY` | API key, from \"Settings\" \\| Keys. | – | required, secret |
| `DEMO_DEADLINE_MS` | Limit of a call, 1-60000 ms. | `30000` |  |
";

fn sound() -> Tree {
    let mut tree = Tree::default();
    tree.insert("crates/integration-demo/src/config.rs", CONFIG);
    tree.insert(PATH, format!("{HEAD}{DOCS}"));
    tree
}

fn only(tree: &Tree, words: &str) {
    let found: Vec<String> = check(tree).iter().map(ToString::to_string).collect();
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{words}: {found:?}"
    );
}

fn with_config(from: &str, to: &str) -> Tree {
    let mut tree = sound();
    assert!(CONFIG.contains(from), "{from}");
    tree.insert(
        "crates/integration-demo/src/config.rs",
        CONFIG.replacen(from, to, 1),
    );
    tree
}

#[test]
fn the_document_is_generated_from_the_tables() {
    assert_eq!(generate(&sound()).unwrap(), format!("{HEAD}{DOCS}"));
    assert_eq!(check(&sound()), []);
}

#[test]
fn an_entry_may_be_made_by_a_helper_of_the_file() {
    let helper =
        "const fn var(name: &'static str, help: &'static str, default: &'static str) -> EnvVar {
        EnvVar { name, help, default: Some(default), required: false, secret: false }
    }";
    let entry = "var(\"DEMO_DEADLINE_MS\", \"Limit of a call, 1-60000 ms.\", \"30000\"),";
    let (before, rest) = CONFIG.split_once("integration_core::EnvVar {").unwrap();
    let (_, after) = rest.split_once("];").unwrap();
    let config = [before, entry, "\n];", after, helper].concat();
    let mut tree = sound();
    tree.insert("crates/integration-demo/src/config.rs", config);
    assert_eq!(check(&tree), []);
}

#[test]
fn a_new_default_makes_the_document_stale() {
    only(
        &with_config("30000\")", "20000\")"),
        "docs/ENV.md: is stale: run `cargo xtask env-docs`",
    );
}

#[test]
fn a_missing_document_is_stale() {
    let mut tree = sound();
    tree.remove(PATH);
    only(&tree, "is stale");
}

#[test]
fn an_entry_that_cannot_be_read_is_named() {
    only(
        &with_config(
            "integration_core::EnvVar { name:",
            "secret_var(\"A\"), EnvVar { name:",
        ),
        "config.rs:14: has an ENV entry that xtask cannot read",
    );
    only(
        &with_config("help: \"Limit", "halp: \"Limit"),
        "config.rs:14: has an ENV entry without `help`",
    );
    only(
        &with_config("required: true,", ""),
        "config.rs:6: has an ENV entry without `required",
    );
    only(
        &with_config("default: None,", ""),
        "config.rs:6: has an ENV entry without `default",
    );
}

#[test]
fn a_variable_listed_twice_is_refused() {
    let tree = with_config("\"DEMO_DEADLINE_MS\"", "\"DEMO_KEY\"");
    only(&tree, "lists DEMO_KEY a second time");
}

#[test]
fn a_read_that_the_table_does_not_list_is_refused() {
    only(
        &with_config("get(\"DEMO_KEY\")", "get(\"DEMO_OTHER\")"),
        "config.rs:18: names DEMO_OTHER",
    );
}

#[test]
fn what_the_compiler_reads_is_no_variable() {
    let tree = with_config("get(\"DEMO_KEY\")", "env!(\"CARGO_MANIFEST_DIR\")");
    assert_eq!(check(&tree), []);
}

#[test]
fn a_read_outside_config_is_refused() {
    for call in [
        "std::env::var(\"A_B\").ok();",
        "env::var_os(NAME);",
        "x(std::env::var);",
        "env::vars()",
    ] {
        let mut tree = sound();
        tree.insert(
            "crates/integration-demo/src/client.rs",
            format!("fn f() {{\n    {call}\n}}"),
        );
        only(&tree, "src/client.rs:2: reads the environment");
    }
    let mut tree = sound();
    let test = "// env::var(x)\n#[cfg(test)]\nmod tests { fn f() { env::var(x); } }";
    tree.insert("crates/integration-demo/src/client.rs", test);
    tree.insert(
        "crates/integration-demo/examples/hello.rs",
        "fn main() { std::env::var(\"A_B\"); }",
    );
    assert_eq!(check(&tree), []);
}

#[test]
fn the_end_to_end_tests_list_their_variables_too() {
    let mut tree = sound();
    tree.insert("tests/src/config.rs", CONFIG.replace("DEMO", "E2E"));
    only(&tree, "is stale");
    let docs = format!(
        "{HEAD}{DOCS}{}",
        DOCS.replace("-demo", "-e2e").replace("DEMO", "E2E")
    );
    tree.insert(PATH, docs);
    assert_eq!(check(&tree), []);
    tree.insert("tests/src/bench.rs", "fn f() { std::env::var(x); }");
    only(&tree, "tests/src/bench.rs:1: reads the environment");
}
