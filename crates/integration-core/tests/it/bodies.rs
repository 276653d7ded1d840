//! Bodies that are sent.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use integration_core::{
    Delivery, ErrorKind, GaveUp,
    credentials::{CachedToken, Credentials, Token, TokenConfig},
    hedge::HedgeConfig,
    http::{Body, Multipart, Part},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, client, quick};

fn pieces(parts: &[&'static str]) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from(*part))).collect();
    stream::iter(parts)
}

async fn script<const N: usize>(replies: [Reply; N]) -> ScriptedServer {
    ScriptedServer::replies(replies).await.unwrap()
}

#[tokio::test]
async fn a_body_that_can_be_made_again_is_sent_again() {
    let server = script([Reply::status(503), Reply::ok("done")]).await;
    let body = Body::replayable(|| pieces(&["ab", "cd"]));
    let response = client(&server, quick()).put("/").body(body).send().await;
    assert_eq!(response.unwrap().attempts(), 2);
    let received = server.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.body, "abcd");
        assert_eq!(request.header("transfer-encoding"), "chunked");
    }
}

#[tokio::test]
async fn a_body_that_exists_once_is_sent_once_whatever_goes_wrong() {
    let faults = [
        Reply::status(503),
        Reply::status(429).header("retry-after", "0"),
        Reply::status(500),
        Reply::close(),
        Reply::reset(),
        Reply::garbage(),
    ];
    for fault in faults {
        let server = ScriptedServer::start(move |_| fault.clone()).await.unwrap();
        let body = Body::once(pieces(&["ab"])).with_length(2);
        let call = client(&server, quick())
            .put("/")
            .idempotency_key("k")
            .body(body);
        let error = call.send().await.unwrap_err();
        assert_eq!(error.gave_up(), Some(GaveUp::BodyNotReplayable), "{error}");
        assert_eq!(server.count(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_body_that_exists_once_is_not_sent_with_a_renewed_token() {
    let server = ScriptedServer::start(|request| match request.header("authorization") {
        "Bearer t0" => Reply::status(401),
        _ => Reply::ok(""),
    })
    .await
    .unwrap();
    let fetches = AtomicU32::new(0);
    let fetch = move |_| {
        let number = fetches.fetch_add(1, Ordering::Relaxed);
        async move { Ok(Token::new(format!("t{number}"))) }
    };
    let token = CachedToken::new(fetch, TokenConfig::default()).unwrap();
    let builder = builder(&server, quick()).credentials(Credentials::token(token));
    let client = builder.build().unwrap();
    let call = client.put("/").body(Body::once(pieces(&["ab"])));
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(server.count(), 1);
    // The token is refused all the same: the next call has a new one at once.
    client.get("/").send().await.unwrap();
    assert_eq!(server.received()[1].header("authorization"), "Bearer t1");
}

#[tokio::test]
async fn a_body_that_exists_once_gets_no_twin() {
    let millis = Duration::from_millis;
    let server = ScriptedServer::start(move |request| match request.path.as_str() {
        "/quick" => Reply::ok(""),
        _ => Reply::ok("").delay(millis(300)),
    })
    .await
    .unwrap();
    let hedge = HedgeConfig::default()
        .with_min_samples(1)
        .with_max_delay(millis(20));
    let client = client(&server, quick().with_hedge(hedge));
    client.get("/quick").send().await.unwrap();

    let body = Body::once(pieces(&["ab"]));
    client.get("/").body(body).send().await.unwrap();
    assert_eq!(server.count(), 2);
    client.get("/").hedge(false).send().await.unwrap();
    assert_eq!(server.count(), 3);
    client.get("/").send().await.unwrap();
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn a_body_that_breaks_off_fails_the_call_and_is_not_tried_again() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let broken = || {
        let parts = [Ok(Bytes::from("ab")), Err(io::Error::other("disk is gone"))];
        Body::replayable(move || {
            stream::iter(parts.each_ref().map(|part| match part {
                Ok(bytes) => Ok(bytes.clone()),
                Err(error) => Err(error.to_string()),
            }))
        })
    };
    for body in [
        broken(),
        broken().with_length(2_000),
        broken().with_length(1),
    ] {
        let error = client(&server, quick())
            .put("/")
            .body(body)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialize, "{error:?}");
        assert_eq!(error.delivery(), Delivery::MaybeExecuted);
        assert_eq!(error.attempts().len(), 1);
    }
}

#[tokio::test]
async fn a_length_is_announced_and_kept_to() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let client = client(&server, quick());
    let body = Body::once(pieces(&["ab", "cd"])).with_length(4);
    client.put("/").body(body).send().await.unwrap();
    let received = server.received();
    assert_eq!(received[0].header("content-length"), "4");
    assert_eq!(received[0].body, "abcd");
    for wrong in [3, 5] {
        let body = Body::once(pieces(&["ab", "cd"])).with_length(wrong);
        let error = client.put("/").body(body).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialize, "{error:?}");
    }
    assert_eq!(
        server
            .received()
            .iter()
            .filter(|request| request.body == "abcd")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_form_and_a_query_are_encoded() {
    let server = script([Reply::ok("")]).await;
    let call = client(&server, quick()).post("/v1/x?a=1");
    let call = call
        .query([("b", "2 &="), ("ü", "€")])
        .query(Vec::<(&str, &str)>::new());
    call.form([("name", "Jo & Co"), ("items[0]", "ä=")])
        .send()
        .await
        .unwrap();
    let received = server.received();
    assert_eq!(received[0].path, "/v1/x?a=1&b=2+%26%3D&%C3%BC=%E2%82%AC");
    assert_eq!(
        received[0].header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(received[0].body, "name=Jo+%26+Co&items%5B0%5D=%C3%A4%3D");
}

#[tokio::test]
async fn a_form_with_files_is_sent_with_its_length_and_sent_again() {
    let server = script([Reply::status(503), Reply::ok("")]).await;
    let file = Part::bytes("%PDF").with_file_name("a.pdf");
    let form = Multipart::new()
        .text("purpose", "evidence")
        .part("file", file);
    let call = client(&server, quick())
        .post("/v1/files")
        .idempotency_key("k");
    call.multipart(form).send().await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].header("content-length"),
        received[0].body.len().to_string()
    );
    let boundary = received[0]
        .header("content-type")
        .split_once("boundary=")
        .unwrap()
        .1;
    let begin = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nevidence\r\n"
    );
    let text = String::from_utf8(received[0].body.to_vec()).unwrap();
    assert!(text.starts_with(&begin), "{text}");
}

#[tokio::test]
async fn a_large_body_is_sent_without_being_held() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    let body = Body::replayable(move || {
        let piece = piece.clone();
        stream::iter((0..16).map(move |_| Ok::<_, io::Error>(piece.clone())))
    });
    client(&server, quick())
        .put("/")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(server.received()[0].body.len(), 1024 * 1024);
}
