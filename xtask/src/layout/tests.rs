use super::*;
use crate::new_service;

const LIB: &str =
    "#![doc = include_str!(\"../README.md\")]\n\nmod client;\n\npub use crate::client::Client;\n";

/// A tree without a fault: core, gateway, and a service as `new-service` writes it.
fn sound() -> Tree {
    let mut tree = Tree::default();
    for name in ["integration-core", "integration-gateway"] {
        let manifest = format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n");
        tree.insert(&format!("crates/{name}/Cargo.toml"), manifest);
        tree.insert(&format!("crates/{name}/README.md"), "");
        tree.insert(
            &format!("crates/{name}/CHANGELOG.md"),
            "# Changelog\n\n## Unreleased\n",
        );
        tree.insert(&format!("crates/{name}/src/lib.rs"), LIB);
    }
    tree.insert("crates/integration-gateway/src/main.rs", "fn main() {}");
    for (path, text) in new_service::files("demo").unwrap() {
        tree.insert(&path, text);
    }
    let names = "integration-core integration-gateway [demo](crates/integration-demo)";
    tree.insert("README.md", names);
    tree.insert("docs/ARCHITECTURE.md", names);
    tree
}

fn only(tree: &Tree, words: &str) {
    let found: Vec<String> = check(tree).iter().map(ToString::to_string).collect();
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{words}: {found:?}"
    );
}

fn with(path: &str, text: &str) -> Tree {
    let mut tree = sound();
    tree.insert(path, text);
    tree
}

#[test]
fn a_sound_tree_passes() {
    assert_eq!(check(&sound()), []);
}

#[test]
fn every_listed_file_is_missed() {
    for (folder, files) in [
        (
            "crates/integration-core/",
            ["README.md", "CHANGELOG.md", "src/lib.rs"].as_slice(),
        ),
        ("crates/integration-gateway/", ["src/main.rs"].as_slice()),
        (
            "crates/integration-demo/",
            [
                "src/client.rs",
                "src/config.rs",
                "src/error.rs",
                "src/resources/mod.rs",
                "tests/it/main.rs",
                "examples/hello.rs",
            ]
            .as_slice(),
        ),
    ] {
        for file in files {
            let mut tree = sound();
            let path = format!("{folder}{file}");
            assert!(tree.remove(&path).is_some(), "{path}");
            only(&tree, &format!("{path}: is missing"));
        }
    }
}

#[test]
fn a_service_without_fixtures_is_refused() {
    let mut tree = sound();
    tree.remove("crates/integration-demo/tests/fixtures/item.json");
    only(&tree, "has no .json");
}

#[test]
fn a_nested_crate_is_refused() {
    let tree = with("crates/integration-core/macros/Cargo.toml", "");
    only(
        &tree,
        "crates/integration-core/macros/Cargo.toml: is nested",
    );
}

#[test]
fn a_manifest_without_lints_or_with_another_name_is_refused() {
    let path = "crates/integration-core/Cargo.toml";
    only(
        &with(path, "[package]\nname = \"integration-core\"\n"),
        "does not take the lints",
    );
    only(
        &with(
            path,
            "[package]\nname = \"core\"\n[lints]\nworkspace = true",
        ),
        "is not `integration-core`",
    );
}

#[test]
fn a_changelog_without_unreleased_is_refused() {
    only(
        &with("crates/integration-core/CHANGELOG.md", "# Changelog\n"),
        "no `## Unreleased`",
    );
}

#[test]
fn lib_has_sixty_lines_at_most() {
    let path = "crates/integration-core/src/lib.rs";
    let filler = |lines: usize| format!("{LIB}{}", "// why\n".repeat(lines - LIB.lines().count()));
    assert_eq!(check(&with(path, &filler(60))), []);
    only(&with(path, &filler(61)), "lib.rs:61: has 61 lines");
}

#[test]
fn logic_in_lib_is_refused() {
    for word in [
        "fn f() {}",
        "impl X {}",
        "pub struct X;",
        "pub enum X {}",
        "impl<T> X for T {}",
    ] {
        only(
            &with(
                "crates/integration-core/src/lib.rs",
                &format!("{LIB}{word}\n"),
            ),
            "lib.rs:6: holds logic",
        );
    }
}

#[test]
fn a_lib_without_its_readme_is_refused() {
    only(
        &with("crates/integration-core/src/lib.rs", "//! Core.\n"),
        "the README is the crate doc",
    );
}

#[test]
fn a_crate_that_the_maps_do_not_name_is_refused() {
    let names = "integration-core integration-demo";
    only(
        &with("README.md", names),
        "README.md: does not name integration-gateway",
    );
    only(
        &with("docs/ARCHITECTURE.md", names),
        "docs/ARCHITECTURE.md: does not name integration-gateway",
    );
    let tree = with(
        "README.md",
        "integration-core integration-gateway integration-demo\n[x](crates/integration-gone)",
    );
    only(&tree, "README.md:2: links to crates/integration-gone");
}

#[test]
fn the_architecture_has_three_hundred_lines_at_most() {
    let names = "integration-core integration-gateway integration-demo\n";
    assert_eq!(check(&with("docs/ARCHITECTURE.md", &names.repeat(300))), []);
    only(
        &with("docs/ARCHITECTURE.md", &names.repeat(301)),
        "has 301 lines",
    );
}

#[test]
fn a_file_has_five_hundred_lines_at_most_without_its_tests() {
    let path = "crates/integration-core/src/a.rs";
    let tests = "#[cfg(test)]\nmod tests {\n\n\n}\n";
    let lines = |n: usize| "// why\n".repeat(n);
    assert_eq!(check(&with(path, &(lines(500) + tests))), []);
    only(
        &with(path, &(lines(501) + tests)),
        "a.rs:501: has 501 lines",
    );
    assert_eq!(
        check(&with(
            "crates/integration-core/src/generated/a.rs",
            &lines(501)
        )),
        []
    );
    assert_eq!(
        check(&with("crates/integration-core/tests/it/a.rs", &lines(501))),
        []
    );
}

#[test]
fn attributes_that_hide_are_refused() {
    let path = "crates/integration-core/src/a.rs";
    only(
        &with(path, "\n#[allow(dead_code)]\nfn a() {}"),
        "a.rs:2: `#[allow]`",
    );
    only(&with(path, "#![allow(dead_code)]"), "a.rs:1: `#[allow]`");
    only(
        &with(path, "#[cfg_attr(test, allow(dead_code))]\nfn a() {}"),
        "a.rs:1: `#[allow]`",
    );
    only(
        &with(path, "#[test]\n#[ignore = \"slow\"]\nfn a() {}"),
        "a.rs:2: `#[ignore]`",
    );
    assert_eq!(
        check(&with(
            path,
            "// #[allow(x)]\n#[ignored]\nconst A: &str = \"#[ignore]\";"
        )),
        []
    );
}

#[test]
fn a_test_name_is_a_sentence() {
    let path = "crates/integration-core/src/a.rs";
    only(
        &with(path, "#[test]\nfn test_it() {}"),
        "a.rs:2: `test_it` begins with test_",
    );
    only(
        &with(
            path,
            "#[tokio::test(start_paused = true)]\nasync fn test_it() {}",
        ),
        "`test_it`",
    );
    assert_eq!(
        check(&with(
            path,
            "fn test_server() {}\n#[test]\nfn tests_pass() {}"
        )),
        []
    );
}
