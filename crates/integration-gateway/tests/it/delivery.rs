//! What destinations get, and what their answers mean.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::{Clock as _, SecretString, SystemClock};
use integration_testkit::{Reply, ScriptedServer};
use integration_webhooks::{Scheme, Secret, Source, Verified};

use crate::served::{Place, SOURCES};

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
    let place = Place::new("", &route(&destination.url("/"), "secret = \"file:hook\""));
    std::fs::write(place.path().join("hook"), format!("{HOOK_SECRET}\n")).unwrap();
    let served = place.serve();
    let body = br#"{"action":"opened","n":1}"#;
    assert_eq!(served.post(&Scheme::GitHub, body).status, 200);
    destination.wait_for(1).await;

    let received = destination.received();
    let got = &received[0];
    assert_eq!(got.body, body.as_slice());
    assert_eq!(got.header("integration-source"), "github");
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
        let begun = Instant::now();
        while served.stats()["deliveries"]["dead"] != 1 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(destination.count(), attempts, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_costs_no_attempts() {
    let destination = ScriptedServer::replies([Reply::status(500)]).await.unwrap();
    let place = Place::new("", &route(&destination.url("/"), "max_attempts = 1000"));
    let served = place.serve();
    for no in 0..40 {
        let body = format!("{{\"n\":{no}}}");
        assert_eq!(served.post(&Scheme::GitHub, body.as_bytes()).status, 200);
    }
    let begun = Instant::now();
    let counter = "integration_gateway_deferred_total{route=\"ci\"} ";
    let deferred = |page: String| {
        let counted = page.lines().find_map(|line| line.strip_prefix(counter));
        counted.is_some_and(|count| count != "0")
    };
    while !deferred(served.admin("GET /metrics", "").body) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let arrived = destination.count();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Without the circuit, 40 deliveries that retry every 50 ms would send hundreds.
    assert!(
        destination.count() <= arrived + 10,
        "{arrived} then {}",
        destination.count()
    );
    assert_eq!(served.stats()["deliveries"]["dead"], 0);
}
