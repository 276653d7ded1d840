//! The client as a `tower` service: what a client of others may rely on.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use integration_core::{
    Error, ErrorKind,
    bulkhead::BulkheadConfig,
    http::{Client, ClientService, MAX_REPLAYED, ServiceBody},
};
use integration_testkit::{RefusingPort, Reply, ScriptedServer};
use tower::{Service, ServiceExt as _};

use crate::support::{builder, client, quick};

type Sent = Full<Bytes>;

fn get(path: &str) -> Request<Sent> {
    Request::get(path).body(Sent::default()).unwrap()
}

fn post(body: impl Into<Bytes>) -> http::request::Builder {
    let length = body.into().len();
    Request::post("/charges").header("content-length", length)
}

async fn service(replies: impl IntoIterator<Item = Reply>) -> (ClientService, ScriptedServer) {
    let server = ScriptedServer::replies(replies).await.unwrap();
    (client(&server, quick()).into_service(), server)
}

async fn text(response: Response<ServiceBody>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn it_is_what_other_clients_ask_of_a_service() {
    fn asked<S>(_: S)
    where
        S: Service<Request<Sent>, Response = Response<ServiceBody>, Error = Error>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        ServiceBody: hyper::body::Body<Data = Bytes, Error = Error> + Send + 'static,
    {
    }
    asked(Client::builder().build().unwrap().service());
}

#[tokio::test]
async fn it_is_always_ready_and_a_clone_is_too() {
    let (mut service, _server) = service([Reply::ok("done")]).await;
    assert!(Service::<Request<Sent>>::poll_ready(&mut service, &mut noop()).is_ready());
    let mut copy = service.clone();
    assert!(Service::<Request<Sent>>::poll_ready(&mut copy, &mut noop()).is_ready());
    assert_eq!(text(copy.call(get("/")).await.unwrap()).await, "done");
}

fn noop() -> std::task::Context<'static> {
    std::task::Context::from_waker(std::task::Waker::noop())
}

#[tokio::test]
async fn a_failed_attempt_is_retried_before_there_is_an_answer() {
    let script = [Reply::status(503), Reply::ok("done").header("x-a", "1")];
    let (service, server) = service(script).await;
    let response = service.oneshot(get("/v1/items?limit=2")).await.unwrap();
    assert_eq!(response.headers()["x-a"], "1");
    assert_eq!(text(response).await, "done");
    assert_eq!(server.count(), 2);
    assert_eq!(server.received()[1].path, "/v1/items?limit=2");
}

#[tokio::test]
async fn an_answer_of_any_status_is_an_answer() {
    let (service, server) = service([Reply::status(404).body("none")]).await;
    let response = service.oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(response).await, "none");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_last_failed_answer_is_the_answer() {
    let (service, server) = service([Reply::status(503).body("down")]).await;
    let response = service.oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(response).await, "down");
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_post_without_a_key_is_one_request() {
    let (service, server) = service([Reply::status(503)]).await;
    let request = post("pay").body(Sent::from("pay")).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_post_with_a_key_is_sent_again_with_its_body() {
    let (service, server) = service([Reply::status(503), Reply::ok("paid")]).await;
    let request = post("pay").header("idempotency-key", "order-7");
    let request = request.body(Sent::from("pay")).unwrap();
    assert_eq!(text(service.oneshot(request).await.unwrap()).await, "paid");
    let received = server.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.body, "pay");
        assert_eq!(request.header("content-length"), "3");
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_sent_again_and_a_larger_one_once() {
    for (len, requests) in [(MAX_REPLAYED, 3), (MAX_REPLAYED + 1, 1)] {
        let (service, server) = service([Reply::status(503)]).await;
        let body = vec![b'x'; len];
        let request = post(body.clone()).header("idempotency-key", "order-7");
        let request = request.body(Sent::from(body)).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(server.count(), requests, "{len} bytes");
        assert_eq!(server.received()[0].body.len(), len);
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_streamed() {
    let (service, server) = service([Reply::ok("done")]).await;
    let pieces = ["one ", "two"].map(|piece| {
        let piece = Bytes::from_static(piece.as_bytes());
        Ok::<_, std::io::Error>(hyper::body::Frame::data(piece))
    });
    let body = StreamBody::new(futures_util::stream::iter(pieces));
    let request = Request::post("/").body(body).unwrap();
    assert_eq!(text(service.oneshot(request).await.unwrap()).await, "done");
    assert_eq!(server.received()[0].body, "one two");
}

#[tokio::test]
async fn a_future_that_is_dropped_gives_its_place_back() {
    let server = ScriptedServer::replies([Reply::silence(), Reply::ok("done")]);
    let server = server.await.unwrap();
    let one = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(0);
    let policies = quick().with_bulkhead(Some(one));
    let service = builder(&server, policies).build().unwrap().service();
    let mut first = tokio::spawn(service.clone().oneshot(get("/")));
    server.wait_for(1).await;
    let full = service.clone().oneshot(get("/")).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::BulkheadFull);
    first.abort();
    assert!((&mut first).await.unwrap_err().is_cancelled());
    assert_eq!(text(service.oneshot(get("/")).await.unwrap()).await, "done");
}

#[tokio::test]
async fn a_call_without_an_answer_is_an_error_of_ours() {
    let port = RefusingPort::new().unwrap();
    let client = Client::standard(&port.url("")).unwrap().policies(quick());
    let service = client.build().unwrap().into_service();
    let error = service.oneshot(get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.attempts().len(), 3);
}

#[tokio::test]
async fn a_streamed_answer_is_there_before_its_body() {
    let reply = Reply::ok("first and the rest").stall_after(5);
    let (service, _server) = service([reply]).await;
    let response = service.streaming().oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "first");
}

#[tokio::test(start_paused = true)]
async fn a_small_body_that_stalls_is_no_call() {
    let client = Client::standard("http://127.0.0.1:9").unwrap();
    let service = client.build().unwrap().into_service();
    let request = Request::post("/").body(Stalls).unwrap();
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialize);
    assert_eq!(error.message(), "body of the request stalled for 20s");
}

/// Announces one byte that does not come.
struct Stalls;

impl hyper::body::Body for Stalls {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(1)
    }
}
