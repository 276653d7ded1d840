//! A page, and where the next one is.

use std::{fmt, sync::Arc};

/// Where a page begins, in the service's own words. Cloning copies no text.
///
/// Its Debug shows only the length: cursors hold ids, filters, and in some services a signed
/// token or a whole address with its query.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Arc<str>);

impl Cursor {
    /// Creates a cursor from what the service gave, unchanged.
    pub fn new(cursor: impl Into<Arc<str>>) -> Self {
        Self(cursor.into())
    }

    /// Returns what the service gave.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Cursor {
    fn from(cursor: String) -> Self {
        Self::new(cursor)
    }
}

impl From<&str> for Cursor {
    fn from(cursor: &str) -> Self {
        Self::new(cursor)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its items, in the service's order; none is no sign of the end.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Creates a page.
    #[must_use]
    pub const fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next }
    }
}
