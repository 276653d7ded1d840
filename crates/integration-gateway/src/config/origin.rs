//! Where each value came from.

use std::collections::BTreeMap;

/// Where each value of a configuration came from; what is not listed is a default.
///
/// Keys are paths such as `listen`, `sources.stripe.scheme` and `routes.billing.url`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Name of the file, if one was read.
    file: Option<String>,
    values: BTreeMap<String, Origin>,
    /// What a secret was called, such as `env:NAME`, by the path of its list or key.
    secrets: BTreeMap<String, Vec<String>>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
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
        self.values.contains_key(path)
    }

    /// Returns how the value is called where it was written.
    pub(super) fn name(&self, path: &str) -> String {
        match self.values.get(path) {
            Some(Origin::Variable(name)) => name.clone(),
            Some(Origin::Option(name)) => (*name).to_owned(),
            None => format!("`{path}`"),
        }
    }

    pub(super) fn set_secret(&mut self, path: &str, reference: String) {
        self.secrets
            .entry(path.to_owned())
            .or_default()
            .push(reference);
    }

    pub(super) fn secrets(&self, path: &str) -> Option<&[String]> {
        self.secrets.get(path).map(Vec::as_slice)
    }
}
