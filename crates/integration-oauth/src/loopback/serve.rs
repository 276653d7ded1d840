//! Answering whoever connects, until the one callback is there.

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Method, Request, Response, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::listener::Listener;
use crate::login::{Callback, Fingerprint, HEADERS, Page};

/// Connections at once; others wait in the queue of the system.
const MAX_CONNECTIONS: usize = 64;

/// Bytes of the head of a request.
const MAX_HEAD: usize = 64 * 1024;

/// Time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Time in which the last page reaches the browser.
const LAST_PAGE: Duration = Duration::from_secs(1);

/// Wait after an error of the system, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The callback, and the browser that waits for a page.
pub(super) struct Arrival {
    pub(super) callback: Callback,
    pub(super) page: oneshot::Sender<Page>,
}

/// A listener at work. Dropped, it stops at once.
pub(super) struct Serving {
    arrivals: mpsc::Receiver<Arrival>,
    stop: watch::Sender<bool>,
    accepting: JoinSet<()>,
}

/// What makes a request the callback.
struct Expected {
    authority: String,
    path: String,
    state: Fingerprint,
    is_taken: AtomicBool,
    arrivals: mpsc::Sender<Arrival>,
}

impl Serving {
    pub(super) fn start(listener: Listener, state: Fingerprint) -> Self {
        let (sender, arrivals) = mpsc::channel(1);
        let (stop, stopped) = watch::channel(false);
        let expected = Arc::new(Expected {
            authority: listener.authority,
            path: listener.path,
            state,
            is_taken: AtomicBool::new(false),
            arrivals: sender,
        });
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut accepting = JoinSet::new();
        for socket in listener.sockets {
            let (expected, places) = (Arc::clone(&expected), Arc::clone(&places));
            accepting.spawn(accept(socket, expected, places, stopped.clone()));
        }
        Self {
            arrivals,
            stop,
            accepting,
        }
    }

    /// Waits for the callback; `None` when the sockets are gone.
    pub(super) async fn arrival(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }

    /// Takes no further connection, and lets the last page go out.
    pub(super) async fn finish(mut self) {
        self.stop.send_replace(true);
        let drained = async { while self.accepting.join_next().await.is_some() {} };
        let _ = timeout(LAST_PAGE, drained).await;
    }
}

async fn accept(
    socket: TcpListener,
    expected: Arc<Expected>,
    places: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            stream = next(&socket, &places) => stream,
            Some(_) = connections.join_next() => continue,
        };
        let Some((stream, place)) = stream else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let answered = converse(stream, Arc::clone(&expected));
        connections.spawn(async move {
            answered.await;
            drop(place);
        });
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

/// The next connection, and a place for it.
async fn next(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, _) = socket.accept().await.ok()?;
    Some((stream, place))
}

/// One request and its answer. Garbage is answered as hyper does, or not at all.
fn converse(stream: TcpStream, expected: Arc<Expected>) -> impl Future<Output = ()> {
    let service = service_fn(move |request| {
        let expected = Arc::clone(&expected);
        async move { Ok::<_, Infallible>(render(&answer(&expected, &request).await)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    async move { drop(connection.await) }
}

async fn answer(expected: &Expected, request: &Request<Incoming>) -> Page {
    let Some(callback) = expected.callback(request) else {
        return Page::NOT_FOUND;
    };
    let (page, done) = oneshot::channel();
    // One is taken, so there is room.
    if expected
        .arrivals
        .try_send(Arrival { callback, page })
        .is_err()
    {
        return Page::NOT_FOUND;
    }
    done.await.unwrap_or(Page::LOGIN_FAILED)
}

impl Expected {
    /// Takes the one request that is the callback.
    fn callback<B>(&self, request: &Request<B>) -> Option<Callback> {
        let host = request.headers().get(header::HOST)?.to_str().ok()?;
        let is_ours = request.method() == Method::GET
            && request.uri().path() == self.path
            && host.eq_ignore_ascii_case(&self.authority);
        if !is_ours {
            return None;
        }
        let callback = Callback::query(request.uri().query()?).ok()?;
        let is_this_login = self.state.is_of(callback.field("state")?);
        let is_first = is_this_login && !self.is_taken.swap(true, Ordering::AcqRel);
        is_first.then_some(callback)
    }
}

fn render(page: &Page) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(page.status);
    for (name, value) in HEADERS {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(page.html()));
    response.body(body).unwrap_or_default()
}
