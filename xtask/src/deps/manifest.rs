//! Reads from a Cargo.toml what the rules need.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::tree::{Problem, Tree};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Normal,
    Dev,
    Build,
}

const SECTIONS: [(&str, Section); 3] = [
    ("dependencies", Section::Normal),
    ("dev-dependencies", Section::Dev),
    ("build-dependencies", Section::Build),
];

#[derive(Debug)]
pub(super) struct Dependency {
    /// The name of the package, whatever the manifest calls it.
    pub(super) package: String,
    pub(super) section: Section,
    pub(super) line: usize,
    pub(super) path: bool,
    pub(super) version: bool,
}

#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// `[workspace.dependencies]` of the root.
pub(super) type Shared = BTreeMap<String, Value>;

pub(super) fn shared(tree: &Tree, problems: &mut Vec<Problem>) -> Shared {
    let Some(text) = tree.get("Cargo.toml") else {
        return Shared::new();
    };
    match text.parse::<Table>() {
        Ok(root) => table(&root, &["workspace", "dependencies"])
            .map(|t| t.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
            .unwrap_or_default(),
        Err(e) => {
            problems.push(unreadable("Cargo.toml", &e));
            Shared::new()
        }
    }
}

impl Manifest {
    pub(super) fn parse(path: &str, text: &str, shared: &Shared) -> Result<Self, Problem> {
        let root: Table = text.parse().map_err(|e| unreadable(path, &e))?;
        let name = table(&root, &["package"])
            .and_then(|t| t.get("name"))
            .and_then(Value::as_str)
            .ok_or_else(|| Problem::new(path, 0, "has no package.name: add it"))?;
        let mut dependencies = dependencies(&root, text, shared);
        for target in table(&root, &["target"])
            .into_iter()
            .flat_map(Table::values)
        {
            if let Some(target) = target.as_table() {
                dependencies.extend(self::dependencies(target, text, shared));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            dependencies,
        })
    }
}

fn dependencies(root: &Table, text: &str, shared: &Shared) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (heading, section) in SECTIONS {
        for (key, value) in table(root, &[heading]).into_iter().flatten() {
            found.push(dependency(key, value, section, text, shared));
        }
    }
    found
}

fn dependency(
    key: &str,
    value: &Value,
    section: Section,
    text: &str,
    shared: &Shared,
) -> Dependency {
    let inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
    let from_root = shared.get(key).filter(|_| inherited);
    let has = |field: &str| {
        value.get(field).is_some() || from_root.is_some_and(|v| v.get(field).is_some())
    };
    let package = [Some(value), from_root]
        .into_iter()
        .flatten()
        .find_map(|v| v.get("package").and_then(Value::as_str))
        .unwrap_or(key);
    Dependency {
        package: package.to_owned(),
        section,
        line: line_of_key(text, key, section),
        path: has("path"),
        version: has("version") || value.is_str() || from_root.is_some_and(Value::is_str),
    }
}

/// The line of `key` under the heading of its section; the first line that begins with it otherwise.
fn line_of_key(text: &str, key: &str, section: Section) -> usize {
    let heading = SECTIONS
        .iter()
        .find(|(_, s)| *s == section)
        .map_or("", |(h, _)| h);
    let names_key = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(key);
        rest.is_some_and(|r| r.starts_with(['.', ' ', '=', '"']))
    };
    let mut current = String::new();
    let mut first = 0;
    for (i, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            current = line.trim_matches(['[', ']', ' ']).to_owned();
            let own_table = current.strip_suffix(key).and_then(|c| c.strip_suffix('.'));
            if own_table.is_some_and(|c| ends_with_heading(c, heading)) {
                return i + 1;
            }
        } else if names_key(line) {
            if ends_with_heading(&current, heading) {
                return i + 1;
            }
            first = if first == 0 { i + 1 } else { first };
        }
    }
    first
}

fn ends_with_heading(current: &str, heading: &str) -> bool {
    current == heading || current.ends_with(&format!(".{heading}"))
}

fn table<'a>(root: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(root, |t, key| t.get(*key)?.as_table())
}

fn unreadable(path: &str, error: &toml::de::Error) -> Problem {
    Problem::new(path, 0, format!("is not TOML: {}", error.message()))
}
