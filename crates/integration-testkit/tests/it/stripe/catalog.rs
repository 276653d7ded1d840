//! Products and prices.

use super::{Api, text};

#[tokio::test]
async fn a_product_brings_its_default_price() {
    let api = Api::start().await;
    let body = "name=Seat&default_price_data[currency]=eur&default_price_data[unit_amount]=900\
                &default_price_data[recurring][interval]=month&expand[]=default_price";
    let product = api.post("/v1/products", body).await;
    let price = &product["default_price"];
    assert_eq!(price["unit_amount_decimal"], "900");
    assert_eq!(
        (&price["type"], &price["recurring"]["interval_count"]),
        (&"recurring".into(), &1.into())
    );
    assert_eq!(price["product"], product["id"]);
    assert_eq!(api.events(), ["price.created", "product.created"]);
}

#[tokio::test]
async fn a_product_with_prices_is_not_deleted() {
    let api = Api::start().await;
    let free = api.post("/v1/products", "name=Free&id=free").await;
    assert_eq!(free["id"], "free");
    let again = api.refused("/v1/products", "name=Free&id=free").await;
    assert_eq!(again, (400, "resource_already_exists".to_owned()));
    assert_eq!(api.delete("/v1/products/free").await["deleted"], true);
    let price = api.price(900, "").await;
    let price = api.get(&format!("/v1/prices/{price}")).await;
    let path = format!("/v1/products/{}", text(&price, "product"));
    let (status, _) = api.call(http::Method::DELETE, &path, "").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_lookup_key_belongs_to_one_price() {
    let api = Api::start().await;
    let first = api.price(900, "&lookup_key=seat").await;
    let body = "currency=eur&unit_amount=1&product_data[name]=B&lookup_key=seat";
    assert_eq!(api.refused("/v1/prices", body).await.0, 400);
    let second = api
        .post("/v1/prices", &format!("{body}&transfer_lookup_key=true"))
        .await;
    let first = api.get(&format!("/v1/prices/{first}")).await;
    assert!(first["lookup_key"].is_null());
    let found = api.get("/v1/prices?lookup_keys[0]=seat").await;
    assert_eq!(super::ids(&found), [text(&second, "id")]);
    // What was refused left no product behind.
    assert_eq!(api.fake.objects("product").len(), 2);
}

#[tokio::test]
async fn a_price_is_changed_and_told_with_what_it_was() {
    let api = Api::start().await;
    let price = api.price(900, "&nickname=old").await;
    let path = format!("/v1/prices/{price}");
    let changed = api.post(&path, "active=false&nickname=new").await;
    assert_eq!(changed["active"], false);
    let event = api.fake.objects("event").pop().unwrap();
    assert_eq!(event["type"], "price.updated");
    let before = &event["data"]["previous_attributes"];
    assert_eq!(
        before,
        &serde_json::json!({"active": true, "nickname": "old"})
    );
}

#[tokio::test]
async fn wrong_prices_are_refused() {
    let api = Api::start().await;
    for (body, code) in [
        ("unit_amount=1&product_data[name]=A", "parameter_missing"),
        (
            "currency=EUR&unit_amount=1&product_data[name]=A",
            "parameter_invalid",
        ),
        ("currency=eur&product_data[name]=A", "parameter_missing"),
        (
            "currency=eur&unit_amount=-1&product_data[name]=A",
            "parameter_invalid_integer",
        ),
        (
            "currency=eur&unit_amount=1&product=prod_0",
            "resource_missing",
        ),
        ("currency=eur&unit_amount=1", "parameter_missing"),
        (
            "currency=eur&unit_amount=1&product_data[name]=A&recurring[interval]=hour",
            "parameter_invalid_enum",
        ),
    ] {
        assert_eq!(api.refused("/v1/prices", body).await.1, code, "{body}");
    }
    assert!(api.fake.objects("price").is_empty());
}

#[tokio::test]
async fn metadata_keeps_the_names_of_the_user() {
    let api = Api::start().await;
    let product = api.post("/v1/products", "name=Seat&metadata[_own]=1").await;
    assert_eq!(product["metadata"]["_own"], "1");
    let path = format!("/v1/products/{}", text(&product, "id"));
    assert_eq!(
        api.post(&path, "metadata[_own]=&metadata[b]=2").await["metadata"],
        serde_json::json!({"b": "2"})
    );
    assert_eq!(
        api.post(&path, "metadata=").await["metadata"],
        serde_json::json!({})
    );
}
