//! What is written down of a call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// A whole file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tape {
    pub(super) version: u32,
    pub(super) entries: Vec<Entry>,
}

/// A request and what came back. There is none that is not redacted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Each `name=value`.
    pub(super) query: Vec<String>,
    /// Each `name: value`.
    pub(super) headers: Vec<String>,
    pub(super) body: Body,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Each `name: value`.
    pub(super) headers: Vec<String>,
    pub(super) body: Body,
    /// Whether the body was read to its end.
    pub(super) complete: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    Empty,
    Json(Value),
    /// Each `name=value`.
    Form(Vec<String>),
    Text(String),
    Base64(String),
    /// Why it is not here.
    Omitted(String),
}

/// Why an entry does not answer a request; the later, the nearer it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    Path,
    Method,
    Query,
    /// At this place of its JSON; empty for the whole body.
    Body(String),
    Used,
}

impl Request {
    /// Returns the first difference that keeps a request from being answered; headers are none.
    pub(super) fn difference(&self, other: &Self) -> Option<Difference> {
        if self.path != other.path {
            return Some(Difference::Path);
        }
        if self.method != other.method {
            return Some(Difference::Method);
        }
        if self.query != other.query {
            return Some(Difference::Query);
        }
        match (&self.body, &other.body) {
            (a, b) if a == b => None,
            (Body::Json(a), Body::Json(b)) => Some(Difference::Body(place(a, b))),
            _ => Some(Difference::Body(String::new())),
        }
    }

    /// Returns the request as one line.
    pub(super) fn line(&self) -> String {
        let Self { method, path, .. } = self;
        match self.query.join("&") {
            query if query.is_empty() => format!("{method} {path}"),
            query => format!("{method} {path}?{query}"),
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Used => f.write_str("it was used already"),
            Self::Method => f.write_str("its method differs"),
            Self::Path => f.write_str("its path differs"),
            Self::Query => f.write_str("its query differs"),
            Self::Body(place) if place.is_empty() => f.write_str("its body differs"),
            Self::Body(place) => write!(f, "its body differs at {place}"),
        }
    }
}

/// Returns the pointer to where two values differ first.
fn place(a: &Value, b: &Value) -> String {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<_> = a.keys().chain(b.keys()).collect();
            names.sort();
            let name = names.into_iter().find(|name| a.get(*name) != b.get(*name));
            name.map_or_else(String::new, |name| {
                let (a, b) = (a.get(name), b.get(name));
                format!(
                    "/{name}{}",
                    a.zip(b).map_or_else(String::new, |(a, b)| place(a, b))
                )
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let longest = a.len().max(b.len());
            let index = (0..longest).find(|index| a.get(*index) != b.get(*index));
            index.map_or_else(String::new, |index| {
                let (a, b) = (a.get(index), b.get(index));
                format!(
                    "/{index}{}",
                    a.zip(b).map_or_else(String::new, |(a, b)| place(a, b))
                )
            })
        }
        _ => String::new(),
    }
}
