//! What a call, or a client, says beside its request.

use std::{collections::HashSet, time::Duration};

use integration_core::{
    Delivery, ErrorKind,
    bulkhead::{BulkheadConfig, Priority},
    http::{Answer, Client, HeaderMap, StatusCode},
    quota,
    rate_limit::{Cost, Quota, RateLimitConfig},
};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{builder, client, quick};

const MILLIS: Duration = Duration::from_millis(1);

async fn always(reply: Reply) -> (ScriptedServer, Client) {
    let server = ScriptedServer::start(move |_| reply.clone()).await.unwrap();
    let client = client(&server, quick());
    (server, client)
}

fn substitute() -> Answer {
    Answer::new(StatusCode::OK, HeaderMap::new(), "kept".into())
}

#[tokio::test]
async fn a_cost_is_taken_from_the_quota_of_its_unit() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let tokens = Quota::per_day(1_000).with_burst(1_000).of("tokens");
    let limit = RateLimitConfig::new().with_quota(tokens);
    let client = client(&server, quick().with_rate_limit(limit));
    let call = |tokens| client.get("/").cost(Cost::calls(1).with("tokens", tokens));
    call(600).send().await.unwrap();
    call(400).send().await.unwrap();
    client.get("/").send().await.unwrap();
    let error = call(1).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitedLocally);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_call_of_high_priority_goes_before_those_that_wait() {
    let server = ScriptedServer::start(|request| match request.path.as_str() {
        "/first" => Reply::ok("").delay(500 * MILLIS),
        _ => Reply::ok(""),
    })
    .await
    .unwrap();
    let bulkhead = BulkheadConfig::default().with_max_in_flight(1);
    let client = client(&server, quick().with_bulkhead(bulkhead));
    let call = |path, priority| {
        let call = client.get(path).priority(priority);
        tokio::spawn(call.send())
    };
    let mut calls = Vec::new();
    for (path, priority) in [
        ("/first", Priority::Normal),
        ("/low", Priority::Low),
        ("/normal", Priority::Normal),
        ("/high", Priority::High),
    ] {
        calls.push(call(path, priority));
        tokio::time::sleep(5 * MILLIS).await;
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let order: Vec<_> = server
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(order, ["/first", "/high", "/normal", "/low"]);
}

#[tokio::test]
async fn a_fallback_answers_for_a_service_that_cannot_be_had() {
    let (server, client) = always(Reply::status(503)).await;
    let response = client.get("/").fallback(|error| {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        substitute()
    });
    let response = response.send().await.unwrap();
    assert!(response.is_fallback());
    assert_eq!(response.body(), "kept");
    assert_eq!(response.attempts(), 3);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_fallback_hides_no_mistake_and_no_answer() {
    let (_server, client) = always(Reply::status(404)).await;
    let call = client.get("/").fallback(|_| substitute());
    assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::NotFound);
    let (_server, client) = always(Reply::ok("fresh")).await;
    let response = client
        .get("/")
        .fallback(|_| substitute())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.body().as_ref(), response.is_fallback()),
        (b"fresh".as_slice(), false)
    );
}

#[tokio::test]
async fn any_status_is_an_answer_once_the_retries_are_used() {
    let replies = [
        Reply::status(503),
        Reply::status(503),
        Reply::status(503).body("down"),
    ];
    let server = ScriptedServer::replies(replies).await.unwrap();
    let response = client(&server, quick())
        .get("/")
        .any_status()
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.body(), "down");
    assert_eq!(response.attempts(), 3);

    let (server, client) = always(Reply::status(503)).await;
    let call = client.post("/").any_status();
    assert_eq!(call.send().await.unwrap().attempts(), 1);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn any_status_still_opens_the_circuit_and_is_no_answer_where_there_is_none() {
    let (server, client) = always(Reply::status(500)).await;
    let mut last = None;
    for _ in 0..200 {
        last = Some(client.post("/").any_status().send().await);
    }
    assert_eq!(last.unwrap().unwrap_err().kind(), ErrorKind::CircuitOpen);
    assert!(server.count() < 200);
    let (_server, client) = always(Reply::close()).await;
    let error = client.post("/").any_status().send().await.unwrap_err();
    assert!(error.status().is_none(), "{error}");
}

#[tokio::test]
async fn a_response_tells_what_the_server_said_of_quotas() {
    let reply = Reply::ok("")
        .header("x-ratelimit-limit", "100")
        .header("x-ratelimit-remaining", "7");
    let reply = reply.header("x-ratelimit-reset", "30");
    let server = ScriptedServer::start(move |_| reply.clone()).await.unwrap();
    let client = builder(&server, quick())
        .quotas(quota::Preset::Standard)
        .build()
        .unwrap();
    let response = client.get("/").send().await.unwrap();
    let remaining: Vec<_> = response
        .quota()
        .unwrap()
        .entries()
        .iter()
        .map(|entry| entry.remaining)
        .collect();
    assert_eq!(remaining, [Some(7)]);
}

#[tokio::test]
async fn a_provider_names_its_requests_in_its_own_header() {
    for status in [200, 404] {
        let reply = Reply::status(status)
            .header("x-demo-trace", "t1")
            .header("x-request-id", "r1");
        let server = ScriptedServer::start(move |_| reply.clone()).await.unwrap();
        let own = builder(&server, quick())
            .request_id_header("X-Demo-Trace")
            .unwrap()
            .build()
            .unwrap();
        let common = client(&server, quick());
        for (client, expected) in [(own, "t1"), (common, "r1")] {
            let id = match client.get("/").send().await {
                Ok(response) => response.request_id().map(str::to_owned),
                Err(error) => error.request_id().map(str::to_owned),
            };
            assert_eq!(id.as_deref(), Some(expected), "{status}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_no_header_is_refused() {
    let builder = || Client::standard("http://127.0.0.1:1").unwrap();
    assert_eq!(
        builder().request_id_header("a b").unwrap_err().kind(),
        ErrorKind::Config
    );
    assert_eq!(
        builder().idempotency_header("").unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test]
async fn every_write_has_a_key_of_its_own_that_all_its_attempts_share() {
    let server = ScriptedServer::start(|_| Reply::status(500)).await.unwrap();
    let builder = builder(&server, quick())
        .idempotency_header("X-Once")
        .unwrap();
    let client = builder.automatic_idempotency_keys().build().unwrap();
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let before = server.count();
        client.post("/").send().await.unwrap_err();
        let keys: HashSet<_> = server.received()[before..]
            .iter()
            .map(|request| request.header("x-once").to_owned())
            .collect();
        assert_eq!(server.count() - before, 3);
        assert_eq!(keys.len(), 1);
        let key = keys.into_iter().next().unwrap();
        assert_eq!(key.len(), 36, "{key}");
        assert!(seen.insert(key));
    }
}

#[tokio::test]
async fn a_key_of_the_caller_wins_and_reads_get_none() {
    let server = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let client = builder(&server, quick())
        .automatic_idempotency_keys()
        .build()
        .unwrap();
    client
        .post("/")
        .idempotency_key("mine")
        .send()
        .await
        .unwrap();
    client
        .post("/")
        .header("idempotency-key", "own")
        .send()
        .await
        .unwrap();
    client.post("/").idempotent(false).send().await.unwrap();
    client.get("/").send().await.unwrap();
    client.put("/").send().await.unwrap();
    let keys: Vec<_> = server
        .received()
        .iter()
        .map(|request| request.header("idempotency-key").to_owned())
        .collect();
    assert_eq!(keys, ["mine", "own", "", "", ""]);
}

#[tokio::test]
async fn another_host_gets_no_key_as_it_may_not_obey_it() {
    let ours = ScriptedServer::start(|_| Reply::ok("")).await.unwrap();
    let other = ScriptedServer::start(|_| Reply::status(500)).await.unwrap();
    let client = builder(&ours, quick())
        .automatic_idempotency_keys()
        .build()
        .unwrap();
    client.post(&other.url("/")).send().await.unwrap_err();
    assert_eq!(other.count(), 1);
    assert_eq!(other.received()[0].header("idempotency-key"), "");
}

#[tokio::test]
async fn a_write_that_automatic_keys_leave_out_has_one_if_it_asks() {
    let server = ScriptedServer::start(|_| Reply::status(500)).await.unwrap();
    let client = builder(&server, quick()).build().unwrap();
    let call = client.delete("/").random_idempotency_key();
    call.send().await.unwrap_err();
    let keys: HashSet<_> = server
        .received()
        .iter()
        .map(|request| request.header("idempotency-key").to_owned())
        .collect();
    assert_eq!((server.count(), keys.len()), (3, 1));
    assert_eq!(keys.into_iter().next().unwrap().len(), 36);
}
