//! A borrowed place in a document: what getters read through.

use std::{fmt, sync::Arc};

use super::{Document, Node, Slot};

/// A [`Node`] that borrows its document, so that reading a number touches no counter.
#[derive(Clone, Copy)]
pub struct Cursor<'n> {
    document: &'n Arc<Document>,
    at: u32,
}

impl<'n> Cursor<'n> {
    #[inline]
    pub(super) fn new(document: &'n Arc<Document>, at: u32) -> Self {
        Self { document, at }
    }

    #[inline]
    pub(crate) fn node(self) -> Node {
        Node {
            document: Arc::clone(self.document),
            at: self.at,
        }
    }

    pub(super) fn slot(self) -> Slot {
        let slots = &self.document.slots;
        slots.get(self.at as usize).copied().unwrap_or(Slot::Null)
    }

    fn at(self, at: u32) -> Self {
        Self { at, ..self }
    }

    /// The place behind this value and all it holds.
    fn next(self) -> Self {
        match self.slot() {
            Slot::Array { end, .. } | Slot::Object { end, .. } => self.at(end),
            _ => self.at(self.at + 1),
        }
    }

    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let mut entries = self.entries();
        entries.find_map(|(name, value)| (name == key).then_some(value))
    }

    pub(crate) fn str(self) -> Option<&'n str> {
        let Slot::Text { at, len } = self.slot() else {
            return None;
        };
        self.piece(at, len)
    }

    fn piece(self, at: u32, len: u32) -> Option<&'n str> {
        self.document.text.get(at as usize..(at + len) as usize)
    }

    pub(crate) fn i64(self) -> Option<i64> {
        match self.slot() {
            Slot::Int(value) => Some(value),
            Slot::Float(_) | Slot::Number { .. } => whole(self.f64()?),
            _ => None,
        }
    }

    pub(crate) fn f64(self) -> Option<f64> {
        match self.slot() {
            #[expect(clippy::cast_precision_loss, reason = "asked for as floating point")]
            Slot::Int(value) => Some(value as f64),
            #[expect(clippy::cast_precision_loss, reason = "asked for as floating point")]
            Slot::Large(value) => Some(value as f64),
            Slot::Float(value) => Some(value),
            Slot::Number { at, len } => self.piece(at, len)?.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self.slot() {
            Slot::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self.slot(), Slot::Null)
    }

    pub(crate) fn is_object(self) -> bool {
        matches!(self.slot(), Slot::Object { .. })
    }

    pub(crate) fn is_array(self) -> bool {
        matches!(self.slot(), Slot::Array { .. })
    }

    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let len = match self.slot() {
            Slot::Array { len, .. } => len,
            _ => 0,
        };
        let mut next = self.at(self.at + 1);
        (0..len).map(move |_| {
            let item = next;
            next = item.next();
            item
        })
    }

    pub(crate) fn entries(self) -> impl Iterator<Item = (&'n str, Self)> {
        let len = match self.slot() {
            Slot::Object { len, .. } => len,
            _ => 0,
        };
        let mut next = self.at(self.at + 1);
        (0..len).map(move |_| {
            let value = next.at(next.at + 1);
            let key = next.str().unwrap_or_default();
            next = value.next();
            (key, value)
        })
    }

    pub(super) fn same(self, other: Self) -> bool {
        match (self.slot(), other.slot()) {
            (Slot::Null, Slot::Null) => true,
            (Slot::Bool(a), Slot::Bool(b)) => a == b,
            (Slot::Text { .. }, Slot::Text { .. }) => self.str() == other.str(),
            (Slot::Array { len: a, .. }, Slot::Array { len: b, .. }) => {
                a == b && self.items().zip(other.items()).all(|(a, b)| a.same(b))
            }
            (Slot::Object { len: a, .. }, Slot::Object { len: b, .. }) => {
                let in_other = |(key, value): (&str, Self)| {
                    other.get(key).is_some_and(|there| value.same(there))
                };
                a == b && self.entries().all(in_other)
            }
            (Slot::Int(a), Slot::Int(b)) => a == b,
            (Slot::Large(a), Slot::Large(b)) => a == b,
            _ => self.f64().is_some() && self.f64() == other.f64(),
        }
    }

    /// Writes the value as JSON.
    pub(super) fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str, f: &mut fmt::Formatter<'_>| {
            f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
        };
        match self.slot() {
            Slot::Number { at, len } => f.write_str(self.piece(at, len).unwrap_or("null")),
            Slot::Array { .. } => {
                for (index, item) in self.items().enumerate() {
                    f.write_str(if index == 0 { "[" } else { "," })?;
                    item.write(f)?;
                }
                f.write_str(if self.items().next().is_none() {
                    "[]"
                } else {
                    "]"
                })
            }
            Slot::Object { .. } => {
                for (index, (key, value)) in self.entries().enumerate() {
                    f.write_str(if index == 0 { "{" } else { "," })?;
                    quoted(key, f)?;
                    f.write_str(":")?;
                    value.write(f)?;
                }
                f.write_str(if self.entries().next().is_none() {
                    "{}"
                } else {
                    "}"
                })
            }
            Slot::Text { .. } => quoted(self.str().unwrap_or_default(), f),
            _ => f.write_str(&serde_json::to_string(&self).map_err(|_| fmt::Error)?),
        }
    }

    /// Shows `name`, the id and the kind of the object, and the names of the other fields.
    pub(crate) fn redacted(self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(name);
        for (key, value) in self.entries() {
            match (key, value.str()) {
                ("id" | "object", Some(text)) => shown.field(key, &text),
                _ => shown.field(key, &format_args!("..")),
            };
        }
        shown.finish()
    }
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redacted("Cursor", f)
    }
}

/// The integer that a floating-point number is, if it is one that both types hold exactly.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within 2^53, so nothing is cut"
    )]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}
