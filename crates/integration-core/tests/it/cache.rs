//! Answers are used again as long as the server said, and asked for again after that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Clock, SystemClock,
    http::{CacheConfig, Client},
    observer::Happening,
};
use integration_testkit::{Recorder, Reply, ScriptedServer};
use tokio::time::Instant;

use crate::support::{builder, quick, recorded_by};

/// A wall clock that can be moved.
#[derive(Debug, Default)]
struct Wall(AtomicU32);

impl Clock for Wall {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix(&self) -> Duration {
        Duration::from_secs(1_700_000_000 + u64::from(self.0.load(Ordering::Relaxed)))
    }
}

struct Cached {
    server: ScriptedServer,
    client: Client,
    events: Arc<Recorder>,
    wall: Arc<Wall>,
}

impl Cached {
    async fn new(reply: impl Fn(u32, &str) -> Reply + Send + Sync + 'static) -> Self {
        let number = AtomicU32::new(0);
        let server = ScriptedServer::start(move |request| {
            let known = request.header("if-none-match");
            reply(number.fetch_add(1, Ordering::Relaxed), known)
        })
        .await
        .unwrap();
        let wall = Arc::new(Wall::default());
        let builder = builder(&server, quick())
            .clock(wall.clone())
            .cache(CacheConfig::default());
        let (client, events) = recorded_by(builder);
        Self {
            server,
            client,
            events,
            wall,
        }
    }

    async fn get(&self, path: &str) -> String {
        let response = self.client.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        String::from_utf8(response.body().to_vec()).unwrap()
    }

    fn pass(&self, seconds: u32) {
        self.wall.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn minute(number: u32) -> Reply {
    Reply::ok(number.to_string()).header("cache-control", "max-age=60")
}

#[tokio::test]
async fn a_fresh_answer_asks_nobody() {
    let cached = Cached::new(|number, _| minute(number)).await;
    assert_eq!(cached.get("/a").await, "0");
    cached.pass(59);
    assert_eq!(cached.get("/a").await, "0");
    assert_eq!(cached.server.count(), 1);
    assert!(
        cached
            .events
            .happenings()
            .contains(&Happening::ServedFromCache)
    );
    cached.pass(2);
    assert_eq!(cached.get("/a").await, "1");
}

#[tokio::test]
async fn a_stale_answer_that_still_holds_is_not_sent_again() {
    let cached = Cached::new(|number, known| match known {
        "\"v1\"" => Reply::status(304).header("etag", "\"v1\""),
        _ => Reply::ok(format!("body {number}"))
            .header("etag", "\"v1\"")
            .header("cache-control", "no-cache"),
    })
    .await;
    for _ in 0..3 {
        assert_eq!(cached.get("/a").await, "body 0");
    }
    assert_eq!(cached.server.count(), 3);
}

#[tokio::test]
async fn a_changed_answer_replaces_the_one_that_was_kept() {
    let cached = Cached::new(|number, _| {
        Reply::ok(format!("body {number}"))
            .header("etag", &format!("\"v{number}\""))
            .header("cache-control", "no-cache")
    })
    .await;
    assert_eq!(cached.get("/a").await, "body 0");
    assert_eq!(cached.get("/a").await, "body 1");
    let asked = cached.server.received();
    assert_eq!(asked[1].header("if-none-match"), "\"v0\"");
}

#[tokio::test]
async fn not_modified_of_a_version_we_do_not_have_is_asked_for_in_full() {
    let cached = Cached::new(|number, known| {
        if known.is_empty() {
            Reply::ok(format!("body {number}"))
                .header("etag", "\"mine\"")
                .header("cache-control", "no-cache")
        } else {
            Reply::status(304).header("etag", "\"another\"")
        }
    })
    .await;
    assert_eq!(cached.get("/a").await, "body 0");
    assert_eq!(cached.get("/a").await, "body 2");
}

#[tokio::test]
async fn nothing_is_guessed() {
    let cached = Cached::new(|number, _| {
        Reply::ok(number.to_string()).header("last-modified", "Tue, 01 Jan 2019 00:00:00 GMT")
    })
    .await;
    assert_eq!(cached.get("/a").await, "0");
    assert_eq!(cached.get("/a").await, "1");
}

#[tokio::test]
async fn another_credential_never_sees_an_answer() {
    let cached = Cached::new(|number, _| minute(number)).await;
    for (token, body) in [("one", "0"), ("two", "1"), ("one", "0")] {
        let call = cached.client.get("/a").bearer(&token.into());
        assert_eq!(&call.send().await.unwrap().body()[..], body.as_bytes());
    }
}

#[tokio::test]
async fn what_must_not_be_stored_is_not() {
    let cached = Cached::new(|number, _| minute(number).header("cache-control", "no-store")).await;
    assert_eq!(cached.get("/a").await, "0");
    assert_eq!(cached.get("/a").await, "1");
}

#[tokio::test]
async fn a_write_forgets_what_was_read_there() {
    let cached = Cached::new(|number, _| minute(number)).await;
    assert_eq!(cached.get("/a").await, "0");
    assert_eq!(cached.get("/b").await, "1");
    cached.client.delete("/a").send().await.unwrap();
    assert_eq!(cached.get("/a").await, "3");
    assert_eq!(cached.get("/b").await, "1");
}

#[tokio::test]
async fn an_error_is_not_kept_and_does_not_replace_what_is() {
    let cached = Cached::new(|number, _| match number {
        1..=3 => Reply::status(500),
        _ => minute(number),
    })
    .await;
    assert_eq!(cached.get("/a").await, "0");
    cached.pass(61);
    cached.client.get("/a").send().await.unwrap_err();
    assert_eq!(cached.get("/a").await, "4");
}

#[tokio::test]
async fn it_is_bounded_in_bytes() {
    let cached =
        Cached::new(|_, _| Reply::ok(vec![b'x'; 64 * 1024]).header("cache-control", "max-age=60"))
            .await;
    for number in 0..512 {
        cached.get(&format!("/{number}")).await;
    }
    let shown = format!("{:?}", cached.client);
    let bytes = shown.split_once("bytes: ").unwrap().1;
    let bytes: u64 = bytes.split_once(',').unwrap().0.parse().unwrap();
    let max = CacheConfig::default().max_bytes;
    assert!(bytes <= max && bytes > max / 2, "{shown}");
}
