use integration_{{snake}}::{Client, Config, {{Name}}Error, ErrorKind};

use crate::answer_once;

const ITEM: &str = include_str!("../fixtures/item.json");

fn client(address: &str) -> Client {
    let config = Config::new("key_1".to_owned().into()).with_base_url(address);
    Client::new(config).unwrap()
}

#[tokio::test]
async fn get_sends_the_key_and_reads_the_item() {
    let (address, request) = answer_once("200 OK", ITEM).await;
    let item = client(&address).items().get("item_1").await.unwrap();
    assert_eq!(item.id, "item_1");
    let request = request.await.unwrap();
    assert!(request.starts_with("GET /v1/items/item_1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer key_1\r\n"), "{request}");
}

#[tokio::test]
async fn get_reports_what_is_not_there() {
    let (address, _) = answer_once("404 Not Found", "{}").await;
    let error = client(&address).items().get("item_2").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_code_outranks_the_status() {
    let body = r#"{"code": "quota_exceeded", "field_we_do_not_know": true}"#;
    let (address, _) = answer_once("429 Too Many Requests", body).await;
    let error = client(&address).items().get("item_1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    let code = error.provider::<{{Name}}Error>().map(|body| body.code.as_str());
    assert_eq!(code, Some("quota_exceeded"));
}

#[tokio::test]
async fn get_refuses_an_id_that_changes_the_path() {
    let error = client("http://127.0.0.1:1").items().get("../keys").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialize);
}
