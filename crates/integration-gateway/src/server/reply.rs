//! What senders are answered.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use integration_webhooks::{Answer, SenderContract};

/// An answer: a status, few headers, a short body.
pub(crate) type Reply = Response<Full<Bytes>>;

/// Answers with a status and nothing else.
pub(super) fn status(status: u16) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = code(status);
    reply
}

/// Answers with a status and a line of text.
pub(super) fn text(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Full::from(Bytes::from_static(text.as_bytes())));
    *reply.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    reply.headers_mut().insert(header::CONTENT_TYPE, plain);
    reply
}

/// Answers as the verification said.
pub(super) fn answer(answer: Answer) -> Reply {
    let mut reply = Response::new(Full::from(answer.body));
    *reply.status_mut() = code(answer.status);
    let kind = HeaderValue::from_static(answer.content_type);
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}

/// Asks the sender to come again, in the way it understands.
pub(super) fn overload(contract: &SenderContract) -> Reply {
    let mut reply = text(code(contract.overload), "not stored, send again");
    if let Some(after) = contract.retry_after {
        let seconds = HeaderValue::from(after.as_secs());
        reply.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    reply
}

/// Refuses all methods but one.
pub(super) fn method_not_allowed() -> Reply {
    let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, "only POST");
    let post = HeaderValue::from_static("POST");
    reply.headers_mut().insert(header::ALLOW, post);
    reply
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
