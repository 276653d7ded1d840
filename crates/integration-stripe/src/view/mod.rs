//! Typed views of what Stripe sent: a name over a [`Node`], with a getter for each field we know.
//!
//! A view never fails to parse. What is missing, `null` or of another type than documented reads as
//! `None`; what is not documented is there with [`View::node`] and survives a round trip.

mod expandable;
mod field;
mod list;
mod macros;
#[cfg(test)]
mod tests;

use std::fmt;

use integration_core::{Error, ErrorKind};
use serde::{Deserialize, Deserializer};

use crate::{Node, node::Cursor};

#[cfg(feature = "full")]
pub(crate) use self::macros::union_view;
pub(crate) use self::macros::{of_node, open_enum, view};
pub use self::{
    expandable::Expandable,
    field::{Field, Int64, Map},
    list::List,
};

/// What Stripe's document says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// Always there, never `null`.
    Required,
    /// Always there, or `null`.
    Nullable,
    /// There or not.
    Optional,
}

/// A typed view of a JSON object.
pub trait View: Clone + Sized {
    /// The name of the view.
    const NAME: &'static str;
    /// What [`fields`](View::fields) reads: one text costs the compiler a fraction of a table.
    #[doc(hidden)]
    const FIELDS: &'static str;

    /// Takes any value for such an object.
    fn from_node(node: Node) -> Self;

    /// Returns all that was sent.
    fn node(&self) -> &Node;

    /// Returns the documented fields, by their names in JSON.
    fn fields() -> impl Iterator<Item = (&'static str, Presence)> {
        let mut words = Self::FIELDS.split_ascii_whitespace();
        std::iter::from_fn(move || {
            let name = words.next()?.trim_matches('"');
            let presence = match words.next()? {
                "Required" => Presence::Required,
                "Nullable" => Presence::Nullable,
                _ => Presence::Optional,
            };
            Some((name, presence))
        })
    }

    #[doc(hidden)]
    fn read(from: Cursor<'_>) -> Option<Self> {
        from.is_object().then(|| Self::from_node(from.node()))
    }

    /// Tells whether this is what remains of a deleted object.
    fn is_deleted(&self) -> bool {
        self.node().cursor().get("deleted").and_then(Cursor::bool) == Some(true)
    }

    /// Returns the view, once every field that is documented as always there is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`], naming the first field that is missing or `null`.
    fn require(self) -> Result<Self, Error> {
        for (field, presence) in Self::fields() {
            let there = || {
                self.node()
                    .cursor()
                    .get(field)
                    .is_some_and(|value| !value.is_null())
            };
            if presence == Presence::Required && !there() {
                return Err(Error::new(ErrorKind::Decode, "stripe.require")
                    .with_message("a required field is missing")
                    .with_context("object", Self::NAME)
                    .with_context("field", field));
            }
        }
        Ok(self)
    }
}

impl View for Node {
    const NAME: &'static str = "Node";
    const FIELDS: &'static str = "";

    fn from_node(node: Node) -> Self {
        node
    }

    fn node(&self) -> &Node {
        self
    }

    fn read(from: Cursor<'_>) -> Option<Self> {
        (!from.is_null()).then(|| from.node())
    }
}

// What the views and enums share, so that each has one call of it.

pub(crate) fn debug<T: View>(view: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    view.node().cursor().redacted(T::NAME, f)
}

pub(crate) fn deserialize<'de, T: View, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Node::deserialize(from).map(T::from_node)
}

/// The place of a word among those of an enum, which are in order; beyond them for any other.
pub(crate) fn place(words: &[&str], word: &str) -> usize {
    words.binary_search(&word).unwrap_or(words.len())
}
