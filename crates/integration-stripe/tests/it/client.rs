//! What every call carries, and what is refused before it is sent.

use integration_stripe::{Client, ErrorKind, Node, Params, op::Verb};
use integration_testkit::{Canary, Received, Reply, ScriptedServer};

use crate::support::config;

async fn served(reply: Reply) -> (Client, ScriptedServer) {
    let server = ScriptedServer::replies([reply]).await.unwrap();
    (Client::new(config(&server)).unwrap(), server)
}

fn get(client: &Client) -> integration_stripe::Req<Node> {
    client.raw(Verb::Get, "/v1/balance", Params::new())
}

fn last(server: &ScriptedServer) -> Received {
    server.received().pop().unwrap()
}

#[tokio::test]
async fn every_call_carries_key_and_version_and_no_telemetry() {
    let (client, server) = served(Reply::ok("{}")).await;
    get(&client).send().await.unwrap();
    let request = last(&server);
    assert_eq!(request.header("authorization"), "Bearer sk_test_1");
    assert_eq!(
        request.header("stripe-version"),
        integration_stripe::API_VERSION
    );
    let mut told = request.headers.keys();
    assert!(!told.any(|name| name.as_str().contains("telemetry")));
    get(&client).version("2020-08-27").send().await.unwrap();
    assert_eq!(last(&server).header("stripe-version"), "2020-08-27");
}

#[tokio::test]
async fn a_call_acts_for_whom_it_says_and_else_for_whom_its_client_does() {
    let (client, server) = served(Reply::ok("{}")).await;
    for header in ["stripe-account", "stripe-context"] {
        let acting = match header {
            "stripe-account" => client.for_account("acct_1"),
            _ => client.in_context("acct_1"),
        };
        get(&acting).send().await.unwrap();
        assert_eq!(last(&server).header(header), "acct_1");
        get(&acting).account("acct_2").send().await.unwrap();
        let request = last(&server);
        assert_eq!(request.header("stripe-account"), "acct_2");
        assert_eq!(request.header("stripe-context"), "");
    }
}

#[tokio::test]
async fn account_and_context_exclude_each_other_and_are_not_empty() {
    let (client, server) = served(Reply::ok("{}")).await;
    for call in [
        get(&client).account("acct_1").context("acct_2"),
        get(&client).account(""),
        get(&client).context(""),
    ] {
        assert_eq!(call.send().await.unwrap_err().kind(), ErrorKind::Validation);
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_raw_path_that_leaves_the_api_is_refused() {
    let (client, server) = served(Reply::ok("{}")).await;
    for path in [
        "https://example.com/v1/x",
        "//example.com/v1/x",
        "/v1/../oauth/token",
        "/v1/customers/",
        "/v1/customers//sources",
        "/v3/x",
        "v1/x",
        "/v1/\\..\\x",
        "",
    ] {
        let call = client.raw::<Node>(Verb::Get, path, Params::new());
        let kind = call.send().await.unwrap_err().kind();
        assert_eq!(kind, ErrorKind::Validation, "{path}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_raw_call_sends_parameters_as_its_path_wants_them() {
    let (client, server) = served(Reply::ok("{}")).await;
    for (verb, path, target, body) in [
        (Verb::Get, "/v1/x", "/v1/x?a[b]=1", ""),
        (Verb::Delete, "/v1/x", "/v1/x?a[b]=1", ""),
        (Verb::Post, "/v1/x", "/v1/x", "a[b]=1"),
        (Verb::Post, "/v2/x", "/v2/x", r#"{"a":{"b":1}}"#),
    ] {
        let params = Params::new().with("a", Params::new().with("b", 1));
        client.raw::<Node>(verb, path, params).send().await.unwrap();
        let request = last(&server);
        assert_eq!(request.path, target);
        assert_eq!(request.body, body);
    }
}

#[tokio::test]
async fn parameters_join_a_query_that_is_in_the_path() {
    let (client, server) = served(Reply::ok("{}")).await;
    let params = Params::new().with("b", 2);
    let call = client.raw::<Node>(Verb::Get, "/v1/x?a=1", params);
    call.send().await.unwrap();
    assert_eq!(last(&server).path, "/v1/x?a=1&b=2");
}

#[tokio::test]
async fn the_answer_comes_with_its_head_where_it_is_asked_for() {
    let (client, _server) = served(Reply::ok(r#"{"id":"x"}"#).header("request-id", "req_3")).await;
    let (node, response) = get(&client).send_with_response().await.unwrap();
    assert_eq!(node.to_string(), r#"{"id":"x"}"#);
    assert_eq!(
        (response.request_id(), response.attempts()),
        (Some("req_3"), 1)
    );
}

#[tokio::test]
async fn a_file_is_streamed() {
    let (client, server) = served(Reply::of_size(20_000_000)).await;
    let pdf = client.raw::<Node>(Verb::Get, "/v1/quotes/qt_1/pdf", Params::new());
    let mut pdf = pdf.send_streaming().await.unwrap();
    assert!(pdf.chunk().await.unwrap().is_some());
    drop(pdf);
    assert!(server.sent() < 20_000_000);
}

#[tokio::test]
async fn the_key_is_in_no_text() {
    let key = Canary::new();
    let server = ScriptedServer::replies([Reply::status(401)]).await.unwrap();
    let mut config = config(&server);
    config.api_key = key.secret();
    key.assert_absent(&format!("{config:?}"));
    let client = Client::new(config).unwrap();
    let error = get(&client).send().await.unwrap_err();
    key.assert_absent(&format!("{client:?} {error} {error:?} {:?}", get(&client)));
}
