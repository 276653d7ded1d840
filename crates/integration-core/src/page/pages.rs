//! The stream of pages.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{Cursor, Items, Page, PageError, repeat::Repeats};
use crate::error::{Error, ErrorKind, Result};

/// Pages without items that may follow each other by default.
pub const DEFAULT_MAX_EMPTY_PAGES: u32 = 1_000;

/// The operation that errors of this module name.
const OPERATION: &str = "pages";

/// Reads a list from `first` on, `None` being its beginning.
///
/// `fetch` is called with the cursor of a page when that page is wanted, never twice at once.
pub fn pages<T, F, Fut>(first: Option<Cursor>, fetch: F) -> Pages<T, F, Fut>
where
    F: FnMut(Option<Cursor>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let mut repeats = Repeats::default();
    if let Some(first) = &first {
        repeats.meets(first);
    }
    Pages {
        fetch,
        in_flight: Box::pin(None),
        arrived: None,
        step: Step::At(first),
        repeats,
        items_left: usize::MAX,
        pages_left: u64::MAX,
        empty: 0,
        max_empty: DEFAULT_MAX_EMPTY_PAGES,
        prefetch: false,
    }
}

/// One page on its way, in a box.
pub type PageFuture<T> = Pin<Box<dyn Future<Output = Result<Page<T>>> + Send>>;

/// What fetches pages, in a box.
pub type PageFetch<T> = Box<dyn FnMut(Option<Cursor>) -> PageFuture<T> + Send>;

/// [`Pages`] whose type can be written down, for the signature of a method.
pub type BoxPages<T> = Pages<T, PageFetch<T>, PageFuture<T>>;

/// Reads a list as [`pages`] does, one allocation a page dearer.
pub fn boxed_pages<T, F, Fut>(first: Option<Cursor>, mut fetch: F) -> BoxPages<T>
where
    F: FnMut(Option<Cursor>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Page<T>>> + Send + 'static,
{
    pages(first, Box::new(move |cursor| Box::pin(fetch(cursor))))
}

/// A list as a stream of its pages.
///
/// Ends with the list, at a limit, or after its first error. Dropping it drops the request that is
/// in flight; a future of [`next`](Self::next) that is dropped loses no page.
pub struct Pages<T, F, Fut> {
    fetch: F,
    /// The one request. Its place is allocated once for all pages.
    in_flight: Pin<Box<Option<Fut>>>,
    /// A page that was fetched ahead.
    arrived: Option<Result<Page<T>>>,
    step: Step,
    repeats: Repeats,
    items_left: usize,
    pages_left: u64,
    /// Pages without items since the last one with some.
    empty: u32,
    max_empty: u32,
    prefetch: bool,
}

enum Step {
    /// The next page begins here; it may be in flight.
    At(Option<Cursor>),
    /// The next thing to yield is an error.
    Fail(PageError),
    Done,
}

// No field is ever pinned in place: the future has its own box.
impl<T, F, Fut> Unpin for Pages<T, F, Fut> {}

impl<T, F, Fut> Pages<T, F, Fut> {
    /// Ends after so many items over all pages. Default: no limit.
    ///
    /// The last page is cut to fit, and then says `next: None`, because no cursor names the place.
    #[must_use]
    pub const fn limit(mut self, items: usize) -> Self {
        self.items_left = items;
        self
    }

    /// Ends after so many pages, empty ones included. Default: no limit.
    #[must_use]
    pub const fn max_pages(mut self, pages: u64) -> Self {
        self.pages_left = pages;
        self
    }

    /// Sets how many pages without items may follow each other; one more is an error. Default:
    /// [`DEFAULT_MAX_EMPTY_PAGES`].
    #[must_use]
    pub const fn max_empty_pages(mut self, pages: u32) -> Self {
        self.max_empty = pages;
        self
    }

    /// Sets whether the next page is asked for as soon as one arrives. Default: no.
    ///
    /// No task is spawned: the request is sent at once, and goes on whenever the stream is polled.
    #[must_use]
    pub const fn prefetch(mut self, prefetch: bool) -> Self {
        self.prefetch = prefetch;
        self
    }

    /// Turns the pages into their items.
    #[must_use]
    pub fn items(self) -> Items<T, F, Fut> {
        Items::new(self)
    }
}

impl<T, F, Fut> Pages<T, F, Fut>
where
    F: FnMut(Option<Cursor>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    /// Returns the next page.
    ///
    /// # Errors
    ///
    /// Those of the [`Stream`].
    pub async fn next(&mut self) -> Option<Result<Page<T>, PageError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Moves the request that is in flight, without waiting for it.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(request) = self.in_flight.as_mut().as_pin_mut()
            && let Poll::Ready(page) = request.poll(cx)
        {
            self.in_flight.set(None);
            self.arrived = Some(page);
        }
    }

    /// Asks for the page at the cursor unless that is done or nothing more is wanted.
    fn start(&mut self) {
        if self.items_left == 0 || self.pages_left == 0 {
            self.step = Step::Done;
        }
        if let Step::At(cursor) = &self.step
            && self.arrived.is_none()
            && self.in_flight.is_none()
        {
            let request = (self.fetch)(cursor.clone());
            self.in_flight.set(Some(request));
        }
    }

    /// Takes in a page, and finds out what follows it.
    fn accept(&mut self, mut page: Page<T>) -> Page<T> {
        self.pages_left -= 1;
        if page.items.len() > self.items_left {
            page.items.truncate(self.items_left);
            page.next = None;
        }
        self.items_left -= page.items.len();
        self.empty = if page.items.is_empty() {
            self.empty.saturating_add(1)
        } else {
            0
        };
        self.step = match page.next.clone() {
            None => Step::Done,
            Some(next) if self.repeats.meets(&next) => fail(
                "a cursor came a second time: the pages would never end",
                next,
            ),
            Some(next) if self.empty > self.max_empty => {
                fail("too many pages without items in a row", next)
            }
            next => Step::At(next),
        };
        page
    }
}

fn fail(message: &'static str, next: Cursor) -> Step {
    let error = Error::new(ErrorKind::Decode, OPERATION).with_message(message);
    Step::Fail(PageError::new(error, Some(next)))
}

/// Yields the error of `fetch` with the cursor of that page, and [`ErrorKind::Decode`] when a
/// cursor comes a second time or too many pages without items follow each other.
impl<T, F, Fut> Stream for Pages<T, F, Fut>
where
    F: FnMut(Option<Cursor>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    type Item = Result<Page<T>, PageError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.start();
        match std::mem::replace(&mut this.step, Step::Done) {
            Step::Done => return Poll::Ready(None),
            Step::Fail(error) => return Poll::Ready(Some(Err(error))),
            at @ Step::At(_) => this.step = at,
        }
        if this.arrived.is_none() {
            this.drive(cx);
        }
        let Some(page) = this.arrived.take() else {
            return Poll::Pending;
        };
        match page {
            Ok(page) => {
                let page = this.accept(page);
                if this.prefetch {
                    this.start();
                    this.drive(cx);
                }
                Poll::Ready(Some(Ok(page)))
            }
            Err(error) => {
                let step = std::mem::replace(&mut this.step, Step::Done);
                let resume = match step {
                    Step::At(cursor) => cursor,
                    Step::Fail(_) | Step::Done => None,
                };
                Poll::Ready(Some(Err(PageError::new(error, resume))))
            }
        }
    }
}

impl<T, F, Fut> fmt::Debug for Pages<T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("in_flight", &self.in_flight.is_some())
            .field("items_left", &self.items_left)
            .field("pages_left", &self.pages_left)
            .field("prefetch", &self.prefetch)
            .finish_non_exhaustive()
    }
}
