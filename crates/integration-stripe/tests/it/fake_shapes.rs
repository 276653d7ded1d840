//! What the fake of testkit sends has every field that Stripe documents as always there.

use integration_stripe::{Client, Config, Node, Params, View, op::Verb, resources};
use integration_testkit::stripe::FakeStripe;
use serde_json::{Value, json};

/// A form of pairs, which need no typed parameters.
async fn post(client: &Client, path: &str, pairs: &[(&'static str, &str)]) -> String {
    let mut params = Params::new();
    for (name, value) in pairs {
        params = params.with(*name, *value);
    }
    let node = client.raw::<Node>(Verb::Post, path, params).send().await;
    let node = node.unwrap_or_else(|error| panic!("{path}: {error}"));
    let id = node.get("id").and_then(|id| id.str().map(str::to_owned));
    id.unwrap()
}

/// A fake with objects of every kind.
async fn filled() -> FakeStripe {
    let fake = FakeStripe::start().await.unwrap();
    let key = "sk_test_1".to_owned().into();
    let client = Client::new(Config::new(key).with_base_url(fake.url())).unwrap();
    let frozen = ("frozen_time", "1700000000");
    let clock = post(&client, "/v1/test_helpers/test_clocks", &[frozen]).await;
    let card = "pm_card_visa";
    let default = "invoice_settings[default_payment_method]";
    let payer = [
        ("test_clock", &*clock),
        ("payment_method", card),
        (default, card),
    ];
    let customer = post(&client, "/v1/customers", &payer).await;
    let price = post(
        &client,
        "/v1/prices",
        &[
            ("currency", "eur"),
            ("unit_amount", "900"),
            ("recurring[interval]", "month"),
            ("product_data[name]", "Seat"),
        ],
    )
    .await;
    let items = [("customer", &*customer), ("items[0][price]", &*price)];
    post(&client, "/v1/subscriptions", &items).await;
    let charge = [
        ("amount", "5"),
        ("currency", "eur"),
        ("confirm", "true"),
        ("payment_method", card),
    ];
    let intent = post(&client, "/v1/payment_intents", &charge).await;
    post(&client, "/v1/refunds", &[("payment_intent", &*intent)]).await;
    post(&client, "/v1/setup_intents", &[]).await;
    let session = [
        ("mode", "subscription"),
        ("success_url", "https://example.com"),
        ("line_items[0][price]", &*price),
    ];
    post(&client, "/v1/checkout/sessions", &session).await;
    post(&client, "/v1/accounts", &[]).await;
    fake
}

/// Reads an object as the view of its kind, and those inside of it.
fn check(object: &Value) {
    fn view<V: View>(object: &Value) {
        let node: Node = serde_json::from_value(object.clone()).unwrap();
        let checked = V::from_node(node).require().map(drop);
        checked.unwrap_or_else(|error| panic!("{error}: {object}"));
    }
    match object["object"].as_str() {
        Some("account") => view::<resources::Account>(object),
        Some("charge") => view::<resources::Charge>(object),
        Some("checkout.session") => view::<resources::CheckoutSession>(object),
        Some("customer") => view::<resources::Customer>(object),
        Some("event") => view::<resources::Event>(object),
        Some("invoice") => view::<resources::Invoice>(object),
        Some("invoice_payment") => view::<resources::InvoicePayment>(object),
        Some("item") => view::<resources::Item>(object),
        Some("line_item") => view::<resources::LineItem>(object),
        Some("list") => {}
        Some("payment_intent") => view::<resources::PaymentIntent>(object),
        Some("payment_method") => view::<resources::PaymentMethod>(object),
        Some("price") => view::<resources::Price>(object),
        Some("product") => view::<resources::Product>(object),
        Some("refund") => view::<resources::Refund>(object),
        Some("setup_intent") => view::<resources::SetupIntent>(object),
        Some("subscription") => view::<resources::Subscription>(object),
        Some("subscription_item") => view::<resources::SubscriptionItem>(object),
        Some("test_helpers.test_clock") => view::<resources::TestHelpersTestClock>(object),
        None => {}
        Some(other) => panic!("no view for {other}"),
    }
    match object {
        Value::Object(fields) => fields.values().for_each(check),
        Value::Array(items) => items.iter().for_each(check),
        _ => {}
    }
}

#[tokio::test]
async fn every_object_has_what_is_always_there() {
    let fake = filled().await;
    for kind in [
        "account",
        "charge",
        "checkout.session",
        "customer",
        "event",
        "invoice",
        "invoice_payment",
        "payment_intent",
        "payment_method",
        "price",
        "product",
        "refund",
        "setup_intent",
        "subscription",
        "test_helpers.test_clock",
    ] {
        let objects = fake.objects(kind);
        assert!(!objects.is_empty(), "{kind}");
        objects.iter().for_each(check);
    }
}

#[test]
#[should_panic(expected = "a required field is missing")]
fn what_is_missing_is_seen() {
    check(&json!([{"object": "charge", "id": "ch_1"}]));
}
