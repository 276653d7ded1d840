//! Writes the crate of a new service in the shape that `check-layout` and `checklist` ask for.

use std::{fs, io, path::Path};

/// The template: path in the crate, text. `{{name}}` and its like are replaced in the text.
const TEMPLATE: [(&str, &str); 14] = [
    (
        "Cargo.toml",
        include_str!("../templates/service/Cargo.toml"),
    ),
    ("README.md", include_str!("../templates/service/README.md")),
    (
        "CHANGELOG.md",
        include_str!("../templates/service/CHANGELOG.md"),
    ),
    (
        "src/lib.rs",
        include_str!("../templates/service/src/lib.rs"),
    ),
    (
        "src/client.rs",
        include_str!("../templates/service/src/client.rs"),
    ),
    (
        "src/config.rs",
        include_str!("../templates/service/src/config.rs"),
    ),
    (
        "src/error.rs",
        include_str!("../templates/service/src/error.rs"),
    ),
    (
        "src/resources/mod.rs",
        include_str!("../templates/service/src/resources/mod.rs"),
    ),
    (
        "src/resources/items.rs",
        include_str!("../templates/service/src/resources/items.rs"),
    ),
    (
        "tests/it/main.rs",
        include_str!("../templates/service/tests/it/main.rs"),
    ),
    (
        "tests/it/items.rs",
        include_str!("../templates/service/tests/it/items.rs"),
    ),
    (
        "tests/fixtures/item.json",
        include_str!("../templates/service/tests/fixtures/item.json"),
    ),
    (
        "tests/fixtures/README.md",
        include_str!("../templates/service/tests/fixtures/README.md"),
    ),
    (
        "examples/hello.rs",
        include_str!("../templates/service/examples/hello.rs"),
    ),
];

/// Letters of a name; crates.io allows 64 with the prefix.
const MAX_NAME: usize = 40;

/// The files of the crate, by their paths from the root of the workspace.
pub(crate) fn files(name: &str) -> Result<Vec<(String, String)>, String> {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let parts_are_words = name
        .split('-')
        .all(|part| !part.is_empty() && part.bytes().all(letter));
    if !parts_are_words
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || name.len() > MAX_NAME
    {
        return Err(format!(
            "`{name}` is no name of a service: at most {MAX_NAME} lower-case letters and digits, words joined by `-`, such as `sendgrid`"
        ));
    }
    let words = [
        ("{{name}}", name.to_owned()),
        ("{{snake}}", name.replace('-', "_")),
        ("{{NAME}}", name.replace('-', "_").to_uppercase()),
        ("{{Name}}", name.split('-').map(capitalised).collect()),
    ];
    let fill = |text: &str| {
        words
            .iter()
            .fold(text.to_owned(), |t, (mark, word)| t.replace(mark, word))
    };
    Ok(TEMPLATE
        .into_iter()
        .map(|(path, text)| (format!("crates/integration-{name}/{path}"), fill(text)))
        .collect())
}

/// Writes the files below `root`, and refuses to touch a crate that is there.
pub(crate) fn write(root: &Path, name: &str) -> io::Result<Vec<String>> {
    let files = files(name).map_err(io::Error::other)?;
    let folder = root.join(format!("crates/integration-{name}"));
    if folder.exists() {
        return Err(io::Error::other(format!(
            "{} is there already: choose another name",
            folder.display()
        )));
    }
    for (path, text) in &files {
        let path = root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|c| c.to_ascii_uppercase())
        .into_iter()
        .chain(chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scratch::Scratch, source::code_without_tests};

    #[test]
    fn no_mark_is_left_in_a_file() {
        for (path, text) in files("my-service2").unwrap() {
            assert!(!text.contains("{{") || text.contains("format!"), "{path}");
            assert!(
                !text.contains("{{n") && !text.contains("{{N") && !text.contains("{{s"),
                "{path}"
            );
        }
    }

    /// Core owns what services have in common: what is left is the provider's nouns.
    #[test]
    fn a_service_is_at_most_150_lines_of_code() {
        let code: usize = files("demo")
            .unwrap()
            .iter()
            .filter(|(path, _)| path.contains("/src/"))
            .map(|(_, text)| {
                let code = code_without_tests(text);
                code.lines().filter(|line| !line.trim().is_empty()).count()
            })
            .sum();
        assert!(code <= 150, "{code} lines");
    }

    #[test]
    fn names_are_set_in_the_case_of_their_place() {
        let files = files("my-service2").unwrap();
        let text = |end: &str| {
            files
                .iter()
                .find(|(p, _)| p.ends_with(end))
                .unwrap()
                .1
                .as_str()
        };
        assert!(text("Cargo.toml").contains("name = \"integration-my-service2\""));
        assert!(text("src/config.rs").contains("\"MY_SERVICE2_API_KEY\""));
        assert!(text("src/error.rs").contains("pub struct MyService2Error"));
        assert!(text("tests/it/items.rs").contains("use integration_my_service2::"));
    }

    #[test]
    fn a_name_that_is_no_crate_name_is_refused() {
        for name in [
            "",
            "Stripe",
            "my_service",
            "-a",
            "a--b",
            "1a",
            "../a",
            &"a".repeat(41),
        ] {
            assert!(files(name).is_err(), "{name}");
        }
        assert!(files(&"a".repeat(40)).is_ok());
    }

    #[test]
    fn a_crate_that_is_there_is_not_touched() {
        let root = Scratch::new("new-service");
        assert_eq!(write(root.path(), "demo").unwrap().len(), TEMPLATE.len());
        assert!(
            write(root.path(), "demo")
                .unwrap_err()
                .to_string()
                .contains("is there already")
        );
    }
}
