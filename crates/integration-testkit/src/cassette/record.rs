//! The transport that writes down what passes.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    thread,
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use integration_core::http::{
    AttemptRequest, HeaderMap, RawBody, RawResponse, StatusCode, Transport, TransportError,
};

use super::{
    entry::{Answer, Entry, Request, Tape, VERSION},
    file,
    settings::Cassette,
};

/// Sends by another transport and writes down what was sent and answered, in order.
///
/// A clone writes to the same cassette, so keep one to [`finish`](Self::finish). When the last one
/// is dropped the file is written too, if it can be and no test is failing.
pub struct Recording<T> {
    transport: Arc<T>,
    tape: Arc<Taping>,
}

/// What all clones and all bodies under way share.
struct Taping {
    cassette: Cassette,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which requests were sent; `None` for one that has no answer yet.
    entries: Vec<Option<Entry>>,
    /// Why this can be no cassette.
    spoiled: Option<String>,
    is_written: bool,
}

impl<T> Recording<T> {
    pub(super) fn new(cassette: Cassette, transport: T) -> Self {
        Self {
            transport: Arc::new(transport),
            tape: Arc::new(Taping {
                cassette,
                state: Mutex::default(),
            }),
        }
    }

    /// Writes the file. Calls that are not answered are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](integration_core::ErrorKind::Config) when there was more than the
    /// cassette takes, a body was compressed, a string to hide would be in the file, or it cannot
    /// be written. The file is then as it was.
    pub fn finish(&self) -> integration_core::Result<()> {
        self.tape.write()
    }
}

impl<T: Transport> Transport for Recording<T> {
    async fn send(&self, request: &AttemptRequest) -> Result<RawResponse, TransportError> {
        let mut place = self.tape.begin(request);
        let response = self.transport.send(request).await?;
        place.head = Some((response.status, response.headers.clone()));
        let body = match response.body {
            RawBody::Full(bytes) => {
                place.take(&bytes);
                place.is_complete = true;
                RawBody::Full(bytes)
            }
            RawBody::Stream(inner) => RawBody::Stream(Box::pin(Tee { inner, place })),
            // A kind of body that is not known yet would be recorded as empty.
            other => {
                self.tape.spoil("an answer has a body of an unknown kind");
                other
            }
        };
        Ok(RawResponse::new(response.status, response.headers, body))
    }
}

impl<T> Clone for Recording<T> {
    fn clone(&self) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            tape: Arc::clone(&self.tape),
        }
    }
}

impl<T> fmt::Debug for Recording<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("path", &self.tape.cassette.path)
            .finish_non_exhaustive()
    }
}

impl Taping {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spoil(&self, why: &str) {
        let mut state = self.lock();
        state.spoiled.get_or_insert_with(|| why.to_owned());
    }

    /// Takes the place of a request in the order of all.
    fn begin(self: &Arc<Self>, request: &AttemptRequest) -> Place {
        let cassette = &self.cassette;
        let entry = cassette.redaction.request(request);
        if is_compressed(&request.headers) {
            self.spoil(COMPRESSED);
        }
        let sent = request.body.as_bytes();
        if sent.is_some_and(|body| body.len() > cassette.max_body) {
            self.spoil(LARGE);
        }
        let mut state = self.lock();
        let index = state.entries.len();
        if index < cassette.max_entries {
            state.entries.push(None);
        }
        drop(state);
        if index >= cassette.max_entries {
            self.spoil("there are more calls than `max_entries`");
        }
        Place {
            tape: Arc::clone(self),
            index,
            request: entry,
            head: None,
            body: BytesMut::new(),
            is_complete: false,
        }
    }

    fn write(&self) -> integration_core::Result<()> {
        let mut state = self.lock();
        if let Some(why) = &state.spoiled {
            return Err(self.cassette.refuse(format!("is not written: {why}")));
        }
        let tape = Tape {
            version: VERSION,
            entries: state.entries.iter().flatten().cloned().collect(),
        };
        file::write(&self.cassette, &tape)?;
        state.is_written = true;
        Ok(())
    }
}

impl Drop for Taping {
    fn drop(&mut self) {
        let state = self.lock();
        let is_due = !state.is_written && state.entries.iter().any(Option::is_some);
        drop(state);
        if is_due && !thread::panicking() {
            // Nobody is left to be told; `finish` tells.
            let _ = self.write();
        }
    }
}

const COMPRESSED: &str = "a body is compressed, so nobody can look for secrets in it";
const LARGE: &str = "a body is larger than `max_body`";

/// A call that is under way. When it is dropped it is written down, if there was an answer.
struct Place {
    tape: Arc<Taping>,
    index: usize,
    request: Request,
    head: Option<(StatusCode, HeaderMap)>,
    /// At most `max_body` bytes.
    body: BytesMut,
    is_complete: bool,
}

impl Place {
    fn take(&mut self, bytes: &Bytes) {
        if bytes.len() > self.tape.cassette.max_body - self.body.len() {
            return self.tape.spoil(LARGE);
        }
        self.body.extend_from_slice(bytes);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((status, headers)) = self.head.take() else {
            return;
        };
        if is_compressed(&headers) && !self.body.is_empty() {
            return self.tape.spoil(COMPRESSED);
        }
        let redaction = &self.tape.cassette.redaction;
        let entry = Entry {
            request: self.request.clone(),
            answer: Answer {
                status: status.as_u16(),
                headers: redaction.headers(&headers),
                body: redaction.body(&self.body, &headers),
                complete: self.is_complete,
            },
        };
        let mut state = self.tape.lock();
        if let Some(place) = state.entries.get_mut(self.index) {
            *place = Some(entry);
            state.is_written = false;
        }
    }
}

/// A body that is written down as it passes.
struct Tee {
    inner: Pin<Box<dyn Body<Data = Bytes, Error = TransportError> + Send>>,
    place: Place,
}

impl Body for Tee {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(self.inner.as_mut().poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.place.take(bytes);
                }
                self.place.is_complete = self.inner.is_end_stream();
            }
            Some(Err(_)) => {}
            None => self.place.is_complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all("content-encoding").iter();
    encodings.any(|encoding| encoding != "identity")
}
