//! Reads the values of one table, and names the key in every error.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use integration_core::{Error, ErrorKind, Result};
use toml::{Table, Value};

use super::{
    nearest::{nearest, shown},
    origin::Origins,
};

/// Entries of one list at most.
pub(super) const MAX_LIST: usize = 64;

/// One table, where it stands, and what may be in it.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    table: &'a Table,
    path: &'a str,
    origins: &'a Origins,
}

/// Makes an error of the configuration, which names the file.
pub(super) fn fault(origins: &Origins, message: impl Into<String>) -> Error {
    let error = Error::new(ErrorKind::Config, "gateway.config").with_message(message.into());
    match origins.file() {
        Some(file) => error.with_context("file", file),
        None => error,
    }
}

/// Joins a table's path and a key.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        return key.to_owned();
    }
    format!("{path}.{key}")
}

impl<'a> Section<'a> {
    /// Takes a table, unless it has a key that nobody knows.
    pub(super) fn new(
        table: &'a Table,
        path: &'a str,
        known: &[&'static str],
        origins: &'a Origins,
    ) -> Result<Self> {
        if let Some(wrong) = table.keys().find(|key| !known.contains(&key.as_str())) {
            let place = if path.is_empty() {
                String::new()
            } else {
                format!(" in `{path}`")
            };
            let wanted = nearest(wrong, known.iter().copied()).unwrap_or_default();
            let wrong = shown(wrong);
            let message = format!("unknown key {wrong}{place}, did you mean `{wanted}`?");
            return Err(fault(origins, message));
        }
        Ok(Self {
            table,
            path,
            origins,
        })
    }

    pub(super) fn path(&self, key: &str) -> String {
        join(self.path, key)
    }

    /// Makes an error that names a key and what holds for it.
    pub(super) fn fault(&self, key: &str, rule: impl Display) -> Error {
        let name = self.origins.name(&self.path(key));
        fault(self.origins, format!("{name} {rule}"))
    }

    /// Makes an error for a key that must be set; it names the variable that made the table, if
    /// the file does not have it.
    pub(super) fn missing(&self, key: &str, example: &str) -> Error {
        let path = self.path(key);
        let maker = self
            .origins
            .maker(self.path)
            .map_or_else(String::new, |name| {
                format!(" (`{}` comes from {name} alone)", self.path)
            });
        let message = format!("`{path}` is missing, write {example}{maker}");
        fault(self.origins, message)
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.table.get(key)
    }

    pub(super) fn is_text(&self, key: &str) -> bool {
        self.origins.is_text(&self.path(key))
    }

    /// Returns a table below this one.
    pub(super) fn table(&self, key: &str) -> Result<Option<&'a Table>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(table)),
            Some(other) => Err(self.not(key, other, "a table")),
        }
    }

    /// Returns a text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.not(key, other, "a text in quotes")),
        }
    }

    /// Returns a text that parses; `rule` says what would.
    pub(super) fn parsed<T: FromStr>(&self, key: &str, rule: &str) -> Result<Option<T>> {
        let parse = |text: &str| {
            let parsed = text.trim().parse();
            parsed.map_err(|_| self.fault(key, format_args!("must be {rule}")))
        };
        match self.value(key) {
            Some(Value::String(text)) => parse(text).map(Some),
            Some(other) => Err(self.not(key, other, rule)),
            None => Ok(None),
        }
    }

    /// Returns one of some words, as what it stands for.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> Result<T> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*found);
        }
        let known = words.iter().map(|(word, _)| *word);
        let all: Vec<String> = known.clone().map(|word| format!("\"{word}\"")).collect();
        let wanted = nearest(text, known).unwrap_or_default();
        let all = all.join(", ");
        Err(self.fault(
            key,
            format_args!("must be one of {all}, did you mean \"{wanted}\"?"),
        ))
    }

    /// Returns a whole number within a range.
    pub(super) fn number<T: TryFrom<u64>>(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<T>> {
        let (least, most) = (range.start(), range.end());
        let rule = format!("a whole number from {least} to {most}");
        let number = match self.value(key) {
            None => return Ok(None),
            Some(Value::Integer(number)) => u64::try_from(*number).ok(),
            Some(Value::String(text)) if self.is_text(key) => text.trim().parse().ok(),
            Some(other) => return Err(self.not(key, other, &rule)),
        };
        let number = number.filter(|number| range.contains(number));
        let found = number.and_then(|number| T::try_from(number).ok());
        found
            .map(Some)
            .ok_or_else(|| self.fault(key, format_args!("must be {rule}")))
    }

    /// Sets a time given in milliseconds.
    pub(super) fn millis(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
        to: &mut Duration,
    ) -> Result<()> {
        if let Some(millis) = self.number(key, range)? {
            *to = Duration::from_millis(millis);
        }
        Ok(())
    }

    /// Sets a time given in seconds.
    pub(super) fn seconds(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
        to: &mut Duration,
    ) -> Result<()> {
        if let Some(seconds) = self.number(key, range)? {
            *to = Duration::from_secs(seconds);
        }
        Ok(())
    }

    /// Sets a number.
    pub(super) fn count<T: TryFrom<u64>>(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
        to: &mut T,
    ) -> Result<()> {
        if let Some(number) = self.number(key, range)? {
            *to = number;
        }
        Ok(())
    }

    /// Returns a list; out of a variable, its parts between commas.
    pub(super) fn list(&self, key: &str) -> Result<Option<Vec<Value>>> {
        let list = match self.value(key) {
            None => return Ok(None),
            Some(Value::Array(list)) => list.clone(),
            Some(Value::String(text)) if self.is_text(key) => {
                let parts = text.split(',').map(|part| part.trim().to_owned());
                parts.map(Value::String).collect()
            }
            Some(other) => return Err(self.not(key, other, "a list in brackets")),
        };
        if list.is_empty() || list.len() > MAX_LIST {
            let rule = format!("must have 1 to {MAX_LIST} entries");
            return Err(self.fault(key, rule));
        }
        Ok(Some(list))
    }

    pub(super) fn not(&self, key: &str, value: &Value, rule: &str) -> Error {
        let kind = match value {
            Value::String(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a fraction",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        };
        self.fault(key, format_args!("must be {rule}, not {kind}"))
    }
}
