//! The stream of items.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;

use super::{Cursor, Page, PageError, Pages};
use crate::error::Result;

/// A list as a stream of its items.
///
/// As [`Pages`], and an error comes after the items of the pages before it.
pub struct Items<T, F, Fut> {
    pages: Pages<T, F, Fut>,
    page: vec::IntoIter<T>,
}

// As for `Pages`.
impl<T, F, Fut> Unpin for Items<T, F, Fut> {}

impl<T, F, Fut> Items<T, F, Fut> {
    pub(super) fn new(pages: Pages<T, F, Fut>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
        }
    }

    /// Returns the next item.
    ///
    /// # Errors
    ///
    /// Those of [`Pages`].
    pub async fn next(&mut self) -> Option<Result<T, PageError>>
    where
        F: FnMut(Option<Cursor>) -> Fut,
        Fut: Future<Output = Result<Page<T>>>,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

/// Yields the errors of [`Pages`].
impl<T, F, Fut> Stream for Items<T, F, Fut>
where
    F: FnMut(Option<Cursor>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    type Item = Result<T, PageError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(item) = this.page.next() {
            this.pages.drive(cx);
            return Poll::Ready(Some(Ok(item)));
        }
        // Pages without items end it at last, by `max_empty_pages`.
        loop {
            match ready!(Pin::new(&mut this.pages).poll_next(cx)) {
                Some(Ok(page)) => this.page = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
            if let Some(item) = this.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.page.len(), None)
    }
}

impl<T, F, Fut> fmt::Debug for Items<T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("items_here", &self.page.len())
            .finish()
    }
}
