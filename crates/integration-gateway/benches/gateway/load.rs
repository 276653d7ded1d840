//! The load generator: one thread, keep-alive connections, requests made beforehand.

use std::{cell::Cell, cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};

use integration_core::{Clock as _, SystemClock};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
    time::Instant,
};

use crate::{requests::Batch, stats::Latencies, wire};

/// What one run of load saw.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Requests answered 2xx.
    pub(crate) answered: usize,
    /// Time from the first request to the last answer.
    pub(crate) took: Duration,
    pub(crate) latencies: Latencies,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }
}

/// Sends the batch over `connections` until it is used up or `limit` has passed.
///
/// Each connection has one request under way. Anything but a 2xx ends the bench: a figure that
/// counts refusals would be a lie.
pub(crate) async fn run(
    to: SocketAddr,
    batch: Batch,
    connections: usize,
    limit: Duration,
) -> Outcome {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await.expect("server accepts");
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let began = SystemClock.now();
    let shared = Rc::new(Shared {
        latencies: RefCell::new(Vec::with_capacity(batch.len())),
        batch,
        next: Cell::new(0),
        until: began + limit,
    });
    let local = LocalSet::new();
    for stream in streams {
        local.spawn_local(connection(stream, Rc::clone(&shared)));
    }
    local.await;
    let took = SystemClock.now() - began;
    let latencies = shared.latencies.take();
    Outcome {
        answered: latencies.len(),
        took,
        latencies: Latencies::of(latencies),
    }
}

#[derive(Debug)]
struct Shared {
    batch: Batch,
    next: Cell<usize>,
    latencies: RefCell<Vec<Duration>>,
    until: Instant,
}

async fn connection(mut stream: TcpStream, shared: Rc<Shared>) {
    let mut answer = [0; wire::MAX_MESSAGE];
    let mut sent = SystemClock.now();
    while sent < shared.until {
        let no = shared.next.replace(shared.next.get() + 1);
        let Some(request) = shared.batch.get(no) else {
            break;
        };
        stream.write_all(request).await.expect("server reads");
        exchange(&mut stream, &mut answer).await;
        let now = SystemClock.now();
        shared.latencies.borrow_mut().push(now - sent);
        sent = now;
    }
}

/// Reads one answer and checks that it is a 2xx.
pub(crate) async fn exchange(stream: &mut TcpStream, answer: &mut [u8]) {
    let mut filled = 0;
    while wire::message_len(&answer[..filled]).is_none() {
        let read = stream
            .read(&mut answer[filled..])
            .await
            .expect("server answers");
        assert!(read > 0, "the server closed a connection");
        filled += read;
    }
    let status = wire::status(answer);
    assert!(
        status.is_some_and(|code| (200..300).contains(&code)),
        "answered {}",
        String::from_utf8_lossy(&answer[..filled])
    );
}
