//! The service itself.

use std::{
    fmt,
    future::pending,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use integration_core::{Clock, SystemClock};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

#[cfg(feature = "leaks")]
use super::payload::Payload;
use super::{
    body::ScriptedBody,
    reply::{Fault, Reply},
    wire::{Control, Wire},
};

/// Bytes of a request's body that are taken.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Requests that are remembered; later ones are only counted.
const MAX_RECEIVED: usize = 100_000;

/// A request as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// Its number, from 0, over all connections.
    pub number: usize,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// When it was complete.
    pub at: Instant,
}

impl Received {
    /// Returns a header as text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// An HTTP/1.1 service on a free port of the loopback. Dropping it ends all connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use integration_testkit::{Reply, ScriptedServer};
///
/// let server = ScriptedServer::replies([Reply::status(503), Reply::ok("done")]).await?;
/// assert!(server.url("/v1").starts_with("http://127.0.0.1:"));
/// assert_eq!(server.count(), 0);
/// # Ok(())
/// # }
/// ```
pub struct ScriptedServer {
    address: SocketAddr,
    log: Arc<Log>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

type Script = dyn Fn(&Received) -> Reply + Send + Sync;

struct Log {
    next: AtomicUsize,
    sent: Arc<AtomicU64>,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl ScriptedServer {
    /// Answers every request as `script` says.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub async fn start(
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await?, script)
    }

    /// Answers with one reply after the other, and with the last one from then on.
    ///
    /// # Errors
    ///
    /// When no port can be taken, or there is no reply at all.
    pub async fn replies(replies: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let Some(last) = replies.last().cloned() else {
            return Err(io::Error::other("a script needs at least one reply"));
        };
        let script = move |request: &Received| {
            replies
                .get(request.number)
                .cloned()
                .unwrap_or_else(|| last.clone())
        };
        Self::start(script).await
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        #[cfg(feature = "leaks")]
        crate::leaks::begin();
        let address = listener.local_addr()?;
        let (sender, count) = watch::channel(0);
        let received = Mutex::new(Vec::new());
        let log = Arc::new(Log {
            next: AtomicUsize::new(0),
            sent: Arc::default(),
            received,
            count: sender,
        });
        let task = tokio::spawn(accept(listener, Arc::new(script), Arc::clone(&log)));
        Ok(Self {
            address,
            log,
            count,
            task,
        })
    }

    /// Returns `http://address` followed by `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many requests arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Returns the requests in the order in which they arrived.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.log
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns how many bytes were written to all clients so far, heads included.
    ///
    /// That is what clients took and some megabytes at most in the buffers of the system, so it
    /// stands still soon after a client no longer reads.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use integration_testkit::{Reply, ScriptedServer};
    ///
    /// let server = ScriptedServer::replies([Reply::of_size(10_000_000_000)]).await?;
    /// // ... a client that takes a little of it ...
    /// assert!(server.sent() < 16_000_000);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.log.sent.load(Ordering::Relaxed)
    }

    /// Waits until at least this many requests have arrived.
    pub async fn wait_for(&self, requests: usize) {
        let mut count = self.count.clone();
        // The sender lives as long as the server.
        let _ = count.wait_for(|count| *count >= requests).await;
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Runs until aborted; the set takes its connections with it.
async fn accept(listener: TcpListener, script: Arc<Script>, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    loop {
        // Finished connections are forgotten, so that the set does not grow.
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let control = Control::default();
        let sent = Arc::clone(&log.sent);
        let wire = TokioIo::new(Wire::new(stream, control.clone(), sent));
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        connections.spawn(async move {
            let service = service_fn(move |request| {
                answer(
                    request,
                    Arc::clone(&script),
                    Arc::clone(&log),
                    control.clone(),
                )
            });
            // A connection that ends in an error is what some scripts ask for.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(wire, service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    log: Arc<Log>,
    control: Control,
) -> io::Result<Response<ScriptedBody>> {
    let received = receive(request, &log).await?;
    let reply = script(&received);
    #[cfg(feature = "leaks")]
    note(&received, &reply);
    log.add(received);
    if !reply.delay.is_zero() {
        sleep(reply.delay).await;
    }
    match reply.fault {
        Some(Fault::Silence) => pending().await,
        Some(Fault::Close) => Err(io::Error::other("closed by the script")),
        Some(Fault::Reset) => {
            control.reset();
            Err(io::Error::other("reset by the script"))
        }
        Some(Fault::Garbage) => {
            control.garble();
            Err(io::Error::other("garbled by the script"))
        }
        Some(Fault::StallAfter(_) | Fault::CutAfter(_) | Fault::ResetAfter(_)) | None => {
            let mut response = Response::new(ScriptedBody::new(&reply, control));
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            Ok(response)
        }
    }
}

#[cfg(feature = "leaks")]
fn note(received: &Received, reply: &Reply) {
    crate::leaks::note_request(&received.path, &received.headers, &received.body);
    if let Payload::Given(body) = &reply.payload {
        crate::leaks::note_answer(&reply.headers, body);
    }
}

async fn receive(request: Request<Incoming>, log: &Log) -> io::Result<Received> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(io::Error::other)?;
    Ok(Received {
        number: log.next.fetch_add(1, Ordering::Relaxed),
        method: head.method,
        path: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: head.headers,
        body: body.to_bytes(),
        at: SystemClock.now(),
    })
}

impl Log {
    fn add(&self, request: Received) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.len() < MAX_RECEIVED {
            received.push(request);
        }
        drop(received);
        self.count.send_modify(|count| *count += 1);
    }
}
