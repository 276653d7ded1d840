//! A value as it was written, and where.

use std::{fmt, sync::Arc};

use crate::resilience::Preset;

/// A value before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    /// Text of a variable, which may stand for anything.
    Variable(String),
    Text(String),
    /// `None` for one beyond 64 bits.
    Number(Option<i64>),
    Flag(bool),
    List(Vec<Given>),
    /// What no setting is: a fraction, a date, a table.
    Other(&'static str),
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    Preset(Preset),
    /// Name of the file, and the line from 1.
    File(Arc<str>, usize),
    /// Name of the variable.
    Variable(String),
}

/// A value with its origin.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) given: Given,
    pub(super) origin: Origin,
}

impl Given {
    /// Returns a text; `form` says of what kind.
    pub(super) fn text(&self, form: &str) -> Result<&str, String> {
        match self {
            Self::Variable(text) | Self::Text(text) => Ok(text.trim()),
            other => Err(other.is_not(form)),
        }
    }

    /// Returns a whole number that is not negative.
    pub(super) fn number(&self, form: &str) -> Result<u64, String> {
        let number = match self {
            Self::Variable(text) => text.trim().parse().ok(),
            Self::Number(number) => number.and_then(|number| u64::try_from(number).ok()),
            other => return Err(other.is_not(form)),
        };
        number.ok_or_else(|| format!("must be {form}"))
    }

    /// Returns true or false.
    pub(super) fn flag(&self, form: &str) -> Result<bool, String> {
        match self {
            Self::Flag(flag) => Ok(*flag),
            Self::Variable(text) => {
                let flag = text.trim().parse();
                flag.map_err(|_| format!("must be {form}"))
            }
            other => Err(other.is_not(form)),
        }
    }

    /// Returns the texts of a list; of a variable the parts between commas.
    pub(super) fn texts(&self, form: &str) -> Result<Vec<&str>, String> {
        match self {
            Self::Variable(text) => Ok(text.split(',').map(str::trim).collect()),
            Self::List(list) => list.iter().map(|entry| entry.text(form)).collect(),
            other => Err(other.is_not(form)),
        }
    }

    fn is_not(&self, form: &str) -> String {
        let kind = match self {
            Self::Variable(_) | Self::Text(_) => "a text",
            Self::Number(_) => "a bare number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        };
        format!("must be {form}, not {kind}")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset(preset) => write!(f, "preset {}", preset.name()),
            Self::File(name, line) => write!(f, "{name} line {line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
