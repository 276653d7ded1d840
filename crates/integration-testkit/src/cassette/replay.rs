//! The transport that answers from a file.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hyper::body::Frame;
use integration_core::{
    Delivery, ErrorKind,
    http::{
        AttemptRequest, HeaderMap, HeaderName, HeaderValue, RawBody, RawResponse, StatusCode,
        Transport, TransportError,
    },
};

use super::{
    entry::{Answer, Body, Difference, Entry, Request},
    settings::Cassette,
};

/// Headers of how an answer travelled; it no longer does.
const OF_THE_WIRE: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// Answers from a cassette and never sends.
///
/// A request is answered by the first entry of the same method, path, query and body that was not
/// used yet, as they are after redaction; host and headers are not compared. One that no entry answers
/// fails with [`ErrorKind::Config`], which names the nearest entry and what differs.
///
/// A clone uses up the same entries, so keep one to [`assert_finished`](Self::assert_finished).
#[derive(Clone)]
pub struct Replay {
    cassette: Arc<Cassette>,
    entries: Arc<Vec<Entry>>,
    /// Whether each entry was used.
    used: Arc<Mutex<Vec<bool>>>,
}

impl Replay {
    pub(super) fn new(cassette: Arc<Cassette>, entries: Vec<Entry>) -> Self {
        Self {
            cassette,
            used: Arc::new(Mutex::new(vec![false; entries.len()])),
            entries: Arc::new(entries),
        }
    }

    /// Returns the requests that were recorded and not made, in order, as `GET /path?query`.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.iter().zip(used.iter());
        let unused = entries.filter(|(_, used)| !**used);
        unused.map(|(entry, _)| entry.request.line()).collect()
    }

    /// Checks that every recorded request was made.
    ///
    /// # Panics
    ///
    /// When one was not; the message names them.
    #[track_caller]
    pub fn assert_finished(&self) {
        let unused = self.unused();
        assert!(
            unused.is_empty(),
            "recorded and not made: {}",
            unused.join(", ")
        );
    }

    /// Takes the answer, or says why there is none.
    fn answer(&self, request: &Request) -> Result<&Answer, String> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut nearest: Option<(Difference, usize)> = None;
        for (index, (entry, used)) in self.entries.iter().zip(used.iter_mut()).enumerate() {
            let difference = match (entry.request.difference(request), *used) {
                (None, false) => {
                    *used = true;
                    return Ok(&entry.answer);
                }
                (None, true) => Difference::Used,
                (Some(difference), false) => difference,
                (Some(_), true) => continue,
            };
            if nearest.as_ref().is_none_or(|(best, _)| difference > *best) {
                nearest = Some((difference, index));
            }
        }
        Err(self.describe(request, nearest))
    }

    fn describe(&self, request: &Request, nearest: Option<(Difference, usize)>) -> String {
        let start = format!("no entry of the cassette answers {}", request.line());
        let nearest = nearest
            .and_then(|(difference, index)| Some((difference, index, self.entries.get(index)?)));
        match nearest {
            None => format!("{start}: none is left"),
            Some((difference, index, entry)) => {
                let (number, line) = (index + 1, entry.request.line());
                format!("{start}; the nearest is number {number}, {line}: {difference}")
            }
        }
    }

    /// A mistake of the test or of the file: never sent, never tried again.
    fn refuse(&self, rule: String) -> TransportError {
        TransportError::new(ErrorKind::Config)
            .with_delivery(Delivery::NotSent)
            .with_message(format!("{rule} ({})", self.cassette.path.display()))
    }
}

impl Transport for Replay {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let request = self.cassette.redaction.request(request);
        let answer = self.answer(&request).map_err(|rule| self.refuse(rule))?;
        let broken = |what: &str| self.refuse(format!("the answer to {} {what}", request.line()));
        let status = StatusCode::from_u16(answer.status).map_err(|_| broken("has no status"))?;
        let bytes = bytes_of(&answer.body).map_err(broken)?;
        let body = match answer.complete {
            true => RawBody::Full(bytes),
            false => RawBody::Stream(Box::pin(Partial(Some(bytes)))),
        };
        Ok(RawResponse::new(status, headers_of(answer), body))
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("path", &self.cassette.path)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// A body that was not read to its end: it breaks where the recording ended.
struct Partial(Option<Bytes>);

impl hyper::body::Body for Partial {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(Frame::data(bytes)),
            None => Err(TransportError::new(ErrorKind::Incomplete)),
        }))
    }
}

fn headers_of(answer: &Answer) -> HeaderMap {
    let lines = answer.headers.iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter(|(name, _)| !OF_THE_WIRE.contains(&name.as_str())) {
        headers.append(name, value);
    }
    headers
}

fn bytes_of(body: &Body) -> Result<Bytes, &'static str> {
    match body {
        Body::Empty => Ok(Bytes::new()),
        Body::Json(value) => Ok(value.to_string().into()),
        Body::Text(text) => Ok(text.clone().into()),
        Body::Form(pairs) => {
            let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
            let mut form = form_urlencoded::Serializer::new(String::new());
            Ok(form.extend_pairs(pairs).finish().into())
        }
        Body::Base64(text) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(bytes.into()),
            Err(_) => Err("has a body that is no base64"),
        },
        Body::Omitted(_) => Err("was recorded without its body"),
    }
}
