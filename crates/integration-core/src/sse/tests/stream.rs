//! The stream: order, errors, the end, and what dropping does.

use std::{
    cell::Cell,
    collections::VecDeque,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;

use super::super::{AtEnd, Decoder, SseConfig, SseStream};
use crate::error::{Error, ErrorKind};

/// Gives its chunks, with a pause before each, and counts that it was dropped.
struct Body<E> {
    chunks: VecDeque<Result<&'static str, E>>,
    paused: bool,
    dropped: Rc<Cell<u32>>,
}

impl<E: Unpin> Stream for Body<E> {
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.paused = !self.paused;
        if self.paused {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = self.chunks.pop_front();
        Poll::Ready(chunk.map(|chunk| chunk.map(|text| Bytes::from_static(text.as_bytes()))))
    }
}

impl<E> Drop for Body<E> {
    fn drop(&mut self) {
        self.dropped.set(self.dropped.get() + 1);
    }
}

fn body<E>(chunks: impl IntoIterator<Item = Result<&'static str, E>>) -> Body<E> {
    Body {
        chunks: chunks.into_iter().collect(),
        paused: false,
        dropped: Rc::default(),
    }
}

#[tokio::test]
async fn it_yields_what_the_body_holds_and_lets_go_of_it_at_the_end() {
    let body = body([
        Ok::<_, io::Error>("id: 1\nda"),
        Ok("ta: a\n\ndata: b\n"),
        Ok("\n"),
        Ok("data"),
    ]);
    let dropped = Rc::clone(&body.dropped);
    let mut events = SseStream::new(body);
    let first = events.next().await.unwrap().unwrap();
    assert_eq!((first.data(), events.last_event_id()), ("a", "1"));
    assert_eq!(events.next().await.unwrap().unwrap().data(), "b");
    assert!(!events.is_cut());
    assert!(events.next().await.is_none());
    assert!(events.is_cut());
    assert_eq!(dropped.get(), 1);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_last_event_without_its_blank_line_comes_if_asked_for() {
    let config = SseConfig::default().with_at_end(AtEnd::Dispatch);
    let body = body([Ok::<_, io::Error>("retry: 9\ndata: a")]);
    let mut events = SseStream::with_decoder(body, Decoder::new(config).unwrap());
    assert_eq!(events.next().await.unwrap().unwrap().data(), "a");
    assert_eq!(events.reconnection_time().unwrap().as_millis(), 9);
    assert!(events.next().await.is_none());
    assert!(events.is_cut());
}

#[tokio::test]
async fn an_error_of_the_body_comes_once_and_after_the_events_before_it() {
    let lost = io::Error::from(io::ErrorKind::ConnectionReset);
    let body = body([Ok("id: 1\ndata: a\n\ndata: lost"), Err(lost), Ok("\n\n")]);
    let dropped = Rc::clone(&body.dropped);
    let mut events = SseStream::new(body);
    assert_eq!(events.next().await.unwrap().unwrap().data(), "a");
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(std::error::Error::source(&error).unwrap().is::<io::Error>());
    assert!(events.is_cut());
    assert_eq!(dropped.get(), 1);
    assert!(events.next().await.is_none());
    assert_eq!(events.last_event_id(), "1");
}

#[tokio::test]
async fn an_error_of_ours_stays_as_it_is() {
    let ours = Error::new(ErrorKind::AttemptTimeout, "demo.chat");
    let mut events = SseStream::new(body([Err(ours)]));
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::AttemptTimeout, "demo.chat")
    );
    assert!(!events.is_cut());
}

#[tokio::test]
async fn an_event_over_the_limit_ends_the_stream_and_drops_the_body() {
    let config = SseConfig::default().with_max_event_bytes(8);
    let body = body([Ok::<_, io::Error>(
        "data: a\n\ndata: too long\n\ndata: b\n\n",
    )]);
    let dropped = Rc::clone(&body.dropped);
    let mut events = SseStream::with_decoder(body, Decoder::new(config).unwrap());
    assert_eq!(events.next().await.unwrap().unwrap().data(), "a");
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(dropped.get(), 1);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_call_of_next_that_is_dropped_loses_nothing() {
    let mut events = SseStream::new(body([Ok::<_, io::Error>("data: a\n\n")]));
    let polled = std::future::poll_fn(|cx| {
        let mut next = Box::pin(events.next());
        assert!(next.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    });
    polled.await;
    assert_eq!(events.next().await.unwrap().unwrap().data(), "a");
}

#[test]
fn it_is_send_where_its_body_is() {
    fn is_send<T: Send>(_: &T) {}
    let body: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>> = Box::pin(Empty);
    is_send(&SseStream::new(body));
}

struct Empty;

impl Stream for Empty {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
