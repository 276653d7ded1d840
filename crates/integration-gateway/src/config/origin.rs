//! Where each value came from.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::section::join;

/// Where each value of a configuration came from; what is not listed is a default.
///
/// Keys are paths such as `listen`, `sources.stripe.scheme` and `routes.billing.url`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Name of the file, if one was read.
    file: Option<String>,
    values: BTreeMap<String, Origin>,
    /// What secrets are called, such as `"env:NAME"`, by the path of their list or key.
    secrets: BTreeMap<String, Vec<String>>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The file.
    File,
    /// A variable of this name.
    Variable(String),
    /// An option of the command line.
    Option(&'static str),
}

impl Origins {
    pub(super) fn new(file: Option<String>) -> Self {
        Self {
            file,
            ..Self::default()
        }
    }

    pub(super) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    pub(super) fn set(&mut self, path: &str, origin: Origin) {
        self.values.insert(path.to_owned(), origin);
    }

    /// Returns whether the value is text out of a variable or an option, to be parsed.
    pub(super) fn is_text(&self, path: &str) -> bool {
        let origin = self.values.get(path);
        matches!(origin, Some(Origin::Variable(_) | Origin::Option(_)))
    }

    /// Returns how the value is called where it was written.
    pub(super) fn name(&self, path: &str) -> String {
        match self.values.get(path) {
            Some(Origin::Variable(name)) => name.clone(),
            Some(Origin::Option(name)) => (*name).to_owned(),
            Some(Origin::File) | None => format!("`{path}`"),
        }
    }

    /// Returns what there is to say about where a value came from; nothing if from the file.
    pub(super) fn note(&self, path: &str) -> Option<&str> {
        match self.values.get(path) {
            Some(Origin::Variable(name)) => Some(name),
            Some(Origin::Option(name)) => Some(name),
            Some(Origin::File) => None,
            None => Some("default"),
        }
    }

    /// Returns the variable that made a table which the file does not have.
    pub(super) fn maker(&self, table: &str) -> Option<&str> {
        let start = format!("{table}.");
        let mut inside = self
            .values
            .iter()
            .filter(|(path, _)| path.starts_with(&start))
            .map(|(_, origin)| origin);
        match inside.clone().next() {
            Some(Origin::Variable(name)) if !inside.any(|o| *o == Origin::File) => Some(name),
            _ => None,
        }
    }

    /// Notes every key of the file.
    pub(super) fn note_file(&mut self, table: &Table, path: &str) {
        for (key, value) in table {
            let path = join(path, key);
            match value {
                Value::Table(table) => self.note_file(table, &path),
                Value::Array(list) if key == "routes" => {
                    for route in list.iter().filter_map(Value::as_table) {
                        let name = route.get("name").and_then(Value::as_str);
                        self.note_file(route, &join(&path, name.unwrap_or_default()));
                    }
                }
                _ => self.set(&path, Origin::File),
            }
        }
    }

    pub(super) fn add_secret(&mut self, path: &str, reference: &Value) {
        let list = self.secrets.entry(path.to_owned()).or_default();
        list.push(reference.to_string());
    }

    /// Returns what the secrets at a path are called, as TOML.
    pub(super) fn secrets(&self, path: &str) -> &[String] {
        self.secrets.get(path).map_or(&[], Vec::as_slice)
    }
}
