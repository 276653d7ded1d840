use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
};

use proptest::prelude::*;

use super::{Cursor, DEFAULT_MAX_EMPTY_PAGES, Page, PageError, pages, repeat};
use crate::error::{Error, ErrorKind, Result};

/// A list in pages of the given sizes; its items count from 0, its cursors are page numbers.
#[derive(Clone, Default)]
struct Server {
    sizes: Rc<[usize]>,
    /// The page that fails, if any.
    broken: Option<usize>,
    /// Polls that a request takes before it is answered.
    delay: u32,
    asked: Rc<RefCell<Vec<usize>>>,
    in_flight: Rc<Cell<u32>>,
}

struct InFlight(Rc<Cell<u32>>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Server {
    fn new(sizes: &[usize]) -> Self {
        Self {
            sizes: sizes.into(),
            ..Self::default()
        }
    }

    fn fetch(
        &self,
    ) -> impl FnMut(
        Option<Cursor>,
    ) -> futures_core::future::LocalBoxFuture<'static, Result<Page<usize>>>
    + use<> {
        let server = self.clone();
        move |cursor| Box::pin(server.clone().page(cursor))
    }

    async fn page(self, cursor: Option<Cursor>) -> Result<Page<usize>> {
        let number = cursor.map_or(0, |cursor| cursor.as_str().parse().unwrap());
        assert_eq!(self.in_flight.get(), 0, "two requests at once");
        self.in_flight.set(1);
        let _in_flight = InFlight(Rc::clone(&self.in_flight));
        self.asked.borrow_mut().push(number);
        for _ in 0..self.delay {
            tokio::task::yield_now().await;
        }
        if self.broken == Some(number) {
            return Err(Error::new(ErrorKind::Unavailable, "demo.list"));
        }
        let first: usize = self.sizes[..number].iter().sum();
        let items = (first..first + self.sizes[number]).collect();
        let next = number + 1;
        let next = (next < self.sizes.len()).then(|| Cursor::from(next.to_string()));
        Ok(Page::new(items, next))
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// All items, the error that ended them, and that nothing comes after it.
macro_rules! drain {
    ($stream:expr) => {
        async {
            let mut stream = $stream;
            let (mut all, mut error) = (Vec::new(), None);
            while let Some(next) = stream.next().await {
                match next {
                    Ok(one) => all.push(one),
                    Err(e) => error = Some(e),
                }
                if error.is_some() {
                    break;
                }
            }
            assert!(stream.next().await.is_none(), "it is over");
            (all, error)
        }
    };
}

fn resume_at(error: Option<&PageError>) -> Option<&str> {
    error.and_then(PageError::resume_cursor).map(Cursor::as_str)
}

#[tokio::test]
async fn it_asks_for_a_page_only_when_it_is_wanted() {
    let server = Server::new(&[2, 2]);
    let mut items = pages(None, server.fetch()).items();
    assert!(server.asked.borrow().is_empty());
    for item in 0..2 {
        assert_eq!(items.next().await.unwrap().unwrap(), item);
    }
    assert_eq!(*server.asked.borrow(), [0]);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(*server.asked.borrow(), [0, 1]);
}

#[tokio::test]
async fn prefetch_asks_for_the_next_page_when_one_arrives_and_for_no_more() {
    let server = Server::new(&[2, 1, 1, 1]);
    let mut items = pages(None, server.fetch()).prefetch(true).items();
    assert!(server.asked.borrow().is_empty());
    for item in 0..2 {
        assert_eq!(items.next().await.unwrap().unwrap(), item);
        assert_eq!(*server.asked.borrow(), [0, 1]);
    }
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(*server.asked.borrow(), [0, 1, 2]);
}

#[tokio::test]
async fn prefetch_asks_for_nothing_beyond_a_limit() {
    for (limit, asked) in [(0, 0), (1, 1), (2, 1), (3, 2)] {
        let server = Server::new(&[2, 2, 2]);
        let stream = pages(None, server.fetch()).prefetch(true).limit(limit);
        let (all, error) = drain!(stream.items()).await;
        assert_eq!((all.len(), error.is_none()), (limit, true));
        assert_eq!(server.asked.borrow().len(), asked, "limit {limit}");
    }
}

#[tokio::test]
async fn a_page_cut_by_the_limit_names_no_next_page_and_a_whole_one_does() {
    let server = Server::new(&[2, 2, 2]);
    let (all, _) = drain!(pages(None, server.fetch()).limit(3)).await;
    assert_eq!(all[1], Page::new(vec![2], None));
    let (all, _) = drain!(pages(None, server.fetch()).limit(4)).await;
    assert_eq!(all[1], Page::new(vec![2, 3], Some(Cursor::from("2"))));
}

#[tokio::test]
async fn an_error_comes_once_after_the_items_before_it_with_its_cursor() {
    for prefetch in [false, true] {
        let server = Server {
            broken: Some(2),
            ..Server::new(&[2, 1, 3, 1])
        };
        let stream = pages(None, server.fetch()).prefetch(prefetch).items();
        let (all, error) = drain!(stream).await;
        assert_eq!(all, [0, 1, 2]);
        assert_eq!(resume_at(error.as_ref()), Some("2"));
        let error = error.unwrap();
        assert_eq!(error.error().kind(), ErrorKind::Unavailable);
        // What was not read is read from there on.
        let repaired = Server::new(&[2, 1, 3, 1]);
        let rest = pages(error.resume_cursor().cloned(), repaired.fetch()).items();
        assert_eq!(drain!(rest).await.0, [3, 4, 5, 6]);
        assert_eq!(Error::from(error).operation(), "demo.list");
    }
}

#[tokio::test]
async fn an_error_on_the_first_page_resumes_at_the_beginning() {
    let server = Server {
        broken: Some(0),
        ..Server::new(&[1])
    };
    let (all, error) = drain!(pages(None, server.fetch())).await;
    assert!(all.is_empty());
    assert!(error.unwrap().resume_cursor().is_none());
}

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error_after_its_page() {
    let circles: [&[&str]; 4] = [&["a", "a"], &["a", "b", "a"], &["a", "b", "c", "b"], &["s"]];
    for circle in circles {
        for prefetch in [false, true] {
            let mut answers = circle.iter();
            let stream = pages(Some(Cursor::from("s")), move |_| {
                let next = answers.next().map(|next| Cursor::from(*next));
                std::future::ready(Ok(Page::new(vec![()], next)))
            });
            let (all, error) = drain!(stream.prefetch(prefetch)).await;
            assert_eq!(all.len(), circle.len());
            assert_eq!(resume_at(error.as_ref()), circle.last().copied());
            assert_eq!(error.unwrap().error().kind(), ErrorKind::Decode);
        }
    }
}

#[test]
fn any_circle_is_found_at_some_time() {
    for (before, around) in [
        (0, 1),
        (3, 5),
        (10, repeat::MAX_KEPT),
        (5, 3 * repeat::MAX_KEPT),
    ] {
        let mut repeats = repeat::Repeats::default();
        let at = |step: usize| {
            Cursor::from(
                step.min(before + (step.saturating_sub(before)) % around)
                    .to_string(),
            )
        };
        let found = (0..8 * (before + around)).find(|step| repeats.meets(&at(*step)));
        let found = found.unwrap_or_else(|| panic!("{before} {around}"));
        assert!(found >= before + around, "{before} {around}: {found}");
    }
}

#[tokio::test]
async fn an_endless_list_is_read_as_far_as_it_is_wanted() {
    let endless = || {
        let mut number = 0_u64;
        move |_: Option<Cursor>| {
            number += 1;
            let page = Page::new(vec![number], Some(Cursor::from(number.to_string())));
            std::future::ready(Ok(page))
        }
    };
    let (all, error) = drain!(pages(None, endless()).limit(20_000).items()).await;
    assert_eq!((all.len(), error.is_none()), (20_000, true));
    let (all, error) = drain!(pages(None, endless()).max_pages(10_000).prefetch(true)).await;
    assert_eq!((all.len(), error.is_none()), (10_000, true));
}

#[tokio::test]
async fn endless_empty_pages_are_an_error() {
    let asked = Rc::new(Cell::new(0_u32));
    let count = Rc::clone(&asked);
    let stream = pages(None, move |_: Option<Cursor>| {
        count.set(count.get() + 1);
        let next = Cursor::from(count.get().to_string());
        std::future::ready(Ok(Page::<u8>::new(Vec::new(), Some(next))))
    });
    let (all, error) = drain!(stream.items()).await;
    assert!(all.is_empty());
    assert_eq!(asked.get(), DEFAULT_MAX_EMPTY_PAGES + 1);
    let resume = asked.get().to_string();
    assert_eq!(resume_at(error.as_ref()), Some(resume.as_str()));
}

#[tokio::test]
async fn empty_pages_at_their_limit_pass() {
    let server = Server::new(&[0, 0, 1, 0, 0, 1, 0]);
    let (all, error) = drain!(pages(None, server.fetch()).max_empty_pages(2).items()).await;
    assert_eq!((all.len(), error.is_none()), (2, true));
    let (all, error) = drain!(pages(None, server.fetch()).max_empty_pages(1).items()).await;
    assert_eq!(all.len(), 0);
    assert_eq!(resume_at(error.as_ref()), Some("2"));
}

#[tokio::test]
async fn dropping_the_stream_drops_the_request() {
    let server = Server {
        delay: u32::MAX,
        ..Server::new(&[1, 1])
    };
    let mut stream = pages(None, server.fetch()).items();
    poll_fn(|cx| {
        assert!(pin!(stream.next()).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    // The future of `next` is gone, its request is not.
    assert_eq!(server.in_flight.get(), 1);
    drop(stream);
    assert_eq!(server.in_flight.get(), 0);
}

#[tokio::test]
async fn a_call_of_next_that_is_dropped_loses_no_page() {
    let server = Server {
        delay: 3,
        ..Server::new(&[1, 1])
    };
    let mut stream = pages(None, server.fetch()).items();
    let mut all = Vec::new();
    while all.len() < 2 {
        let polled = poll_fn(|cx| Poll::Ready(pin!(stream.next()).poll(cx))).await;
        if let Poll::Ready(item) = polled {
            all.push(item.unwrap().unwrap());
        }
    }
    assert_eq!(all, [0, 1]);
    assert_eq!(*server.asked.borrow(), [0, 1]);
}

#[test]
fn a_cursor_is_in_no_debug() {
    let cursor = Cursor::from("canary");
    let error = PageError::new(Error::new(ErrorKind::Decode, "demo"), Some(cursor.clone()));
    let page = Page::new(vec![1], Some(cursor.clone()));
    let stream = pages(Some(cursor.clone()), |_| pending::<Result<Page<u8>>>());
    let shown = format!("{cursor:?} {page:?} {error:?} {error} {stream:?}");
    assert!(shown.contains("Cursor(6 bytes)"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn it_is_send_where_its_parts_are() {
    fn is_send<T: Send>(_: &T) {}
    let stream = pages(None, |_| std::future::ready(Ok(Page::new(vec![1], None))));
    is_send(&stream.items());
}

proptest! {
    /// A plain loop over the pages is the model.
    #[test]
    fn limits_and_prefetch_give_what_a_plain_loop_gives(
        sizes in prop::collection::vec(0_usize..4, 1..12),
        limit in prop::option::of(0_usize..20),
        max_pages in prop::option::of(0_u64..14),
        prefetch in any::<bool>(),
        broken in prop::option::of(0_usize..12),
        delay in 0_u32..3,
    ) {
        let (mut expected, mut fails, mut asked) = (Vec::new(), None, 0);
        let (mut first, most) = (0, limit.unwrap_or(usize::MAX));
        for (number, size) in sizes.iter().enumerate() {
            if expected.len() == most || max_pages == Some(number as u64) {
                break;
            }
            asked += 1;
            if broken == Some(number) {
                fails = Some(number);
                break;
            }
            expected.extend((first..first + size).take(most - expected.len()));
            first += size;
        }

        let server = Server { broken, delay, ..Server::new(&sizes) };
        let stream = || {
            let stream = pages(None, server.fetch()).prefetch(prefetch).limit(most);
            stream.max_pages(max_pages.unwrap_or(u64::MAX))
        };
        let (items, error) = run(drain!(stream().items()));
        prop_assert_eq!(&items, &expected);
        prop_assert_eq!(error.is_some(), fails.is_some());
        let resume = fails.filter(|at| *at > 0).map(|at| at.to_string());
        prop_assert_eq!(resume_at(error.as_ref()), resume.as_deref());
        prop_assert_eq!(server.asked.take(), (0..asked).collect::<Vec<_>>());

        let (pages, _) = run(drain!(stream()));
        let items: Vec<usize> = pages.into_iter().flat_map(|page| page.items).collect();
        prop_assert_eq!(items, expected);
        prop_assert_eq!(server.in_flight.get(), 0);
    }
}
