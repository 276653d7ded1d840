//! A destination that writes down what arrives and answers as a test tells it to.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::wait;

/// One delivery that arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// `webhook-id`: the same for every attempt of one event.
    pub id: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Arrivals with this id before.
    pub seen_before: usize,
    /// What it was answered with.
    pub status: u16,
}

impl Arrival {
    /// Returns whether the destination took it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

type Policy = dyn Fn(&Arrival) -> u16 + Send + Sync;

/// A server on loopback; ends when dropped.
#[derive(Debug)]
pub struct Destination {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Log {
    arrivals: Vec<Arrival>,
    seen: BTreeMap<String, usize>,
    remembers: bool,
}

impl Destination {
    /// Starts a destination that takes everything.
    pub async fn willing() -> Self {
        Self::answering(|_| 204).await
    }

    /// Starts a destination that takes everything and remembers nothing, for long runs.
    pub async fn forgetful() -> Self {
        Self::start(|_| 204, false).await
    }

    /// Starts a destination that answers with the status `policy` returns.
    pub async fn answering(policy: impl Fn(&Arrival) -> u16 + Send + Sync + 'static) -> Self {
        Self::start(policy, true).await
    }

    async fn start(
        policy: impl Fn(&Arrival) -> u16 + Send + Sync + 'static,
        remembers: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log {
            remembers,
            ..Log::default()
        }));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&log), Arc::new(policy)));
        Self {
            address,
            log,
            accepting,
        }
    }

    /// Returns the URL to deliver to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Returns everything that arrived, refused deliveries too, in order.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.log.lock().arrivals.clone()
    }

    /// Returns what was taken, in order, repetitions too.
    #[must_use]
    pub fn taken(&self) -> Vec<Arrival> {
        let log = self.log.lock();
        log.arrivals
            .iter()
            .filter(|one| one.is_taken())
            .cloned()
            .collect()
    }

    /// Returns what a destination that dedups on `webhook-id` acts upon: the first of each id taken.
    #[must_use]
    pub fn effects(&self) -> Vec<Arrival> {
        let mut seen = std::collections::HashSet::new();
        let mut taken = self.taken();
        taken.retain(|one| seen.insert(one.id.clone()));
        taken
    }

    /// Returns how many different ids have arrived, taken or not.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.log.lock().seen.len()
    }

    /// Waits until `count` different ids were taken, at most `within`.
    pub async fn wait_for_effects(&self, count: usize, within: Duration) {
        let what = format!("{count} effects");
        let is_there = || self.distinct() >= count && self.effects().len() >= count;
        wait::until(&what, within, is_there).await;
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, log: Arc<Mutex<Log>>, policy: Arc<Policy>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&policy)));
    }
}

async fn serve(stream: TcpStream, log: Arc<Mutex<Log>>, policy: Arc<Policy>) {
    let answer = service_fn(|request| answer(request, &log, &policy));
    // An error is the gateway going away in mid-request, which is what some tests are about.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    log: &Mutex<Log>,
    policy: &Arc<Policy>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let status = log.lock().note(head.headers, body, policy);
    let mut response = Response::new(Full::default());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    Ok(response)
}

impl Log {
    fn note(&mut self, headers: HeaderMap, body: Bytes, policy: &Arc<Policy>) -> u16 {
        let id = headers
            .get("webhook-id")
            .and_then(|value| value.to_str().ok());
        let id = id.expect("a delivery carries webhook-id").to_owned();
        let mut arrival = Arrival {
            seen_before: self.seen.get(&id).copied().unwrap_or_default(),
            id,
            headers,
            body,
            status: 0,
        };
        arrival.status = policy(&arrival);
        let status = arrival.status;
        if self.remembers {
            *self.seen.entry(arrival.id.clone()).or_default() += 1;
            self.arrivals.push(arrival);
        }
        status
    }
}
