use integration_testkit::Reply;
use integration_{{snake}}::{{{Name}}Error, ErrorKind};

use crate::client;

const ITEM: &str = include_str!("../fixtures/item.json");

#[tokio::test]
async fn get_sends_the_key_and_reads_the_item() {
    let (server, client) = client([Reply::status(503), Reply::ok(ITEM)]).await;
    let item = client.items().get("item_1").await.unwrap();
    assert_eq!(item.id, "item_1");
    let request = &server.received()[1];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/v1/items/item_1"));
    assert_eq!(request.header("authorization"), "Bearer key_1");
}

#[tokio::test]
async fn get_reports_what_is_not_there() {
    let (_server, client) = client([Reply::status(404).body("{}")]).await;
    let error = client.items().get("item_2").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn get_refuses_an_id_that_changes_the_path() {
    let (server, client) = client([Reply::ok(ITEM)]).await;
    for id in ["", "..", "."] {
        let error = client.items().get(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialize, "{id}");
    }
    client.items().get("../keys").await.unwrap();
    assert_eq!(server.received()[0].path, "/v1/items/..%2Fkeys");
}

#[tokio::test]
async fn create_has_one_key_over_all_its_attempts() {
    let (server, client) = client([Reply::status(500), Reply::ok(ITEM)]).await;
    client.items().create("lamp").await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, r#"{"name":"lamp"}"#);
    let keys: Vec<_> = received.iter().map(|request| request.header("idempotency-key")).collect();
    assert!(!keys[0].is_empty() && keys[0] == keys[1], "{keys:?}");
}

#[tokio::test]
async fn a_code_outranks_the_status() {
    let body = r#"{"code": "quota_exceeded", "field_we_do_not_know": true}"#;
    let (_server, client) = client([Reply::status(429).body(body)]).await;
    let error = client.items().create("lamp").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    let code = error.provider::<{{Name}}Error>().map(|body| body.code.as_str());
    assert_eq!(code, Some("quota_exceeded"));
}

#[tokio::test]
async fn export_is_read_as_it_comes() {
    let (server, client) = client([Reply::ok("a,b\n").chunked()]).await;
    let export = client.items().export().await.unwrap();
    assert_eq!(export.bytes(100).await.unwrap(), "a,b\n");
    assert_eq!(server.received()[0].path, "/v1/items/export");
}

#[tokio::test]
async fn list_reads_page_by_page() {
    let first = r#"{"items": [{"id": "a"}, {"id": "b"}], "next": "b &"}"#;
    let (server, client) = client([Reply::ok(first), Reply::ok(r#"{"items": [{"id": "c"}]}"#)]).await;
    let mut items = client.items().list().items();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        ids.push(item.unwrap().id);
    }
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(server.received()[1].path, "/v1/items?after=b+%26");
}
