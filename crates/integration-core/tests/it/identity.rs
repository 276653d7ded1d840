//! Credentials of a client: sent to its host alone, renewed once, seen nowhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Delivery, Error, ErrorKind, SecretString,
    credentials::{CachedToken, Credentials, Token, TokenConfig},
    http::Client,
    observe::TracingObserver,
};
use integration_testkit::{Canary, Reply, ScriptedServer};

use crate::support::{Log, builder, quick};

/// Hands out `t0`, `t1` and so on, and counts.
fn tokens() -> (Credentials, Arc<AtomicU32>) {
    let fetched = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fetched);
    let source = move |_now| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, Error>(Token::new(format!("t{number}")).expires_in(Duration::from_secs(3_600)))
        }
    };
    let token = CachedToken::new(source, TokenConfig::default()).unwrap();
    (Credentials::token(token), fetched)
}

/// Takes `t1` and no other token.
async fn wants_the_second() -> ScriptedServer {
    ScriptedServer::start(|request| match request.header("authorization") {
        "Bearer t1" => Reply::ok("done"),
        _ => Reply::status(401),
    })
    .await
    .unwrap()
}

fn with(server: &ScriptedServer, credentials: Credentials) -> Client {
    builder(server, quick())
        .credentials(credentials)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let server = wants_the_second().await;
    let (credentials, fetched) = tokens();
    let client = with(&server, credentials);
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.attempts(), 1, "one attempt, sent twice");
    assert_eq!(server.count(), 2);
    assert_eq!(fetched.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_hundred_refused_callers_cause_one_refresh() {
    let server = wants_the_second().await;
    let (credentials, fetched) = tokens();
    let client = with(&server, credentials);
    let calls = (0..100).map(|_| tokio::spawn(client.get("/").send()));
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(fetched.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = ScriptedServer::start(|_| Reply::status(401)).await.unwrap();
    let (credentials, _) = tokens();
    let error = with(&server, credentials)
        .get("/")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_call_without_a_token_is_not_sent() {
    let server = ScriptedServer::start(|_| Reply::ok("done")).await.unwrap();
    let source =
        |_now| async { Err::<Token, _>(Error::new(ErrorKind::PermissionDenied, "demo.token")) };
    let token = CachedToken::new(source, TokenConfig::default()).unwrap();
    let client = with(&server, Credentials::token(token));
    let error = client.post("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn no_other_host_and_no_own_header_is_overruled() {
    let [ours, theirs] = [
        ScriptedServer::start(|_| Reply::ok("ours")).await.unwrap(),
        ScriptedServer::start(|_| Reply::ok("theirs"))
            .await
            .unwrap(),
    ];
    let client = with(
        &ours,
        Credentials::bearer(SecretString::from("secret")).unwrap(),
    );
    client.get("/").send().await.unwrap();
    client.get("/").bearer(&"mine".into()).send().await.unwrap();
    client.get(&theirs.url("/")).send().await.unwrap();
    let sent = |server: &ScriptedServer| -> Vec<String> {
        let received = server.received();
        received
            .iter()
            .map(|request| request.header("authorization").to_owned())
            .collect()
    };
    assert_eq!(sent(&ours), ["Bearer secret", "Bearer mine"]);
    assert_eq!(sent(&theirs), [""]);
}

#[tokio::test]
async fn a_run_at_trace_tells_all_and_no_secret() {
    let canary = Canary::new();
    let server = ScriptedServer::replies([Reply::status(503), Reply::ok("done")])
        .await
        .unwrap();
    let client = builder(&server, quick())
        .credentials(Credentials::bearer(canary.secret()).unwrap())
        .observer(Arc::new(TracingObserver))
        .build()
        .unwrap();
    let log = {
        let (log, _guard) = Log::keep();
        let path = format!("/v1/items?key={}", canary.as_str());
        client
            .get(&path)
            .operation("demo.items.get")
            .send()
            .await
            .unwrap();
        log
    };
    let text = log.text();
    canary.assert_absent(&text);
    for words in [
        "demo.items.get",
        "http.request.method=\"GET\"",
        "http.request.resend_count=1",
        "http.response.status_code=503",
        "/v1/items",
        "integration.attempts=2",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}
