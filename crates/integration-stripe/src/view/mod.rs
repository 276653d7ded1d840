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

use integration_core::{Error, ErrorKind, Result};

use crate::{Node, node::Cursor};

#[cfg(feature = "full")]
pub(crate) use self::macros::unions;
pub(crate) use self::macros::{of_node, open_enums, views};
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
    /// The documented fields, by their names in JSON.
    const FIELDS: &'static [(&'static str, Presence)];

    /// Takes any value for such an object.
    fn from_node(node: Node) -> Self;

    /// Returns all that was sent.
    fn node(&self) -> &Node;

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
    fn require(self) -> Result<Self> {
        for (field, presence) in Self::FIELDS {
            let there = || {
                self.node()
                    .cursor()
                    .get(field)
                    .is_some_and(|value| !value.is_null())
            };
            if *presence == Presence::Required && !there() {
                return Err(Error::new(ErrorKind::Decode, "stripe.require")
                    .with_message("a required field is missing")
                    .with_context("object", Self::NAME)
                    .with_context("field", *field));
            }
        }
        Ok(self)
    }
}

impl View for Node {
    const NAME: &'static str = "Node";
    const FIELDS: &'static [(&'static str, Presence)] = &[];

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

/// The value of a word in the table of an enum.
pub(crate) fn known<T: Clone>(words: &[(&'static str, T)], word: &str) -> Option<T> {
    let mut words = words.iter();
    words.find_map(|(known, value)| (*known == word).then(|| value.clone()))
}

/// The word of a value in the table of an enum.
pub(crate) fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    let mut words = words.iter();
    words
        .find_map(|(word, known)| (known == value).then_some(*word))
        .unwrap_or_default()
}
