//! The README lists a test for each threat; this holds that they exist.

#[test]
fn every_threat_of_the_readme_has_its_test() {
    let sources = [
        include_str!("cache.rs"),
        include_str!("corpus.rs"),
        include_str!("flood.rs"),
        include_str!("id_tokens.rs"),
        include_str!("profiles.rs"),
        include_str!("properties.rs"),
        include_str!("tokens.rs"),
    ];
    let (_, section) = include_str!("../../README.md")
        .split_once("## Threats")
        .unwrap();
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.split('|').nth(2).unwrap();
        for name in tests.split('`').skip(1).step_by(2) {
            rows += 1;
            let test = format!("fn {name}(");
            assert!(
                sources.iter().any(|source| source.contains(&test)),
                "no test {name}"
            );
        }
    }
    assert!(rows >= 20, "{rows} tests are listed");
}
