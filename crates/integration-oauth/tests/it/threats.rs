//! The README lists a test for each threat; this holds that they exist.

use std::{fs, path::Path};

#[test]
fn every_threat_of_the_readme_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in ["src", "tests", "../../tests/it"] {
        gather(&root.join(folder), &mut sources);
    }
    let (_, section) = include_str!("../../README.md")
        .split_once("## Threats")
        .unwrap();
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.split('|').nth(2).unwrap();
        for name in tests.split('`').skip(1).step_by(2) {
            rows += 1;
            let test = format!("fn {name}(");
            assert!(sources.contains(&test), "no test {name}");
        }
    }
    assert!(rows >= 20, "{rows} tests are listed");
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
