//! The client as a `tower` service, for clients of others to sit on.

mod body;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use ::http::{HeaderMap, Request, Response, StatusCode, header};
use bytes::Bytes;
use tower_service::Service;

pub use self::body::{MAX_REPLAYED, ServiceBody};
use super::{BodyError, Client};
use crate::{
    classify::Repeat,
    error::{Error, Result},
};

/// A [`Client`] as a service of [`Request`]s, with all policies around each.
///
/// Any answer is returned, whatever its status, once the policies have done their work with it:
/// a 503 was retried and counted, and is an answer when no attempt is left. Errors are those of
/// calls without an answer. A request is repeated where its method or the client's idempotency
/// header allow it; a body is held for that if it announces at most [`MAX_REPLAYED`] bytes.
///
/// A path without a host goes below the base of the client; extensions of a request are not looked
/// at. Always ready: calls wait inside, where
/// their deadline counts. Dropping a future cancels its call.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use integration_core::{Error, http::Client};
/// use tower::ServiceExt as _;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Client::standard("https://api.example.com")?.build()?.service();
/// let request = http::Request::get("/v1/charges").body(String::new())?;
/// let response = service.oneshot(request).await?;
/// println!("{}", response.status());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ClientService {
    client: Client,
    is_streamed: bool,
}

impl Client {
    /// Returns the client as a `tower` service, which shares everything with it.
    #[must_use]
    pub fn service(&self) -> ClientService {
        self.clone().into_service()
    }

    /// Turns the client into a `tower` service.
    #[must_use]
    pub fn into_service(self) -> ClientService {
        ClientService {
            client: self,
            is_streamed: false,
        }
    }
}

impl ClientService {
    /// Returns answers when their head is there. Default: when they have been read, so that a body
    /// that stalls or breaks off is a failed attempt.
    ///
    /// For what is large or has no end, such as events: see
    /// [`send_streaming`](super::RequestBuilder::send_streaming).
    #[must_use]
    pub fn streaming(mut self) -> Self {
        self.is_streamed = true;
        self
    }

    async fn send<B>(self, request: Request<B>) -> Result<Response<ServiceBody>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let (mut head, body) = request.into_parts();
        let inner = &self.client.inner;
        let stalls_after = inner.http.read().idle_timeout;
        let has_key = head.headers.contains_key(&inner.naming.idempotency);
        let target = head.uri.to_string();
        // How the body is framed is decided here.
        head.headers.remove(header::CONTENT_LENGTH);
        head.headers.remove(header::TRANSFER_ENCODING);

        let mut call = self.client.request(head.method, &target).any_status();
        call.headers = head.headers;
        call.repeat = has_key.then_some(Repeat::Harmless);
        let call = call.body(body::held(body, stalls_after).await?);
        if self.is_streamed {
            let answer = call.send_streaming().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            return Ok(respond(status, headers, ServiceBody::streamed(answer)));
        }
        let answer = call.send().await?.answer;
        let body = ServiceBody::whole(answer.body);
        Ok(respond(answer.status, answer.headers, body))
    }
}

impl<B> Service<Request<B>> for ClientService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response<ServiceBody>;
    type Error = Error;
    type Future = ServiceFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ServiceFuture {
        ServiceFuture(Box::pin(self.clone().send(request)))
    }
}

/// A call under way. Dropping it cancels the attempt and frees all that the call holds.
#[must_use = "a call does nothing until it is polled"]
pub struct ServiceFuture(Pin<Box<dyn Future<Output = Result<Response<ServiceBody>>> + Send>>);

impl Future for ServiceFuture {
    type Output = Result<Response<ServiceBody>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ServiceFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceFuture").finish_non_exhaustive()
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: ServiceBody) -> Response<ServiceBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
