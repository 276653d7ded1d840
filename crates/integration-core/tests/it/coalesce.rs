//! Equal reads share one call while it is under way, and nothing else is shared.

use std::time::Duration;

use integration_core::{ErrorKind, http::Client, observer::Happening};
use integration_testkit::{Recorder, Reply, ScriptedServer};

use crate::support::{builder, quick, recorded_by};

/// Answers after 50 ms with the number of the request.
async fn slow() -> ScriptedServer {
    let number = std::sync::atomic::AtomicU32::new(0);
    ScriptedServer::start(move |request| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let reply = if request.path == "/broken" {
            Reply::status(404)
        } else {
            Reply::ok(number.to_string())
        };
        reply.delay(Duration::from_millis(50))
    })
    .await
    .unwrap()
}

fn coalescing(server: &ScriptedServer) -> (Client, std::sync::Arc<Recorder>) {
    recorded_by(builder(server, quick()).coalesce(true))
}

#[tokio::test]
async fn equal_reads_under_way_are_one_request() {
    let server = slow().await;
    let (client, events) = coalescing(&server);
    let calls = (0..10).map(|_| tokio::spawn(client.get("/a").operation("demo.get").send()));
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(&call.await.unwrap().unwrap().body()[..], b"0");
    }
    assert_eq!(server.count(), 1);
    let all = events.happenings();
    let joined = all.iter().filter(|what| **what == Happening::Joined);
    assert_eq!(joined.count(), 9);

    let later = client.get("/a").send().await.unwrap();
    assert_eq!(
        &later.body()[..],
        b"1",
        "an answer of the past serves nobody"
    );
}

#[tokio::test]
async fn what_differs_is_not_shared() {
    let server = slow().await;
    let (client, _) = coalescing(&server);
    let (a, b, c, d, e) = tokio::join!(
        client.get("/a").send(),
        client.get("/b").send(),
        client
            .get("/a")
            .header("authorization", "Bearer other")
            .send(),
        client.get("/a").deadline(Duration::from_secs(2)).send(),
        client.post("/a").send(),
    );
    for response in [a, b, c, d, e] {
        response.unwrap();
    }
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn a_caller_that_leaves_takes_nothing_from_the_others() {
    let server = slow().await;
    let (client, _) = coalescing(&server);
    let first = tokio::spawn(client.get("/a").send());
    server.wait_for(1).await;
    let second = tokio::spawn(client.get("/a").send());
    tokio::time::sleep(Duration::from_millis(10)).await;
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(
        server.count(),
        2,
        "the second makes the call that the first gave up"
    );
}

#[tokio::test]
async fn every_waiting_caller_gets_the_error() {
    let server = slow().await;
    let (client, _) = coalescing(&server);
    let (a, b) = tokio::join!(client.get("/broken").send(), client.get("/broken").send());
    for result in [a, b] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::NotFound, Some(404))
        );
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn calls_that_are_all_dropped_leave_nothing_behind() {
    let server = slow().await;
    let (client, _) = coalescing(&server);
    for _ in 0..3 {
        let calls = (0..4).map(|_| tokio::spawn(client.get("/a").send()));
        let calls: Vec<_> = calls.collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        for call in calls {
            call.abort();
        }
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    let shown = format!("{client:?}");
    assert!(shown.contains("Flights { len: 0 }"), "{shown}");
}
