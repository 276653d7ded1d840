//! Answers that the caller reads as they come.

use std::time::Duration;

use futures_util::StreamExt;
use integration_core::{
    Delivery, ErrorKind,
    bulkhead::BulkheadConfig,
    http::{Answer, Client, HeaderMap, HttpConfig, RequestBuilder, StatusCode, StreamingResponse},
    observe::{BodyEnd, Exchange, Passing},
    observer::Observer,
};
use integration_testkit::{Reply, ScriptedServer};
use parking_lot::Mutex;

use crate::support::{builder, client, now, quick};

const MILLIS: Duration = Duration::from_millis(1);

async fn serve(reply: Reply) -> (ScriptedServer, Client) {
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let http = HttpConfig::default().with_idle_timeout(100 * MILLIS);
    let client = builder(&server, quick()).http(http).build().unwrap();
    (server, client)
}

async fn open(call: RequestBuilder) -> StreamingResponse {
    call.send_streaming().await.unwrap()
}

/// What came before the end, and how it ended.
async fn drain(stream: &mut StreamingResponse) -> (usize, Option<ErrorKind>) {
    loop {
        match stream.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => return (stream.received(), None),
            Err(error) => {
                assert_eq!(error.delivery(), Delivery::Executed, "{error}");
                assert!(
                    stream.chunk().await.unwrap().is_none(),
                    "goes on after {error}"
                );
                return (stream.received(), Some(error.kind()));
            }
        }
    }
}

#[tokio::test]
async fn a_body_is_read_as_it_comes() {
    let reply = Reply::ok("0123456789")
        .pieces(3, 20 * MILLIS)
        .header("x-request-id", "r1");
    let (_server, client) = serve(reply).await;
    let mut stream = open(client.get("/")).await;
    assert_eq!(stream.status(), StatusCode::OK);
    assert_eq!(stream.head().request_id(), Some("r1"));
    assert_eq!(stream.head().attempts(), 1);
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece.unwrap());
    }
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(pieces.concat(), b"0123456789");
}

#[tokio::test]
async fn the_head_is_retried_and_the_body_is_not() {
    let cut = Reply::ok("0123456789").cut_after(4);
    let server = ScriptedServer::replies([Reply::status(503), cut, Reply::ok("other")])
        .await
        .unwrap();
    let mut stream = open(client(&server, quick()).get("/")).await;
    assert_eq!(stream.head().attempts(), 2);
    assert_eq!(drain(&mut stream).await, (4, Some(ErrorKind::Incomplete)));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_refusal_has_its_body_read() {
    let (_server, client) = serve(Reply::status(422).body("{\"why\":\"size\"}")).await;
    let error = client.get("/").send_streaming().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(
        error.provider_body().unwrap(),
        "{\"why\":\"size\"}".as_bytes()
    );
}

#[tokio::test]
async fn a_silence_ends_the_stream_while_the_caller_waits() {
    let (_server, client) = serve(Reply::ok("0123456789").stall_after(4)).await;
    let mut stream = open(client.get("/")).await;
    let began = now();
    assert_eq!(
        drain(&mut stream).await,
        (4, Some(ErrorKind::AttemptTimeout))
    );
    assert!(now() - began < Duration::from_secs(2));
}

#[tokio::test]
async fn a_caller_that_is_slow_is_no_silence() {
    let (_server, client) = serve(Reply::ok("0123456789").pieces(2, 10 * MILLIS)).await;
    let mut stream = open(client.get("/")).await;
    while stream.chunk().await.unwrap().is_some() {
        tokio::time::sleep(150 * MILLIS).await;
    }
    assert_eq!(stream.received(), 10);
}

#[tokio::test]
async fn a_slow_stream_ends_with_the_deadline_of_its_call() {
    let (_server, client) = serve(Reply::ok(vec![0; 1_000]).pieces(1, 10 * MILLIS)).await;
    let began = now();
    let mut stream = open(client.get("/").deadline(300 * MILLIS)).await;
    let (read, how) = drain(&mut stream).await;
    assert_eq!(how, Some(ErrorKind::DeadlineExceeded));
    assert!(read > 0 && now() - began < Duration::from_secs(2));
}

#[tokio::test]
async fn a_connection_that_ends_at_any_byte_is_an_error_and_never_an_end() {
    let body: Vec<u8> = (0..64).collect();
    for offset in 0..body.len() {
        let replies: [fn(Reply, usize) -> Reply; 3] =
            [Reply::cut_after, Reply::reset_after, |reply, offset| {
                reply.chunked().cut_after(offset)
            }];
        for (index, reply) in replies.iter().enumerate() {
            let (_server, client) = serve(reply(Reply::ok(body.clone()), offset)).await;
            let call = client.get("/").max_attempts(1);
            let how = match call.send_streaming().await {
                Ok(mut stream) => {
                    let (read, how) = drain(&mut stream).await;
                    assert!(read <= offset, "{index}: {read} of {offset}");
                    how
                }
                Err(error) => Some(error.kind()),
            };
            let broke = [ErrorKind::Incomplete, ErrorKind::ConnectionReset];
            assert!(
                how.is_some_and(|kind| broke.contains(&kind)),
                "{index} at {offset}: {how:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_length_that_is_too_long_is_an_error() {
    let (_server, client) = serve(Reply::ok("0123456789").announce(11)).await;
    let mut stream = open(client.get("/")).await;
    assert_eq!(drain(&mut stream).await, (10, Some(ErrorKind::Incomplete)));
}

#[tokio::test]
async fn a_length_that_is_too_short_gives_what_was_announced() {
    let (_server, client) = serve(Reply::ok("0123456789").announce(4)).await;
    let all = open(client.get("/")).await.bytes(100).await.unwrap();
    assert_eq!(all, "0123");
}

const GIGABYTES: u64 = 10_000_000_000;

#[tokio::test]
async fn ten_gigabytes_end_at_the_limit() {
    let (server, client) = serve(Reply::of_size(GIGABYTES).chunked()).await;
    let limit = 1_000_000;
    let mut stream = open(client.get("/").body_limit(limit)).await;
    let (read, how) = drain(&mut stream).await;
    assert_eq!(how, Some(ErrorKind::BodyTooLarge));
    assert!((limit..limit + 1_000_000).contains(&read), "{read}");

    let (whole, client) = serve(Reply::of_size(GIGABYTES)).await;
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    for server in [server, whole] {
        assert!(server.sent() < 100_000_000, "{} bytes", server.sent());
    }
}

#[tokio::test]
async fn a_caller_that_does_not_read_makes_the_server_wait() {
    let (server, client) = serve(Reply::of_size(GIGABYTES)).await;
    let mut stream = open(client.get("/")).await;
    stream.chunk().await.unwrap().unwrap();
    let mut before = 0;
    // Until the buffers of the sockets are full.
    while server.sent() != before {
        before = server.sent();
        tokio::time::sleep(100 * MILLIS).await;
    }
    assert!(before < 50_000_000, "{before} bytes");
    drop(stream);
}

#[tokio::test]
async fn a_limit_of_the_rest_counts_from_where_it_is_asked_for() {
    let (_server, client) = serve(Reply::ok("0123456789").pieces(5, 20 * MILLIS)).await;
    let mut stream = open(client.get("/")).await;
    let first = stream.chunk().await.unwrap().unwrap();
    let rest = stream.bytes(10 - first.len()).await.unwrap();
    assert_eq!([first, rest].concat(), b"0123456789");

    let (_server, client) = serve(Reply::ok("0123456789")).await;
    let error = open(client.get("/")).await.bytes(9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn events_are_read_from_a_stream() {
    let text = "event: delta\ndata: a\n\n: still here\n\ndata: b\n\n";
    let (_server, client) = serve(Reply::ok(text).pieces(5, MILLIS)).await;
    let mut events = open(client.get("/")).await.events();
    let mut data = Vec::new();
    while let Some(event) = events.next().await {
        data.push(event.unwrap().data().to_owned());
    }
    assert_eq!(data, ["a", "b"]);
}

#[tokio::test]
async fn a_stream_keeps_its_place_until_it_is_dropped_or_over() {
    let server = ScriptedServer::start(|_| Reply::ok("0123456789"))
        .await
        .unwrap();
    let bulkhead = BulkheadConfig::default()
        .with_max_in_flight(1)
        .with_max_queue(0);
    let client = client(&server, quick().with_bulkhead(bulkhead));
    let refused = || async { client.get("/").send().await.unwrap_err().kind() };

    let mut stream = open(client.get("/")).await;
    assert_eq!(refused().await, ErrorKind::BulkheadFull);
    assert_eq!(drain(&mut stream).await, (10, None));
    client.get("/").send().await.unwrap();

    let stream = open(client.get("/")).await;
    assert_eq!(refused().await, ErrorKind::BulkheadFull);
    drop(stream);
    client.get("/").send().await.unwrap();
}

#[derive(Default)]
struct Ends(Mutex<Vec<(u64, BodyEnd)>>);

impl Observer for Ends {
    fn on_exchange(&self, exchange: &Exchange<'_>) {
        if let Passing::Body { bytes, how } = exchange.what {
            self.0.lock().push((bytes, how));
        }
    }
}

#[tokio::test]
async fn an_observer_is_told_how_a_stream_ended() {
    let cut = Reply::ok("0123456789").cut_after(4);
    let replies = [Reply::ok("whole"), cut, Reply::ok("dropped")];
    let server = ScriptedServer::replies(replies).await.unwrap();
    let ends = std::sync::Arc::new(Ends::default());
    let client = builder(&server, quick())
        .observer(ends.clone())
        .build()
        .unwrap();
    for _ in 0..2 {
        drain(&mut open(client.get("/")).await).await;
    }
    drop(open(client.get("/")).await);
    let expected = [
        (5, BodyEnd::Complete),
        (4, BodyEnd::Failed(ErrorKind::Incomplete)),
        (0, BodyEnd::Dropped),
    ];
    assert_eq!(*ends.0.lock(), expected);
}

#[tokio::test]
async fn a_substitute_can_be_streamed() {
    let server = ScriptedServer::start(|_| Reply::status(503)).await.unwrap();
    let call = client(&server, quick()).get("/").max_attempts(1);
    let call = call.fallback(|_| Answer::new(StatusCode::OK, HeaderMap::new(), "kept".into()));
    let stream = open(call).await;
    assert!(stream.head().is_fallback());
    assert_eq!(stream.bytes(10).await.unwrap(), "kept");
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn unpacking(reply: Reply) -> (ScriptedServer, Client) {
        let server = ScriptedServer::replies([reply]).await.unwrap();
        let client = builder(&server, quick()).gzip().build().unwrap();
        (server, client)
    }

    #[tokio::test]
    async fn an_answer_in_gzip_is_unpacked() {
        let (server, client) = unpacking(Reply::ok("").gzip(packed(b"0123456789"))).await;
        assert_eq!(client.get("/").send().await.unwrap().body(), "0123456789");
        assert!(
            server.received()[0]
                .header("accept-encoding")
                .contains("gzip")
        );
        let (_server, client) =
            unpacking(Reply::ok("").gzip(packed(b"0123456789")).pieces(3, MILLIS)).await;
        assert_eq!(
            open(client.get("/")).await.bytes(10).await.unwrap(),
            "0123456789"
        );
    }

    #[tokio::test]
    async fn a_limit_is_on_what_comes_out_of_it() {
        let bomb = packed(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        let (_server, client) = unpacking(Reply::ok("").gzip(bomb)).await;
        let error = client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    }

    #[tokio::test]
    async fn gzip_that_is_cut_is_incomplete() {
        let packed = packed(b"0123456789");
        let reply = Reply::ok("")
            .gzip(packed.clone())
            .cut_after(packed.len() - 4);
        let (_server, client) = unpacking(reply).await;
        let call = client.get("/").max_attempts(1);
        assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Incomplete);
        let (_server, client) = unpacking(Reply::ok("").gzip(b"no gzip".as_slice())).await;
        let call = client.get("/").max_attempts(1);
        assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Incomplete);
    }
}

#[tokio::test]
async fn gzip_is_not_asked_for_and_not_touched_unless_it_was_switched_on() {
    let (server, client) = serve(Reply::ok("").gzip("packed")).await;
    assert_eq!(client.get("/").send().await.unwrap().body(), "packed");
    assert_eq!(server.received()[0].header("accept-encoding"), "");
}
