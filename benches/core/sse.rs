//! Event streams in chunks: one operation is one event, and the stream never ends.
//!
//! All decoders read the same stream of chunks, which are ready at once. Ours is the only one that
//! checks the text each time it is looked at, so it has a row that looks at it.

use std::{
    convert::Infallible,
    hint::black_box,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use eventsource_stream::EventStream as Eventsource;
use futures_core::Stream;
use integration_benches::{
    row::Row,
    table::{Table, Unit},
};
use integration_core::sse::{Event, SseStream};
use sseer::EventStream as Sseer;

/// The table the bar is about.
pub(crate) const COMMON: &str = "event stream, events of 317 B";

/// Decoders and chunks.
pub(crate) const OURS: &str = "sse::Decoder";
pub(crate) const LARGE: &str = "16 KiB chunks";

/// About what a body is made of before it repeats; small enough to stay in the cache, as bytes
/// that have just been received are.
const BODY: usize = 256 << 10;
/// The most that a chunk of a random size holds: what one packet carries.
const PACKET: usize = 1_448;

pub(crate) fn tables() -> Vec<Table> {
    let data = |len: usize| format!("data: {}\n\n", payload(len - "data: \n\n".len()));
    vec![
        table("event stream, events of 9 B", &data(9)),
        table("event stream, events of 124 B", &data(124)),
        table(COMMON, &data(317)),
        table("event stream, events of 4 KiB", &data(4096)),
        table(
            "event stream, CRLF, with type and id",
            &format!("event: delta\r\nid: 41\r\ndata: {}\r\n\r\n", payload(273)),
        ),
    ]
}

fn table(title: &'static str, event: &str) -> Table {
    let bytes = u32::try_from(event.len()).unwrap();
    let mut table = Table::new(title, Unit::Throughput { bytes });
    let body = event.repeat(BODY.div_ceil(event.len())).into_bytes();
    let mut random = fastrand::Rng::with_seed(7);
    let cuts: [(&str, &mut dyn FnMut() -> usize); 3] = [
        (LARGE, &mut || 16 << 10),
        ("1 KiB chunks", &mut || 1 << 10),
        ("random chunks", &mut || random.usize(1..=PACKET)),
    ];
    for (name, size) in cuts {
        let body = Body::new(&body, size);
        let row = |decoder| row(decoder, name);
        let read = |event: &Event| event.data_bytes().len();
        table.add(events(row(OURS), SseStream::new(body.clone()), read));
        let read = |event: &Event| event.data().len();
        let ours = SseStream::new(body.clone());
        table.add(events(row("sse::Decoder, looked at"), ours, read));
        let peer = Sseer::new(body.clone());
        table.add(events(row("sseer"), peer, |event| event.data.len()));
        let peer = Eventsource::new(body);
        table.add(events(row("eventsource-stream"), peer, |event| {
            event.data.len()
        }));
    }
    table
}

pub(crate) fn row(decoder: &str, chunks: &str) -> String {
    format!("{decoder}, {chunks}")
}

/// JSON of this length, as models send their words, or what fits.
fn payload(len: usize) -> String {
    let (start, end) = (
        r#"{"id":"answer_000000000007","created":1767225600,"delta":""#,
        r#""}"#,
    );
    match len.checked_sub(start.len() + end.len()) {
        Some(text) => format!("{start}{}{end}", "w".repeat(text)),
        None => "1".repeat(len),
    }
}

/// Takes so many events, whose data has `read` as its length.
fn events<T, E: std::fmt::Debug>(
    name: String,
    stream: impl Stream<Item = Result<T, E>> + 'static,
    read: impl Fn(&T) -> usize + 'static,
) -> Row {
    let mut stream = Box::pin(stream);
    Row::new(name, move |operations| {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..operations {
            let Poll::Ready(Some(event)) = stream.as_mut().poll_next(&mut cx) else {
                unreachable!("the body is ready and has no end");
            };
            assert_ne!(read(&black_box(event.unwrap())), 0);
        }
    })
}

/// A body that repeats.
#[derive(Clone, Debug)]
struct Body {
    chunks: Arc<[Bytes]>,
    next: usize,
}

impl Body {
    fn new(body: &[u8], size: &mut dyn FnMut() -> usize) -> Self {
        let mut rest = body;
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(size().min(rest.len()));
            chunks.push(Bytes::copy_from_slice(chunk));
            rest = after;
        }
        Self {
            chunks: chunks.into(),
            next: 0,
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.chunks[self.next].clone();
        self.next = (self.next + 1) % self.chunks.len();
        Poll::Ready(Some(Ok(chunk)))
    }
}
