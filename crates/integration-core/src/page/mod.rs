//! Lists that a service gives page by page, as a stream of pages or of items.
//!
//! [`pages`] takes a function that fetches one page, and gives a stream that calls it as far as it
//! is read: [`Pages`] yields [`Page`]s, [`Items`] their items. At most one request is in flight;
//! dropping the stream drops it.
//!
//! # When not to use it
//!
//! Not where the service numbers its pages while the list changes: items are skipped or come twice,
//! and no client can tell.
//!
//! # Order
//!
//! Outside the client: each page is a call of its own, with its own deadline and retries. An error
//! comes once, after the items before it, and says where to go on
//! ([`PageError::resume_cursor`]).
//!
//! ```
//! use integration_core::page::{Cursor, Page, pages};
//!
//! # async fn list() -> Result<(), integration_core::Error> {
//! let mut charges = pages(None, async |cursor: Option<Cursor>| {
//!     // Here the service is asked for the page at `cursor`.
//!     Ok(Page::new(vec!["ch_1", "ch_2"], cursor.is_none().then(|| Cursor::new("page-2"))))
//! })
//! .limit(3)
//! .items();
//! while let Some(charge) = charges.next().await {
//!     println!("{}", charge?);
//! }
//! # Ok(())
//! # }
//! # let _ = list;
//! ```

mod cursor;
mod error;
mod items;
mod pages;
mod repeat;

#[cfg(test)]
mod tests;

pub use self::{
    cursor::{Cursor, Page},
    error::PageError,
    items::Items,
    pages::{BoxPages, DEFAULT_MAX_EMPTY_PAGES, PageFetch, PageFuture, Pages, boxed_pages, pages},
};
