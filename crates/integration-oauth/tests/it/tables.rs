//! Tables that say which test holds what; this holds that those tests exist.

use std::{fs, path::Path};

#[test]
fn every_threat_of_the_readme_has_its_test() {
    let sources = sources();
    let (_, section) = include_str!("../../README.md")
        .split_once("## Threats")
        .unwrap();
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        rows += tests_in(row.split('|').nth(2).unwrap(), &sources);
    }
    assert!(rows >= 20, "{rows} tests are listed");
}

/// Reads docs/OAUTH.md, where this crate is not alone.
#[test]
fn every_feature_that_is_there_has_its_test_and_the_sum_is_right() {
    let page = root().join("../../docs/OAUTH.md");
    let Ok(text) = fs::read_to_string(page) else {
        eprintln!("skipped: this crate is here without its workspace");
        return;
    };
    let sources = sources();
    let (mut number, mut yes, mut partly) = (0, 0, 0);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    for row in rows.filter(|row| row.starts_with(|c: char| c.is_ascii_digit())) {
        number += 1;
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[0], number.to_string(), "{row}");
        let tests = tests_in(cells[3], &sources);
        match cells[2].split([':', ',']).next().unwrap() {
            "yes" => yes += 1,
            "partly" => partly += 1,
            other => assert_eq!(other, "no", "{row}"),
        }
        let is_no = cells[2].starts_with("no");
        assert_eq!(
            tests == 0,
            is_no,
            "only what is not there has no test: {row}"
        );
    }
    assert_eq!(number, 69);
    let sum = format!("Now: {yes} yes, {partly} partly, {} no.", 69 - yes - partly);
    assert!(text.contains(&sum), "write: {sum}");
    assert!(yes >= 60, "{sum}");
}

/// Counts the tests that are named, each of which must exist.
fn tests_in(cell: &str, sources: &str) -> usize {
    let names = cell.split('`').skip(1).step_by(2);
    let missing = |name: &&str| !sources.contains(&format!("fn {name}("));
    assert_eq!(names.clone().find(missing), None, "is no test");
    names.count()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> String {
    let mut sources = String::new();
    for folder in [
        "src",
        "tests",
        "../../tests/it",
        "../integration-jwt/src",
        "../integration-jwt/tests",
    ] {
        gather(&root().join(folder), &mut sources);
    }
    sources
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
