//! The axum extractor and the tower layer answer alike, so one list of requests goes through both.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use integration_core::clock::{Clock, SharedClock};
use integration_webhooks::{
    Scheme, Secret, SecretString, Source,
    sign::{SignRequest, sign},
};

const NOW: Duration = Duration::from_secs(1_767_225_600);
const TEXT: &str = "a made-up secret";
const LIMIT: usize = 64;

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> tokio::time::Instant {
        unreachable!("wall time only")
    }

    fn unix(&self) -> Duration {
        NOW
    }
}

/// A body that comes in pieces, breaks off if told to, and announces its length if told to.
struct Pieces {
    left: VecDeque<Result<Bytes, std::io::Error>>,
    announced: u64,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(self.left.pop_front().map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

fn chunked(body: &[u8]) -> Pieces {
    let left = body
        .chunks(7)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    Pieces { left, announced: 0 }
}

fn clock() -> SharedClock {
    Arc::new(Stopped)
}

fn source() -> Source {
    let secret = Secret::new(SecretString::from(TEXT));
    Source::new("adapted", Scheme::Slack, vec![secret])
        .unwrap()
        .with_body_limit(LIMIT)
}

fn signed(signed: &[u8], body: Pieces) -> Request<Pieces> {
    let request = SignRequest {
        id: "",
        timestamp: NOW,
        body: signed,
    };
    let headers = sign(&Scheme::Slack, &SecretString::from(TEXT), &request).unwrap();
    let mut request = Request::post("/in/slack").body(body).unwrap();
    request.headers_mut().extend(headers);
    request
}

/// Requests, with the status and body each must be answered with.
fn cases() -> Vec<(&'static str, Request<Pieces>, u16, &'static str)> {
    let event = br#"{"type":"thing"}"#;
    let at_limit = vec![b'a'; LIMIT];
    let over_limit = vec![b'a'; LIMIT + 1];
    let handshake = br#"{"type":"url_verification","challenge":"c"}"#;
    let mut broken = chunked(event);
    broken
        .left
        .push_back(Err(std::io::ErrorKind::ConnectionReset.into()));
    let mut announced = chunked(b"");
    announced.announced = LIMIT as u64 + 1;
    let unsigned = Request::post("/in/slack").body(chunked(event)).unwrap();
    vec![
        ("an event", signed(event, chunked(event)), 202, "thing"),
        (
            "a body at the limit",
            signed(&at_limit, chunked(&at_limit)),
            202,
            "none",
        ),
        (
            "a body over the limit",
            signed(&over_limit, chunked(&over_limit)),
            413,
            "body too large",
        ),
        (
            "an announced length over the limit",
            signed(b"", announced),
            413,
            "body too large",
        ),
        (
            "a forged body",
            signed(event, chunked(b"{}")),
            401,
            "signature does not match",
        ),
        (
            "no headers",
            unsigned,
            401,
            "signature headers missing or malformed",
        ),
        (
            "a broken connection",
            signed(event, broken),
            400,
            "body incomplete",
        ),
        (
            "a handshake",
            signed(handshake, chunked(handshake)),
            200,
            "c",
        ),
    ]
}

async fn read<B: Body<Error: std::fmt::Debug>>(response: Response<B>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[cfg(feature = "axum")]
mod extractor {
    use axum::{Router, extract::FromRef, routing::post};
    use integration_webhooks::axum::VerifiedWebhook;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Clone)]
    struct Everything;

    impl FromRef<Everything> for Source {
        fn from_ref(_: &Everything) -> Self {
            source()
        }
    }

    impl FromRef<Everything> for SharedClock {
        fn from_ref(_: &Everything) -> Self {
            clock()
        }
    }

    async fn handle(VerifiedWebhook(event): VerifiedWebhook) -> (http::StatusCode, String) {
        (
            http::StatusCode::ACCEPTED,
            event.event_type.unwrap_or_else(|| "none".to_owned()),
        )
    }

    #[tokio::test]
    async fn the_extractor_answers_what_the_handler_must_not_see() {
        let router = Router::new()
            .route("/in/slack", post(handle))
            .with_state(Everything);
        for (name, request, status, text) in cases() {
            let request = request.map(axum::body::Body::new);
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(read(response).await, (status, text.to_owned()), "{name}");
        }
    }
}

#[cfg(feature = "tower")]
mod layer {
    use std::convert::Infallible;

    use http_body_util::{BodyExt as _, Full};
    use integration_webhooks::{WebhookEvent, tower::VerifyLayer};
    use tower::{Service, ServiceExt, service_fn};
    use tower_layer::Layer as _;

    use super::*;

    async fn handle(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
        let event = request.extensions().get::<WebhookEvent>().cloned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let event = event.filter(|event| event.body == body).unwrap();
        let event_type = event.event_type.unwrap_or_else(|| "none".to_owned());
        let answer = Response::builder().status(202).body(Full::from(event_type));
        Ok(answer.unwrap())
    }

    #[tokio::test]
    async fn the_layer_answers_what_the_service_must_not_see() {
        let service = VerifyLayer::new(source(), clock()).layer(service_fn(handle));
        for (name, request, status, text) in cases() {
            let response = service.clone().oneshot(request).await.unwrap();
            assert_eq!(read(response).await, (status, text.to_owned()), "{name}");
        }
    }

    /// Counts how often it was made ready; refuses to be called otherwise.
    #[derive(Default)]
    struct Choosy {
        ready: bool,
    }

    impl Clone for Choosy {
        fn clone(&self) -> Self {
            Self::default()
        }
    }

    impl Service<Request<Full<Bytes>>> for Choosy {
        type Response = Response<Full<Bytes>>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            if self.ready {
                return Poll::Ready(Err("readied twice"));
            }
            self.ready = true;
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
            assert!(self.ready, "called without being ready");
            std::future::ready(Ok(Response::new(Full::default())))
        }
    }

    #[tokio::test]
    async fn the_instance_that_is_ready_is_the_one_that_is_called() {
        let mut service = VerifyLayer::new(source(), clock()).layer(Choosy::default());
        for _ in 0..2 {
            let request = signed(b"{}", chunked(b"{}"));
            let ready = ServiceExt::<Request<Pieces>>::ready(&mut service)
                .await
                .unwrap();
            let response = ready.call(request).await.unwrap();
            assert_eq!(response.status(), 200);
        }
    }

    #[tokio::test]
    async fn an_inner_service_that_fails_to_get_ready_is_passed_on() {
        let mut service = VerifyLayer::new(source(), clock()).layer(Choosy { ready: true });
        let ready = ServiceExt::<Request<Pieces>>::ready(&mut service).await;
        assert_eq!(ready.err(), Some("readied twice"));
    }
}
