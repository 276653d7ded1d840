//! What destinations get, and what their answers mean.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::{Clock as _, SecretString, SystemClock};
use integration_testkit::{Reply, ScriptedServer};
use integration_webhooks::{Scheme, Secret, Source, Verified};

use crate::served::{Place, SECRET, SOURCES, Served, exchange, post_head};

/// A key of the Standard Webhooks form that is nobody's: 24 bytes of zero.
const HOOK_SECRET: &str = concat!("whsec_", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

fn route(url: &str, more: &str) -> String {
    format!(
        "{SOURCES}[[routes]]\nname = \"ci\"\nsource = \"github\"\nurl = \"{url}\"\n\
         backoff_base_ms = 10\nbackoff_cap_ms = 50\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_signed_and_says_where_it_comes_from() {
    let destination = ScriptedServer::replies([Reply::status(204)]).await.unwrap();
    let place = Place::new(
        "log = \"trace\"",
        &route(&destination.url("/"), "secret = \"file:hook\""),
    );
    std::fs::write(place.path().join("hook"), format!("{HOOK_SECRET}\n")).unwrap();
    let served = place.serve();
    let body = b"\xff\xfe\x00 not text \x80";
    let more = format!("content-length: {}\r\nx-github-event: push\r\n", body.len());
    let head = post_head(&Scheme::GitHub, body, &more);
    let sent = [head.as_bytes(), body].concat();
    assert_eq!(exchange(served.public, &sent).status, 200);
    destination.wait_for(1).await;

    let received = destination.received();
    let got = &received[0];
    assert_eq!(got.body, body.as_slice());
    assert_eq!(got.header("integration-source"), "github");
    assert_eq!(got.header("integration-event-type"), "push");
    assert_eq!(got.header("integration-attempt"), "1");
    assert_eq!(
        got.header("x-hub-signature-256"),
        "",
        "their signature stays here"
    );
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = HeaderValue::from_str(got.header(name)).unwrap();
        headers.insert(HeaderName::from_static(name), value);
    }
    let secret = Secret::new(SecretString::from(HOOK_SECRET));
    let source = Source::new("gateway", Scheme::StandardWebhooks, vec![secret]).unwrap();
    let verified = source.verify(&headers, &Bytes::from_static(body), SystemClock.unix());
    assert!(matches!(verified, Ok(Verified::Event(_))), "{verified:?}");

    let signature = got.header("webhook-signature").to_owned();
    let (_, log) = served.stop();
    assert!(log.contains("TRACE"), "the log is at its finest");
    for secret in [HOOK_SECRET, SECRET, signature.as_str()] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_a_destination_asks_for_is_kept() {
    let replies = [
        Reply::status(503).header("retry-after", "1"),
        Reply::status(200),
    ];
    let destination = ScriptedServer::replies(replies).await.unwrap();
    let place = Place::new("", &route(&destination.url("/"), ""));
    let served = place.serve();
    let begun = Instant::now();
    assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
    destination.wait_for(2).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(destination.received()[1].header("integration-attempt"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_is_gone_and_other_failures_are_tried_to_the_end() {
    for (status, attempts) in [(410, 1), (400, 3), (302, 3)] {
        let destination = ScriptedServer::replies([Reply::status(status)])
            .await
            .unwrap();
        let place = Place::new("", &route(&destination.url("/"), "max_attempts = 3"));
        let served = place.serve();
        assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
        wait_until(|| served.stats()["deliveries"]["dead"] == 1).await;
        assert_eq!(destination.count(), attempts, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_costs_no_attempts_and_holds_up_no_other_route() {
    let broken = ScriptedServer::replies([Reply::status(500)]).await.unwrap();
    let sound = ScriptedServer::replies([Reply::status(204)]).await.unwrap();
    let other = format!(
        "max_attempts = 1000\n[[routes]]\nname = \"sound\"\nsource = \"github\"\nurl = \"{}\"\n",
        sound.url("/")
    );
    let place = Place::new("", &route(&broken.url("/"), &other));
    let served = place.serve();
    for no in 0..40 {
        let body = format!("{{\"n\":{no}}}");
        assert_eq!(served.post(&Scheme::GitHub, body.as_bytes()).status, 200);
    }
    sound.wait_for(40).await;
    wait_until(|| deferred(&served) > 0).await;
    // What was under way when the circuit opened comes to its end.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let arrived = u64::try_from(broken.count()).unwrap();
    assert_eq!(
        attempts(&served),
        arrived,
        "what was put off was no attempt"
    );
    assert!(
        arrived < 40,
        "the circuit keeps most from a destination that is down"
    );
    assert_eq!(served.stats()["deliveries"]["done"], 40);
}

/// Adds up the attempts that deliveries of the broken route have used.
fn attempts(served: &Served) -> u64 {
    let listed = served.admin("GET /api/events?limit=100", "").body;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let ids = listed["items"].as_array().unwrap().iter();
    let used = ids.map(|event| {
        let path = format!("GET /api/events/{}", event["id"].as_str().unwrap());
        let shown: serde_json::Value = serde_json::from_str(&served.admin(&path, "").body).unwrap();
        let deliveries = shown["deliveries"].as_array().unwrap().iter();
        let broken = deliveries.filter(|delivery| delivery["route"] == "ci");
        broken
            .map(|delivery| delivery["attempts"].as_u64().unwrap())
            .sum::<u64>()
    });
    used.sum()
}

fn deferred(served: &Served) -> u64 {
    let page = served.admin("GET /metrics", "").body;
    let counter = "integration_gateway_deferred_total{route=\"ci\"} ";
    let counted = page.lines().find_map(|line| line.strip_prefix(counter));
    counted.unwrap().parse().unwrap()
}

async fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
