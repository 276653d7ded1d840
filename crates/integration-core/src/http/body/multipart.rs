//! Forms with files ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)).

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;

use super::{Body, BodyError, BodyStream, OpenBody};
use crate::error::{Error, ErrorKind, Result};

const OPERATION: &str = "http.multipart";

/// A form of parts, `multipart/form-data`.
///
/// It can be sent again if every part can. The boundary is chosen at random for each form.
///
/// ```
/// use integration_core::http::{Multipart, Part};
///
/// # fn main() -> integration_core::Result<()> {
/// let file = Part::bytes("%PDF-1.7 ...").with_file_name("invoice.pdf").with_content_type("application/pdf")?;
/// let form = Multipart::new().text("purpose", "dispute_evidence").part("file", file);
/// # let _ = form;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a form does nothing until it is sent"]
pub struct Multipart {
    boundary: String,
    parts: Vec<(String, Part)>,
}

/// One part of a form.
#[derive(Debug)]
#[must_use = "a part does nothing until it is in a form"]
pub struct Part {
    body: Body,
    file_name: Option<String>,
    content_type: Option<String>,
}

impl Multipart {
    /// Starts a form without parts.
    pub fn new() -> Self {
        let random = std::array::from_fn::<u64, 2, _>(|_| fastrand::u64(..));
        Self {
            boundary: format!("{:016x}{:016x}", random[0], random[1]),
            parts: Vec::new(),
        }
    }

    /// Adds a field of text.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name, Part::body(value.into()))
    }

    /// Adds a part. Several may have one name.
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// Returns the value of `Content-Type`.
    pub(in crate::http) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(in crate::http) fn into_body(self) -> Body {
        let mut pieces = Vec::with_capacity(2 * self.parts.len() + 1);
        for (index, (name, part)) in self.parts.into_iter().enumerate() {
            let before = if index == 0 { "" } else { "\r\n" };
            pieces.push(Body::from(part.head(before, &self.boundary, &name)));
            pieces.push(part.body);
        }
        let before = if pieces.is_empty() { "" } else { "\r\n" };
        pieces.push(Body::from(format!("{before}--{}--\r\n", self.boundary)));
        join(pieces)
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Part {
    /// Takes bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::body(bytes.into())
    }

    /// Takes any body, also a stream. Give a stream its length, or the form is sent in chunks.
    pub fn body(body: impl Into<Body>) -> Self {
        Self {
            body: body.into(),
            file_name: None,
            content_type: None,
        }
    }

    /// Says what the file is called, which makes the part a file.
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says what is in the part, such as `image/png`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it holds a control character, which would begin a header of its
    /// own.
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Result<Self> {
        let content_type = content_type.into();
        if content_type.chars().any(char::is_control) {
            return Err(Error::new(ErrorKind::Config, OPERATION)
                .with_message("content type of a part holds a control character"));
        }
        self.content_type = Some(content_type);
        Ok(self)
    }

    fn head(&self, before: &str, boundary: &str, name: &str) -> String {
        let name = Quoted(name);
        let mut head =
            format!("{before}--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(file_name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", Quoted(file_name)));
        }
        let default = self.file_name.as_ref().map(|_| "application/octet-stream");
        if let Some(content_type) = self.content_type.as_deref().or(default) {
            head.push_str("\r\nContent-Type: ");
            head.push_str(content_type);
        }
        head.push_str("\r\n\r\n");
        head
    }
}

/// A name between quotes, escaped as browsers do it ([HTML standard]).
///
/// [HTML standard]: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' => f.write_str("%22"),
            '\r' => f.write_str("%0D"),
            '\n' => f.write_str("%0A"),
            c => fmt::Write::write_char(f, c),
        })
    }
}

/// Makes one body of several.
fn join(pieces: Vec<Body>) -> Body {
    let length = pieces
        .iter()
        .map(Body::length)
        .try_fold(0_u64, |sum, next| {
            next.and_then(|next| sum.checked_add(next))
        });
    let is_replayable = pieces.iter().all(Body::is_replayable);
    let pieces: Arc<[Body]> = pieces.into();
    let body = if is_replayable {
        Body::replayable(move || Joined::new(&pieces))
    } else {
        Body::once(Joined::new(&pieces))
    };
    match length {
        Some(length) => body.with_length(length),
        None => body,
    }
}

/// Several bodies, one after the other.
struct Joined {
    waiting: VecDeque<Body>,
    open: Option<BodyStream>,
}

impl Joined {
    fn new(pieces: &[Body]) -> Self {
        Self {
            waiting: pieces.iter().cloned().collect(),
            open: None,
        }
    }
}

impl Stream for Joined {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(piece) = ready!(open.as_mut().poll_next(cx)) {
                    return Poll::Ready(Some(piece));
                }
                self.open = None;
            }
            let Some(next) = self.waiting.pop_front() else {
                return Poll::Ready(None);
            };
            match next.open() {
                Ok(OpenBody::Bytes(bytes)) if bytes.is_empty() => {}
                Ok(OpenBody::Bytes(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Ok(OpenBody::Stream { stream, .. }) => self.open = Some(stream),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}
