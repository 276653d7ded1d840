//! A reference to another object, by its id or as the object itself.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, Serializer};

use super::{Field, View};
use crate::{Node, node::Cursor};

/// The id of an object, or the object where the call asked to expand it.
///
/// ```
/// use integration_stripe::{Node, View, resources::Charge};
///
/// # fn main() -> integration_stripe::Result<()> {
/// let charge = Charge::from_node(Node::parse(br#"{"customer":"cus_1"}"#)?);
/// let customer = charge.customer();
/// assert_eq!(customer.as_ref().and_then(|c| c.id()), Some("cus_1"));
/// assert!(customer.is_some_and(|c| c.object().is_none()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Expandable<T> {
    node: Node,
    object: PhantomData<fn() -> T>,
}

impl<T: View> Expandable<T> {
    /// Returns the id, expanded or not.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.node.str().or_else(|| self.node.field("id"))
    }

    /// Returns the object when it was expanded and is not deleted.
    #[must_use]
    pub fn object(&self) -> Option<T> {
        let object = self
            .node
            .is_object()
            .then(|| T::from_node(self.node.clone()))?;
        (!object.is_deleted()).then_some(object)
    }

    /// Tells whether it was expanded and is deleted.
    #[must_use]
    pub fn deleted(&self) -> bool {
        self.node.is_deleted()
    }

    /// Returns all that was sent.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl<T> Field<'_> for Expandable<T> {
    fn read(from: Cursor<'_>) -> Option<Self> {
        (from.is_object() || from.str().is_some()).then(|| Self {
            node: from.node(),
            object: PhantomData,
        })
    }
}

impl<T> Serialize for Expandable<T> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        self.node.serialize(into)
    }
}

impl<T: View> fmt::Debug for Expandable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node.str() {
            Some(id) => f.debug_tuple(T::NAME).field(&id).finish(),
            None => self.node.cursor().redacted(T::NAME, f),
        }
    }
}
