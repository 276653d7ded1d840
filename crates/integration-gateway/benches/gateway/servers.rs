//! The servers the gateway is measured against, and the sink it delivers to.
//!
//! They run as children of the bench: the same binary with `--serve=ROLE`.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use integration_core::{Clock as _, SystemClock};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::{child::Server, requests};

/// Accepts and drops.
pub(crate) const BARE: &str = "bare";
/// Accepts, verifies as a hand-written Stripe handler would, and drops.
pub(crate) const BARE_HMAC: &str = "bare-hmac";
/// Takes deliveries and counts them.
pub(crate) const SINK: &str = "sink";

/// Seconds a signature stays good, either way.
const TOLERANCE: Duration = Duration::from_secs(300);
/// The gateway's default body limit, so that both read bodies alike.
const MAX_BODY: usize = 1024 * 1024;

/// Starts a role as a child.
pub(crate) fn spawn(role: &str) -> Server {
    let bench = std::env::current_exe().unwrap();
    Server::spawn(Command::new(bench).arg(format!("--serve={role}")))
}

/// Serves a role until killed.
pub(crate) fn serve(role: &str) {
    let delivered = Arc::new(AtomicU64::new(0));
    let app = match role {
        BARE => Router::new().route(requests::PATH, post(|_: Bytes| async {})),
        BARE_HMAC => Router::new().route(requests::PATH, post(verify)),
        _ => sink(&delivered),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("listening public={}", listener.local_addr().unwrap());
        let app = app.layer(DefaultBodyLimit::max(MAX_BODY));
        axum::serve(listener, app).await.unwrap();
    });
}

/// Counts what is posted; a GET tells how many.
fn sink(delivered: &Arc<AtomicU64>) -> Router {
    let (count, read) = (Arc::clone(delivered), Arc::clone(delivered));
    let take = move |_: Bytes| async move {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let tell = move || async move { read.load(Ordering::Relaxed).to_string() };
    Router::new().route("/", get(tell).post(take))
}

async fn verify(headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok());
    if signed.is_some_and(|header| is_signed(header, &body)) {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    }
}

fn is_signed(header: &str, body: &[u8]) -> bool {
    let part = |name: &str| {
        header
            .split(',')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(timestamp), Some(tag)) = (part("t"), part("v1").and_then(from_hex)) else {
        return false;
    };
    let Ok(sent) = timestamp.parse().map(Duration::from_secs) else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(requests::SECRET.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    SystemClock.unix().abs_diff(sent) <= TOLERANCE && mac.verify_slice(&tag).is_ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
