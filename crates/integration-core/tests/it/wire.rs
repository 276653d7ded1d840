//! Requests arrive as they were described.

use integration_core::{ErrorKind, http::Client};
use integration_testkit::{Reply, ScriptedServer};

use crate::support::{client, quick};

#[tokio::test]
async fn a_call_arrives_as_it_was_described() {
    let reply = Reply::ok(r#"{"id":"ch_1","unknown":true}"#).header("request-id", "req_9");
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let client = Client::standard(&server.url("/v1/"))
        .unwrap()
        .header("stripe-version", "2026-10-01")
        .unwrap()
        .build()
        .unwrap();
    let call = client
        .post("/charges?expand=customer")
        .header("x-tenant", "t7");
    let response = call
        .json(&serde_json::json!({"amount": 100}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.request_id(), Some("req_9"));
    assert_eq!(response.attempts(), 1);
    #[derive(serde::Deserialize)]
    struct Charge {
        id: String,
    }
    assert_eq!(response.json::<Charge>().unwrap().id, "ch_1");

    let request = &server.received()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v1/charges?expand=customer");
    assert_eq!(request.body, r#"{"amount":100}"#);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("stripe-version"), "2026-10-01");
    assert_eq!(request.header("x-tenant"), "t7");
    assert!(
        request
            .header("user-agent")
            .starts_with("integration-core/")
    );
}

#[tokio::test]
async fn an_error_tells_operation_status_request_id_and_attempts() {
    let reply = Reply::status(500).header("x-request-id", "req_1");
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let call = client(&server, quick())
        .get("/charges?key=1")
        .operation("demo.charges.list");
    let error = call.send().await.unwrap_err();
    assert_eq!(error.operation(), "demo.charges.list");
    assert_eq!(error.status(), Some(500));
    assert_eq!(error.request_id(), Some("req_1"));
    let numbers: Vec<u32> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let shown = error.to_string();
    assert!(
        shown.starts_with("demo.charges.list: service failed status=500"),
        "{shown}"
    );
    assert!(shown.contains("attempts=3"), "{shown}");
    assert!(!shown.contains("key=1"), "{shown}");
}

#[tokio::test]
async fn a_target_must_not_leave_the_base() {
    let client = Client::standard("http://127.0.0.1:9/v1")
        .unwrap()
        .build()
        .unwrap();
    for target in [
        "/../admin",
        "/%2e%2e/admin",
        "/../v1x",
        "no-slash",
        "ftp://h/",
        "http://",
    ] {
        let error = client.get(target).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{target}");
    }
}

#[tokio::test]
async fn impossible_calls_name_the_field() {
    use std::time::Duration;
    let client = Client::standard("http://127.0.0.1:9")
        .unwrap()
        .build()
        .unwrap();
    let get = || client.get("/").operation("demo.get");
    let rows = [
        (get().max_attempts(0), "max_attempts"),
        (get().max_attempts(101), "max_attempts"),
        (get().deadline(Duration::ZERO), "deadline"),
        (get().attempt_timeout(Duration::ZERO), "attempt_timeout"),
        (get().header("bad name", "x"), "header"),
        (get().header("x", "a\r\nb: c"), "header"),
        (get().header("x", "a\0"), "header"),
        (get().header("ä", "x"), "header"),
        (get().idempotency_key("a\nb"), "header"),
    ];
    for (call, field) in rows {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.operation(), "demo.get");
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn a_header_that_is_not_ascii_arrives_as_its_bytes() {
    let server = ScriptedServer::replies([Reply::ok("").header("x-name", "Jürgen")])
        .await
        .unwrap();
    let call = client(&server, quick()).get("/").header("x-name", "Jürgen");
    let response = call.send().await.unwrap();
    assert_eq!(response.headers()["x-name"].as_bytes(), "Jürgen".as_bytes());
    assert_eq!(
        server.received()[0].headers["x-name"].as_bytes(),
        "Jürgen".as_bytes()
    );
}

#[test]
fn a_base_with_credentials_query_or_fragment_is_refused_and_not_shown() {
    for (base, rule) in [
        ("http://user:s3cret@127.0.0.1/", "credentials"),
        ("http://s3cret@127.0.0.1/", "credentials"),
        ("http://127.0.0.1/?key=s3cret", "query"),
        ("http://127.0.0.1/#s3cret", "fragment"),
        ("ftp://127.0.0.1/", "http or https"),
        ("127.0.0.1:80", "address"),
        ("", "address"),
    ] {
        let error = Client::standard(base).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{base}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(rule) && !shown.contains("s3cret"), "{shown}");
    }
    let client = Client::standard("http://127.0.0.1:9/api/v2/")
        .unwrap()
        .build()
        .unwrap();
    assert!(format!("{:?}", client.get("/items")).contains("http://127.0.0.1:9/api/v2/items"));
}

#[tokio::test]
async fn an_https_client_can_be_built_without_a_process_wide_provider() {
    let client = Client::standard("https://127.0.0.1:9")
        .unwrap()
        .policies(quick())
        .build();
    let error = client
        .unwrap()
        .get("/")
        .max_attempts(1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_path_may_hold_an_address_in_its_query() {
    let server = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    client(&server, quick())
        .get("/go?to=http://other.example/")
        .send()
        .await
        .unwrap();
    assert_eq!(server.received()[0].path, "/go?to=http://other.example/");
}

#[tokio::test]
async fn a_head_may_tell_of_a_body_beyond_the_limit() {
    let reply = Reply::status(200).header("content-length", "1000000");
    let server = ScriptedServer::replies([reply]).await.unwrap();
    let response = client(&server, quick())
        .head("/")
        .body_limit(10)
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-length"], "1000000");
    assert!(response.body().is_empty());
}

#[tokio::test]
async fn endless_times_are_taken_as_the_longest() {
    let server = ScriptedServer::replies([Reply::status(503), Reply::ok("")])
        .await
        .unwrap();
    let call = client(&server, quick())
        .get("/")
        .deadline(std::time::Duration::MAX);
    call.attempt_timeout(std::time::Duration::MAX)
        .send()
        .await
        .unwrap();
}
