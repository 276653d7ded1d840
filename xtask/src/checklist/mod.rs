//! The integration checklist: what every service crate proves before it is merged.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{
    env_docs, house, secrets,
    source::{code_only, code_without_tests, tests_only},
    tree::{Problem, Tree},
};

/// A policy, and the calls of `client.rs` of which one sets it.
const POLICIES: [(&str, &[&str]); 4] = [
    ("a deadline", &[".deadline(", ".with_timeouts("]),
    (
        "an attempt timeout",
        &[".attempt_timeout(", ".with_timeouts("],
    ),
    ("retries", &[".max_attempts(", ".with_max_attempts("]),
    ("a rate limit", &[".with_rate_limit("]),
];

/// Checks every service crate.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in house::services(tree) {
        let folder = format!("crates/{name}/");
        contract_tests(tree, &folder, &mut problems);
        errors(tree, &folder, &mut problems);
        policies(tree, &folder, &mut problems);
        environment(tree, name, &folder, &mut problems);
        keys(tree, &folder, &mut problems);
    }
    problems
}

/// Each resource has a module of contract tests, and that has a test.
fn contract_tests(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) {
    let resources = format!("{folder}src/resources/");
    for (path, _) in tree.below(&resources) {
        let noun = path.get(resources.len()..).unwrap_or_default();
        let noun = noun
            .split('/')
            .next()
            .unwrap_or(noun)
            .trim_end_matches(".rs");
        if noun == "mod" {
            continue;
        }
        let test = format!("{folder}tests/it/{noun}.rs");
        let has_test = tree.get(&test).is_some_and(|text| {
            let code = code_only(text);
            code.contains("#[test]") || code.contains("::test")
        });
        let listed = tree
            .get(&format!("{folder}tests/it/main.rs"))
            .is_some_and(|main| code_only(main).contains(&format!("mod {noun};")));
        if !has_test {
            problems.push(Problem::new(
                &test,
                0,
                format!("has no contract test: prove each call of {path}"),
            ));
        } else if !listed {
            problems.push(Problem::new(
                &test,
                0,
                format!("is not run: add `mod {noun};` to tests/it/main.rs"),
            ));
        }
    }
}

/// Each row of the table in the docs of `error.rs` is a row of the table test of `classify`.
fn errors(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) {
    let path = format!("{folder}src/error.rs");
    let Some(text) = tree.get(&path) else {
        return; // check-layout says so.
    };
    if !code_without_tests(text).contains("fn classify(") {
        problems.push(Problem::new(
            &path,
            0,
            "has no `fn classify(`: map statuses and codes in one pure function",
        ));
    }
    let documented: Vec<(usize, Vec<&str>)> = text
        .lines()
        .enumerate()
        .filter_map(|(i, l)| row(i + 1, l))
        .collect();
    if documented.is_empty() {
        let message =
            "documents no error: list `//! | status | code | kind |` as the provider does";
        problems.push(Problem::new(&path, 1, message));
    }
    let tests = tests_only(text);
    let tested: Vec<&str> = tests.lines().collect();
    for (line, cells) in documented {
        let proven = tested
            .iter()
            .any(|row| cells.iter().all(|cell| holds_word(row, cell)));
        if !proven {
            let message = format!(
                "documents `{}` without a row in the table test of classify: add it",
                cells.join(" ")
            );
            problems.push(Problem::new(&path, line, message));
        }
    }
}

/// The cells of a documented error that are not empty: status, code, kind.
fn row(line_no: usize, line: &str) -> Option<(usize, Vec<&str>)> {
    let cells = line.strip_prefix("//! |")?.trim_end().strip_suffix('|')?;
    let cells: Vec<&str> = cells
        .split('|')
        .map(|c| c.trim().trim_matches('`'))
        .collect();
    let status = cells.first()?;
    let is_row = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
    is_row.then(|| {
        (
            line_no,
            cells.into_iter().filter(|c| !c.is_empty()).collect(),
        )
    })
}

fn holds_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|w| w == word)
}

fn policies(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) {
    let path = format!("{folder}src/client.rs");
    let Some(text) = tree.get(&path) else {
        return; // check-layout says so.
    };
    let code = code_without_tests(text);
    for (policy, calls) in POLICIES {
        if !calls.iter().any(|call| code.contains(call)) {
            problems.push(Problem::new(
                &path,
                0,
                format!("does not set {policy}: call `{}`", calls.join("` or `")),
            ));
        }
    }
}

fn environment(tree: &Tree, name: &str, folder: &str, problems: &mut Vec<Problem>) {
    let path = format!("{folder}src/config.rs");
    let vars = env_docs::variables(tree, name, &mut Vec::new());
    if vars.is_empty() {
        problems.push(Problem::new(
            &path,
            0,
            "has no ENV table: list the variables of `from_env`",
        ));
    }
    let docs = tree.get(env_docs::PATH).unwrap_or_default();
    let documented: BTreeSet<&str> = docs.split('`').collect();
    for var in vars
        .iter()
        .filter(|var| !documented.contains(var.name.as_str()))
    {
        let message = format!(
            "{} is not in {}: run `cargo xtask env-docs`",
            var.name,
            env_docs::PATH
        );
        problems.push(Problem::new(&path, var.line, message));
    }
}

/// No key is in the crate, listed ones included, and a test proves that none is shown.
fn keys(tree: &Tree, folder: &str, problems: &mut Vec<Problem>) {
    for (path, _) in tree
        .below(folder)
        .filter(|(_, text)| secrets::holds_key(text))
    {
        problems.push(Problem::new(
            path,
            0,
            "holds a key: a service crate has none, make it up from parts in the test",
        ));
    }
    let path = format!("{folder}src/config.rs");
    let text = tree.get(&path).unwrap_or_default();
    if !code_only(text).contains("SecretString") {
        problems.push(Problem::new(
            &path,
            0,
            "keeps its key in no `SecretString`: use it",
        ));
    }
    if !tests_only(text).contains("canary") {
        problems.push(Problem::new(
            &path,
            0,
            "has no canary test: prove that Debug does not show the key",
        ));
    }
}
