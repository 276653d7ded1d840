//! A destination as there are many: it fails now and then, and on one type of event always.
//!
//! It does what a good one does: verifies the gateway's signature before it looks at anything, and
//! acts once on each `webhook-id`, however often it is delivered.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, http::Uri};
use integration_core::{Error, ErrorKind, Result, Rng as _, SeededRng, SharedClock};
use integration_webhooks::{Scheme, Source, Verified, WebhookEvent};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::cast::{self, ORDERED, POISON};

/// The share of events whose first attempt fails.
const FAILING_SHARE: f64 = 0.3;
/// Which of them, the same in every demonstration.
const SEED: u64 = 15;

/// What a destination has seen of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Attempts that arrived.
    pub(super) attempts: u64,
    /// Of them answered 500 or 503.
    pub(super) failed: u64,
    /// Of them with a signature that does not verify.
    pub(super) forged: u64,
    /// Events acted upon, each once.
    pub(super) effects: u64,
    /// Of the attempts, deliveries of what had been acted upon before.
    pub(super) repeats: u64,
}

/// The server; ends with [`stop`](Self::stop).
#[derive(Debug)]
pub(super) struct Destination {
    address: SocketAddr,
    inner: Arc<Inner>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    clock: SharedClock,
    rng: SeededRng,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    is_fixed: bool,
    /// By `webhook-id`: whether it was acted upon.
    events: BTreeMap<String, bool>,
    seen: BTreeMap<String, Seen>,
    /// Ids of the ordered source's events in the order they were acted upon, by what orders them.
    orders: BTreeMap<String, Vec<String>>,
}

impl Destination {
    pub(super) async fn start(clock: SharedClock) -> Result<Self> {
        let secrets = vec![cast::route_secret().into()];
        let inner = Arc::new(Inner {
            source: Source::new("gateway", Scheme::StandardWebhooks, secrets)?,
            clock,
            rng: SeededRng::new(SEED),
            log: Mutex::default(),
        });
        let fault = |e| Error::new(ErrorKind::Other, "gateway.demo.destination").with_source(e);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let (stop, stopped) = oneshot::channel();
        let app = Router::new().fallback(take).with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            // It fails at nothing: accepting goes on after an error.
            let _ = axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await;
        });
        Ok(Self {
            address,
            inner,
            stop,
            serving,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it able to handle what it could not.
    pub(super) fn fix(&self) {
        self.inner.log().is_fixed = true;
    }

    /// Returns what was seen, by source.
    pub(super) fn seen(&self) -> BTreeMap<String, Seen> {
        self.inner.log().seen.clone()
    }

    /// Returns what was seen of all sources.
    pub(super) fn total(&self) -> Seen {
        self.inner
            .log()
            .seen
            .values()
            .fold(Seen::default(), |sum, one| Seen {
                attempts: sum.attempts + one.attempts,
                failed: sum.failed + one.failed,
                forged: sum.forged + one.forged,
                effects: sum.effects + one.effects,
                repeats: sum.repeats + one.repeats,
            })
    }

    /// Returns the ids of the ordered source in the order they were acted upon, by key.
    pub(super) fn orders(&self) -> BTreeMap<String, Vec<String>> {
        self.inner.log().orders.clone()
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}

async fn take(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let source = uri.path().trim_start_matches('/');
    match inner.source.verify(&headers, &body, inner.clock.unix()) {
        Ok(Verified::Event(event)) => inner.act(source, &event),
        _ => {
            let mut log = inner.log();
            let seen = log.seen.entry(source.to_owned()).or_default();
            seen.attempts += 1;
            seen.forged += 1;
            StatusCode::UNAUTHORIZED
        }
    }
}

impl Inner {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self, source: &str, event: &WebhookEvent) -> StatusCode {
        let mut log = self.log();
        let log = &mut *log;
        let seen = log.seen.entry(source.to_owned()).or_default();
        seen.attempts += 1;
        let is_poison = event.event_type.as_deref() == Some(POISON);
        if is_poison && !log.is_fixed {
            seen.failed += 1;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        let is_new = !log.events.contains_key(&event.id);
        let is_done = log.events.entry(event.id.clone()).or_default();
        if is_new && !is_poison && self.rng.fraction() < FAILING_SHARE {
            seen.failed += 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        if std::mem::replace(is_done, true) {
            seen.repeats += 1;
        } else {
            seen.effects += 1;
            note_order(&mut log.orders, source, &event.body);
        }
        StatusCode::NO_CONTENT
    }
}

fn note_order(orders: &mut BTreeMap<String, Vec<String>>, source: &str, body: &[u8]) {
    let (ordered, pointer) = ORDERED;
    if source != ordered {
        return;
    }
    if let Some((key, id)) = order_of(body, pointer) {
        orders.entry(key).or_default().push(id);
    }
}

/// Returns what an event is ordered by, and its id.
pub(super) fn order_of(body: &[u8], pointer: &str) -> Option<(String, String)> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let key = body.pointer(pointer)?.as_str()?.to_owned();
    Some((key, body.get("id")?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use integration_core::SystemClock;
    use integration_webhooks::sign::{SignRequest, sign};

    use super::*;

    fn inner() -> Arc<Inner> {
        let secrets = vec![cast::route_secret().into()];
        Arc::new(Inner {
            source: Source::new("gateway", Scheme::StandardWebhooks, secrets).unwrap(),
            clock: SystemClock::shared(),
            rng: SeededRng::new(SEED),
            log: Mutex::default(),
        })
    }

    /// Delivers until it is taken, at most twice more; returns the statuses.
    async fn deliver(inner: &Arc<Inner>, id: &str, body: &'static str) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let request = SignRequest {
                id,
                timestamp: inner.clock.unix(),
                body: body.as_bytes(),
            };
            let signed = sign(&Scheme::StandardWebhooks, &cast::route_secret(), &request);
            let headers = signed.unwrap().into_iter().collect();
            let (uri, body) = (
                Uri::from_static("/stripe"),
                Bytes::from_static(body.as_bytes()),
            );
            let status = take(State(Arc::clone(inner)), uri, headers, body).await;
            statuses.push(status.as_u16());
            if status.is_success() {
                break;
            }
        }
        statuses
    }

    #[tokio::test]
    async fn about_three_of_ten_fail_once_and_are_acted_upon_once() {
        let inner = inner();
        for number in 0..100 {
            let statuses = deliver(&inner, &format!("evt_{number}"), "{}").await;
            assert!(matches!(*statuses, [204] | [503, 204]), "{statuses:?}");
        }
        assert_eq!(deliver(&inner, "evt_0", "{}").await, [204], "known");
        let seen = inner.log().seen["stripe"].clone();
        assert_eq!((seen.effects, seen.repeats, seen.forged), (100, 1, 0));
        assert!((20..40).contains(&seen.failed), "{}", seen.failed);
    }

    #[tokio::test]
    async fn what_it_cannot_handle_it_handles_once_it_is_fixed() {
        let inner = inner();
        let poison = r#"{"type":"invoice.payment_failed"}"#;
        assert_eq!(deliver(&inner, "evt_1", poison).await, [500, 500, 500]);
        inner.log().is_fixed = true;
        assert_eq!(deliver(&inner, "evt_1", poison).await, [204]);
    }

    #[tokio::test]
    async fn what_is_not_signed_is_not_looked_at() {
        let inner = inner();
        let (uri, body) = (Uri::from_static("/stripe"), Bytes::from_static(b"{}"));
        let status = take(State(Arc::clone(&inner)), uri, HeaderMap::new(), body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(inner.log().seen["stripe"].forged, 1);
    }
}
