//! The servers the gateway is measured against, and the sink it delivers to.
//!
//! They run as children of the bench: the same binary with `--serve=ROLE`.

use std::{fmt::Write as _, net::SocketAddr, process::Command, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use integration_core::{Clock as _, SystemClock};
use parking_lot::Mutex;
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{child::Server, requests, wire};

/// Accepts and drops.
pub(crate) const BARE: &str = "bare";
/// Accepts, verifies as a hand-written Stripe handler would, and drops.
pub(crate) const BARE_HMAC: &str = "bare-hmac";
/// Takes deliveries and notes when.
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
    let app = match role {
        BARE => Router::new().route(requests::PATH, post(|_: Bytes| async {})),
        BARE_HMAC => Router::new().route(requests::PATH, post(verify)),
        _ => sink(),
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

/// An event's number and when it arrived, since the Unix epoch.
pub(crate) type Delivery = (usize, Duration);

/// Notes what is posted; a GET takes the notes away, one `NUMBER NANOSECONDS` a line.
fn sink() -> Router {
    let noted: Arc<Mutex<Vec<Delivery>>> = Arc::default();
    let notes = Arc::clone(&noted);
    let take = move |body: Bytes| async move {
        let number = requests::number(&body).unwrap_or_default();
        noted.lock().push((number, SystemClock.unix()));
    };
    let tell = move || async move {
        let mut text = String::new();
        for (number, at) in notes.lock().drain(..) {
            writeln!(text, "{number} {}", at.as_nanos()).unwrap();
        }
        text
    };
    Router::new().route("/", get(tell).post(take))
}

/// Takes from the sink what arrived since the last time.
pub(crate) async fn take_deliveries(sink: SocketAddr) -> Vec<Delivery> {
    let mut stream = TcpStream::connect(sink).await.expect("sink accepts");
    let request = b"GET / HTTP/1.1\r\nhost: sink\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while wire::message_len(&answer).is_none() {
        assert!(
            stream.read_buf(&mut answer).await.unwrap() > 0,
            "sink closed"
        );
    }
    let text = String::from_utf8(answer).unwrap();
    let (_, lines) = text.split_once("\r\n\r\n").unwrap();
    lines.lines().map(delivery).collect()
}

fn delivery(line: &str) -> Delivery {
    let (number, at) = line.split_once(' ').unwrap();
    (
        number.parse().unwrap(),
        Duration::from_nanos(at.parse().unwrap()),
    )
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
