//! `eventsource-stream` as an oracle. The fuzz target compiles this file too, so it names nothing
//! of ours.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use eventsource_stream::EventStream;
use futures_core::Stream;

/// What it made of a stream.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Type, data and last id of each event.
    pub(crate) events: Vec<[String; 3]>,
    /// The `retry` of the last event.
    pub(crate) retry: Option<Duration>,
    /// The id to resume after.
    pub(crate) last_event_id: String,
    /// Whether it has refused the rest.
    pub(crate) is_refused: bool,
}

/// Reads a stream to its end, or to the first error.
pub(crate) fn read(chunks: &[&[u8]]) -> Seen {
    let chunks = chunks.iter().map(|chunk| chunk.to_vec()).collect();
    let mut stream = Box::pin(EventStream::new(Chunks(chunks)));
    let mut cx = Context::from_waker(Waker::noop());
    let mut seen = Seen::default();
    while let Poll::Ready(Some(event)) = stream.as_mut().poll_next(&mut cx) {
        let Ok(event) = event else {
            seen.is_refused = true;
            break;
        };
        seen.events.push([event.event, event.data, event.id]);
        seen.retry = event.retry;
    }
    seen.last_event_id = stream.last_event_id().to_owned();
    seen
}

struct Chunks(VecDeque<Vec<u8>>);

impl Stream for Chunks {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}
