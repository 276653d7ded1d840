//! Ledgers of connected accounts, and events that name them.

use http::Method;
use integration_testkit::{Reply, ScriptedServer};
use serde_json::{Value, json};

use super::{Api, ids, text};

#[tokio::test]
async fn the_ledgers_of_accounts_are_kept_apart() {
    let api = Api::start().await;
    let account = text(
        &api.post("/v1/accounts", "type=express&country=DE").await,
        "id",
    );
    let own = text(&api.post("/v1/customers", "name=Own").await, "id");
    let api = api.with("stripe-account", &account);
    let theirs = text(&api.post("/v1/customers", "name=Theirs").await, "id");
    assert_ne!(own, theirs);
    assert_eq!(ids(&api.get("/v1/customers").await), [&*theirs]);
    let (status, _) = api
        .call(Method::GET, &format!("/v1/customers/{own}"), "")
        .await;
    assert_eq!(status, 404);
    assert_eq!(api.fake.objects("customer").len(), 1);
    assert_eq!(
        text(&api.fake.objects_of(&account, "customer")[0], "id"),
        theirs
    );
    let event = &api.fake.objects_of(&account, "event")[0];
    assert_eq!(event["account"], account);
    // A context that ends in the account means the same.
    let api = api
        .with("stripe-account", "")
        .with("stripe-context", &format!("acct_0/{account}"));
    assert_eq!(ids(&api.get("/v1/customers").await), [theirs]);
}

#[tokio::test]
async fn an_account_that_is_not_connected_is_refused() {
    let api = Api::start().await.with("stripe-account", "acct_0");
    let refused = api.refused("/v1/customers", "name=x").await;
    assert_eq!(refused, (403, "account_invalid".to_owned()));
    api.fake.connect("acct_0");
    api.fake.connect("acct_0");
    api.post("/v1/customers", "name=x").await;
    assert_eq!(api.fake.objects_of("acct_0", "customer").len(), 1);
}

#[tokio::test]
async fn a_key_of_one_account_is_none_of_another() {
    let api = Api::start().await.with("idempotency-key", "order-7");
    api.fake.connect("acct_1");
    let own = api.post("/v1/customers", "name=x").await;
    let again = api.post("/v1/customers", "name=x").await;
    assert_eq!(own, again);
    let api = api.with("stripe-account", "acct_1");
    let theirs = api.post("/v1/customers", "name=x").await;
    assert_ne!(own["id"], theirs["id"]);
}

#[tokio::test]
async fn events_are_delivered_to_those_who_listen_for_them() {
    let api = Api::start().await;
    let hook = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let secret = || "whsec_fake".to_owned().into();
    api.fake.connect("acct_1");
    let customer = text(&api.post("/v1/customers", "name=x").await, "id");
    let thin = api
        .fake
        .notify("v1.customer.seen", Some(&customer), &json!({"times": 2}));
    let api = api.with("stripe-account", "acct_1");
    api.post("/v1/customers", "name=y").await;
    let sent = api.fake.deliver(&hook.url("/"), &secret()).await.unwrap();
    assert_eq!(sent, [200, 200]);
    let sent = api
        .fake
        .deliver_connected(&hook.url("/"), &secret())
        .await
        .unwrap();
    assert_eq!(sent, [200]);
    let received = hook.received();
    let event =
        |number: usize| -> Value { serde_json::from_slice(&received[number].body).unwrap() };
    assert!(event(0).get("account").is_none());
    assert_eq!(event(2)["account"], "acct_1");
    // A thin event goes without its data, which is fetched.
    let note = event(1);
    assert_eq!(
        (&note["object"], &note["related_object"]["id"]),
        (&"v2.core.event".into(), &customer.clone().into())
    );
    assert!(note.get("data").is_none());
    let api = api.with("stripe-account", "");
    let whole = api.get(&format!("/v2/core/events/{thin}")).await;
    assert_eq!(whole["data"]["times"], 2);
    let about = api
        .get(&format!("/v2/core/events?object_id={customer}"))
        .await;
    assert_eq!(ids(&about), [thin]);
    let (status, missing) = api.call(Method::GET, "/v2/core/events/evt_0", "").await;
    assert_eq!(
        (status, &missing["error"]["code"]),
        (404, &"not_found".into())
    );
}
