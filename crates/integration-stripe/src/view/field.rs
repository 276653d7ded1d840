//! What a field can be read as.

use std::{fmt, marker::PhantomData};

use super::View;
use crate::{Node, node::Cursor};

/// A type that a getter returns. Read by the views; there is nothing to call.
pub trait Field<'n>: Sized {
    #[doc(hidden)]
    fn read(from: Cursor<'n>) -> Option<Self>;
}

/// What getters call. The plain types have a reader each, because a call that is not generic costs
/// the compiler a fraction of one that is, and there are thousands.
impl Node {
    /// Reads a field as what the getter returns.
    #[inline]
    pub(crate) fn field<'n, T: Field<'n>>(&'n self, name: &str) -> Option<T> {
        self.cursor().get(name).and_then(T::read)
    }

    /// Reads a field that is an object, or one of several objects.
    #[inline]
    pub(crate) fn view<T: View>(&self, name: &str) -> Option<T> {
        self.cursor().get(name).and_then(T::read)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.cursor().get(name)?.str()
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.cursor().get(name)?.i64()
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.cursor().get(name)?.f64()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.cursor().get(name)?.bool()
    }
}

impl<'n> Field<'n> for &'n str {
    fn read(from: Cursor<'n>) -> Option<Self> {
        from.str()
    }
}

impl Field<'_> for i64 {
    fn read(from: Cursor<'_>) -> Option<Self> {
        from.i64()
    }
}

impl Field<'_> for f64 {
    fn read(from: Cursor<'_>) -> Option<Self> {
        from.f64()
    }
}

impl Field<'_> for bool {
    fn read(from: Cursor<'_>) -> Option<Self> {
        from.bool()
    }
}

impl<T: View> Field<'_> for T {
    fn read(from: Cursor<'_>) -> Option<Self> {
        View::read(from)
    }
}

impl<'n, T: Field<'n>> Field<'n> for Vec<T> {
    fn read(from: Cursor<'n>) -> Option<Self> {
        from.is_array()
            .then(|| from.items().filter_map(T::read).collect())
    }
}

/// A 64-bit integer, which API v2 sends as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Int64(pub i64);

impl Field<'_> for Int64 {
    fn read(from: Cursor<'_>) -> Option<Self> {
        let text = from.str().and_then(|text| text.parse().ok());
        text.or_else(|| from.i64()).map(Self)
    }
}

/// An object whose keys are data, such as `metadata`.
#[derive(Clone)]
pub struct Map<T> {
    node: Node,
    values: PhantomData<fn() -> T>,
}

impl<T> Map<T> {
    /// Returns the value of a key.
    pub fn get<'n>(&'n self, key: &str) -> Option<T>
    where
        T: Field<'n>,
    {
        self.node.cursor().get(key).and_then(T::read)
    }

    /// Returns keys and values in the order they came.
    pub fn iter<'n>(&'n self) -> impl Iterator<Item = (&'n str, T)>
    where
        T: Field<'n>,
    {
        self.node
            .cursor()
            .entries()
            .filter_map(|(key, value)| Some((key, T::read(value)?)))
    }

    /// Returns all that was sent.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl<T> Field<'_> for Map<T> {
    fn read(from: Cursor<'_>) -> Option<Self> {
        from.is_object().then(|| Self {
            node: from.node(),
            values: PhantomData,
        })
    }
}

impl<T> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.cursor().redacted("Map", f)
    }
}
