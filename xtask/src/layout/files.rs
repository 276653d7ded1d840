//! Which files there must be, and what a `lib.rs`, a manifest and the code map hold.

use toml::Table;

use crate::{
    house,
    source::{code_only, line_of},
    tree::{Problem, Tree},
};

/// Of every crate that is published.
const ALL: [&str; 4] = ["Cargo.toml", "README.md", "CHANGELOG.md", "src/lib.rs"];

/// Of a service crate besides.
const SERVICE: [&str; 6] = [
    "src/client.rs",
    "src/config.rs",
    "src/error.rs",
    "src/resources/mod.rs",
    "tests/it/main.rs",
    "examples/hello.rs",
];

/// Lines of a `lib.rs`.
const MAX_LIB: usize = 60;

/// Lines of docs/ARCHITECTURE.md, which must stay readable in one sitting.
const MAX_ARCHITECTURE: usize = 300;

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Words that begin logic; a `lib.rs` has none of them.
const LOGIC: [&str; 8] = [
    "fn",
    "impl",
    "struct",
    "enum",
    "trait",
    "macro_rules!",
    "static",
    "union",
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in tree.crates() {
        check_crate(tree, name, &mut problems);
    }
    check_maps(tree, &mut problems);
    problems
}

fn check_crate(tree: &Tree, name: &str, problems: &mut Vec<Problem>) {
    let folder = format!("crates/{name}/");
    let service = house::is_service(name);
    let gateway = (name == "integration-gateway").then_some("src/main.rs");
    let listed = ALL
        .into_iter()
        .chain(gateway)
        .chain(SERVICE.into_iter().filter(|_| service));
    for file in listed {
        let path = format!("{folder}{file}");
        if !tree.has(&path) {
            problems.push(Problem::new(
                &path,
                0,
                "is missing: every crate of this shape has it",
            ));
        }
    }
    if service
        && !tree
            .below(&format!("{folder}tests/fixtures/"))
            .any(|(p, _)| p.ends_with(".json"))
    {
        let path = format!("{folder}tests/fixtures/");
        problems.push(Problem::new(
            &path,
            0,
            "has no .json: keep the raw bodies of the answers there",
        ));
    }
    for (path, _) in tree
        .below(&folder)
        .filter(|(p, _)| p.ends_with("/Cargo.toml"))
    {
        if path != format!("{folder}Cargo.toml") {
            problems.push(Problem::new(
                path,
                0,
                "is nested: move this crate directly below crates/",
            ));
        }
    }
    if let Some(text) = tree.get(&format!("{folder}Cargo.toml")) {
        check_manifest(name, &format!("{folder}Cargo.toml"), text, problems);
    }
    if let Some(text) = tree.get(&format!("{folder}CHANGELOG.md"))
        && !text.lines().any(|line| line.trim_end() == "## Unreleased")
    {
        let path = format!("{folder}CHANGELOG.md");
        problems.push(Problem::new(
            &path,
            0,
            "has no `## Unreleased`: add it and say what changed",
        ));
    }
    if let Some(text) = tree.get(&format!("{folder}src/lib.rs")) {
        check_lib(&format!("{folder}src/lib.rs"), text, problems);
    }
}

fn check_manifest(name: &str, path: &str, text: &str, problems: &mut Vec<Problem>) {
    let Ok(root) = text.parse::<Table>() else {
        return; // check-deps says so.
    };
    let string = |table: &str, key: &str| root.get(table)?.get(key)?.as_str();
    if string("package", "name") != Some(name) {
        problems.push(Problem::new(
            path,
            1,
            format!("package.name is not `{name}`: name it as its folder"),
        ));
    }
    let linted = root
        .get("lints")
        .and_then(|l| l.get("workspace"))
        .and_then(toml::Value::as_bool);
    if linted != Some(true) {
        problems.push(Problem::new(
            path,
            0,
            "does not take the lints: add `[lints]` with `workspace = true`",
        ));
    }
}

fn check_lib(path: &str, text: &str, problems: &mut Vec<Problem>) {
    let lines = text.lines().count();
    if lines > MAX_LIB {
        let message = format!("has {lines} lines, at most {MAX_LIB}: move code into a module");
        problems.push(Problem::new(path, MAX_LIB + 1, message));
    }
    if !text.starts_with("#![doc = include_str!(\"../README.md\")]") {
        let message = "does not begin with `#![doc = include_str!(\"../README.md\")]`: the README is the crate doc";
        problems.push(Problem::new(path, 1, message));
    }
    let code = code_only(text);
    for (i, line) in code.lines().enumerate() {
        let word = line
            .split_whitespace()
            .find(|w| LOGIC.contains(&w.split('<').next().unwrap_or(w)));
        if let Some(word) = word {
            problems.push(Problem::new(
                path,
                i + 1,
                format!("holds logic (`{word}`): move it into a module"),
            ));
        }
    }
}

/// README and the code map name every crate.
fn check_maps(tree: &Tree, problems: &mut Vec<Problem>) {
    for path in ["README.md", ARCHITECTURE] {
        let Some(text) = tree.get(path) else {
            problems.push(Problem::new(path, 0, "is missing: write it"));
            continue;
        };
        for name in tree.crates() {
            if !text.contains(name) {
                problems.push(Problem::new(
                    path,
                    0,
                    format!("does not name {name}: add it to the table of crates"),
                ));
            }
        }
        for (at, _) in text.match_indices("](crates/") {
            let link = text
                .get(at + 2..)
                .and_then(|t| t.split([')', '#']).next())
                .unwrap_or_default();
            let gone = tree.below(link).next().is_none();
            if gone {
                problems.push(Problem::new(
                    path,
                    line_of(text, at),
                    format!("links to {link}, which is not there: remove it"),
                ));
            }
        }
    }
    let lines = tree.get(ARCHITECTURE).map_or(0, |t| t.lines().count());
    if lines > MAX_ARCHITECTURE {
        let message = format!("has {lines} lines, at most {MAX_ARCHITECTURE}: shorten it");
        problems.push(Problem::new(ARCHITECTURE, MAX_ARCHITECTURE + 1, message));
    }
}
