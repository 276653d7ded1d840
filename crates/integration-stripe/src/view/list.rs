//! One page of a list.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::View;
use crate::{Node, node::Cursor};

/// One page of a list, of a search, or of API v2.
#[derive(Clone)]
pub struct List<T> {
    node: Node,
    items: PhantomData<fn() -> T>,
}

impl<T: View> List<T> {
    /// Returns the objects of this page.
    pub fn data(&self) -> impl Iterator<Item = T> {
        let data = self.node.cursor().get("data");
        data.into_iter()
            .flat_map(Cursor::items)
            .map(|item| T::from_node(item.node()))
    }

    /// Tells whether there is a page after this one.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.node
            .field("has_more")
            .unwrap_or_else(|| self.next_page_url().is_some())
    }

    /// Returns the path of the list.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.node.field("url")
    }

    /// Returns where the next page of a search is.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        self.node.field("next_page")
    }

    /// Returns where the next page is, in API v2.
    #[must_use]
    pub fn next_page_url(&self) -> Option<&str> {
        self.node.field("next_page_url")
    }

    /// Returns where the page before is, in API v2.
    #[must_use]
    pub fn previous_page_url(&self) -> Option<&str> {
        self.node.field("previous_page_url")
    }

    /// Returns how many a search found, where the call asked to expand `total_count`.
    #[must_use]
    pub fn total_count(&self) -> Option<i64> {
        self.node.field("total_count")
    }
}

impl<T: View> View for List<T> {
    const NAME: &'static str = "List";
    const FIELDS: &'static str = "data Required";

    fn from_node(node: Node) -> Self {
        Self {
            node,
            items: PhantomData,
        }
    }

    fn node(&self) -> &Node {
        &self.node
    }
}

impl<T> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        self.node.serialize(into)
    }
}

impl<'de, T: View> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Node::deserialize(from).map(Self::from_node)
    }
}

impl<T: View> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.data().map(|item| item.node().clone()))
            .finish()
    }
}
