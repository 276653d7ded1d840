//! The client of integration-stripe against stand-ins for Stripe that others made.
//!
//! Both are older than the API that the client is made for, and each leaves things out; what differs
//! from Stripe is said beside the assertion that shows it.

use std::time::Duration;

use integration_e2e::{
    peers::{Peers, Running, Server},
    wait,
};
use integration_stripe::{
    Client, Config, Error, ErrorKind, List, Node, Params, Result, StripeError,
    op::Verb,
    resources::{Customer, ListCustomers},
    webhook::Webhooks,
};
use integration_testkit::{Reply, ScriptedServer};

const SECRET: &str = "whsec_peer_test_of_the_client";

fn client_of(peer: &Running) -> Client {
    let config = Config::new("sk_test_peer".to_owned().into()).with_base_url(peer.url());
    Client::new(config.with_rate_limit(1_000)).unwrap()
}

async fn post(client: &Client, path: &str, pairs: &[(&'static str, &str)]) -> Result<Node> {
    client.raw(Verb::Post, path, form(pairs)).send().await
}

async fn get(client: &Client, path: &str) -> Result<Node> {
    client.raw(Verb::Get, path, Params::new()).send().await
}

fn form(pairs: &[(&'static str, &str)]) -> Params {
    let mut params = Params::new();
    for (name, value) in pairs {
        params = params.with(*name, *value);
    }
    params
}

fn text(node: &Node, name: &str) -> String {
    let value = node.get(name).unwrap_or_else(|| panic!("{name} in {node}"));
    value.str().map_or_else(|| value.to_string(), str::to_owned)
}

fn code(error: &Error) -> &str {
    let body = error.provider::<StripeError>();
    body.and_then(StripeError::code).unwrap_or_default()
}

/// Makes five customers and reads them back over pages.
async fn customers(client: &Client) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..5 {
        let name = format!("j{number}@example.com");
        let customer = post(client, "/v1/customers", &[("email", &name)]).await;
        made.push(text(&customer.unwrap(), "id"));
    }
    made
}

/// Makes a payment method of a card and attaches it.
async fn attached(client: &Client, number: &str, customer: &str) -> Result<String> {
    let card = [
        ("type", "card"),
        ("card[number]", number),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2030"),
        ("card[cvc]", "123"),
    ];
    let card = post(client, "/v1/payment_methods", &card).await?;
    let path = format!("/v1/payment_methods/{}/attach", text(&card, "id"));
    let attached = post(client, &path, &[("customer", customer)]).await?;
    Ok(text(&attached, "id"))
}

async fn listed(client: &Client) -> Vec<String> {
    let list = client.customers().list(&ListCustomers::new().limit(2));
    let mut items = list.items();
    let mut ids = Vec::new();
    while let Some(customer) = items.next().await {
        let customer: Customer = customer.unwrap();
        ids.push(customer.id().unwrap().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_flow_works_against_localstripe() {
    let Some(peers) = Peers::find_python() else {
        return;
    };
    let peer = peers.serve(Server::Localstripe).await;
    let client = client_of(&peer);

    // It lists the oldest first, Stripe the newest.
    let made = customers(&client).await;
    assert_eq!(listed(&client).await, made);

    let customer = &*made[0];
    let card = attached(&client, "4242424242424242", customer).await;
    let card = card.unwrap();

    let order = |method: &str| {
        let pairs = [("amount", "1200"), ("currency", "eur"), ("confirm", "true")];
        form(&pairs)
            .with("customer", customer.to_owned())
            .with("payment_method", method.to_owned())
    };
    let pay = |method: &str| client.raw::<Node>(Verb::Post, "/v1/payment_intents", order(method));
    let paid = pay(&card).expand("customer").send().await.unwrap();
    assert_eq!(text(&paid, "status"), "succeeded");
    assert_eq!(
        text(&paid.get("customer").unwrap(), "email"),
        "j0@example.com"
    );
    let refund = [("payment_intent", &*text(&paid, "id")), ("amount", "200")];
    let refund = post(&client, "/v1/refunds", &refund).await.unwrap();
    assert_eq!(
        (&*text(&refund, "status"), &*text(&refund, "amount")),
        ("succeeded", "200")
    );

    // This card can be kept, and is declined when it is charged.
    let card = attached(&client, "4000000000000341", customer).await;
    let declined = pay(&card.unwrap()).send().await.unwrap_err();
    assert_eq!(
        (declined.status(), code(&declined)),
        (Some(402), "card_declined")
    );
    // Stripe says `card_error`; this peer says `invalid_request_error` for whatever it refuses.
    let body = declined.provider::<StripeError>().unwrap();
    assert!(!body.is_card_error());
    // It names neither a reason nor an intent, and its answers have no request id.
    assert!(body.decline_code().is_none() && declined.request_id().is_none());

    let refused = attached(&client, "4000000000000002", customer).await;
    assert_eq!(code(&refused.unwrap_err()), "card_declined");
    // At Stripe the test card that is named is declined, whoever the customer is; here the customer's
    // own card is charged in its place.
    let paid = pay("pm_card_visa_chargeDeclined").send().await.unwrap();
    assert_eq!(text(&paid, "status"), "succeeded");

    let missing = get(&client, "/v1/customers/cus_0").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let unknown = post(&client, "/v1/customers", &[("shoe_size", "47")]).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::Validation);

    // It does not know idempotency keys: at Stripe both answers name one object.
    let twice = || {
        let call = client.raw::<Node>(Verb::Post, "/v1/customers", form(&[("name", "x")]));
        call.idempotency_key("order-7").send()
    };
    let (first, second) = (twice().await.unwrap(), twice().await.unwrap());
    assert_ne!(text(&first, "id"), text(&second, "id"));
    // Nor does it know prices, which Stripe has had since 2020: its 404 is no JSON.
    let prices = get(&client, "/v1/prices").await.unwrap_err();
    assert_eq!(prices.kind(), ErrorKind::NotFound);
    assert!(prices.provider::<StripeError>().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_paid_and_canceled_at_localstripe() {
    let Some(peers) = Peers::find_python() else {
        return;
    };
    let peer = peers.serve(Server::Localstripe).await;
    let client = client_of(&peer);
    let customer = post(&client, "/v1/customers", &[("name", "Jenny")])
        .await
        .unwrap();
    let customer = text(&customer, "id");
    let attach = "/v1/payment_methods/pm_card_visa/attach";
    let card = post(&client, attach, &[("customer", &customer)])
        .await
        .unwrap();
    let default = [(
        "invoice_settings[default_payment_method]",
        &*text(&card, "id"),
    )];
    let path = format!("/v1/customers/{customer}");
    post(&client, &path, &default).await.unwrap();
    // What it calls a plan has been a price since 2020.
    let plan = [
        ("amount", "900"),
        ("currency", "eur"),
        ("interval", "month"),
        ("product[name]", "Seat"),
    ];
    let plan = post(&client, "/v1/plans", &plan).await.unwrap();
    let plan = text(&plan, "id");
    let wanted = [
        ("customer", &*customer),
        ("items[0][plan]", &plan),
        ("items[0][quantity]", "2"),
    ];
    let subscription = post(&client, "/v1/subscriptions", &wanted).await.unwrap();
    assert_eq!(text(&subscription, "status"), "active");
    let invoices: List<Node> = client
        .raw(Verb::Get, "/v1/invoices", form(&[("customer", &customer)]))
        .send()
        .await
        .unwrap();
    let paid: Vec<String> = invoices.data().map(|at| text(&at, "amount_paid")).collect();
    assert_eq!(paid, ["1800"]);
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    let canceled = client.raw::<Node>(Verb::Delete, &path, Params::new());
    assert_eq!(text(&canceled.send().await.unwrap(), "status"), "canceled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_of_localstripe_verify() {
    let Some(peers) = Peers::find_python() else {
        return;
    };
    let peer = peers.serve(Server::Localstripe).await;
    let client = client_of(&peer);
    let hook = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let plain = integration_core::http::Client::builder().build().unwrap();
    let config = format!("url={}&secret={SECRET}", hook.url("/hook"));
    plain
        .post(&format!("{}/_config/webhooks/one", peer.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(config)
        .send()
        .await
        .unwrap();
    let customer = post(&client, "/v1/customers", &[("email", "jenny@example.com")]).await;
    let customer = customer.unwrap();
    wait::until("a webhook comes", Duration::from_secs(30), || {
        hook.count() > 0
    })
    .await;
    let received = hook.received().remove(0);
    let webhooks = Webhooks::new([SECRET.to_owned().into()]).unwrap();
    let event = webhooks.event(&received.headers, &received.body).unwrap();
    assert_eq!(event.r#type(), Some("customer.created"));
    let told = event.object_as::<Customer>().unwrap();
    assert_eq!(told.id(), Some(&*text(&customer, "id")));
    // Of another secret, or changed on the way, it is nobody's.
    let other = Webhooks::new(["whsec_other".to_owned().into()]).unwrap();
    let refused = other.event(&received.headers, &received.body).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    let changed = [&received.body[..], b" "].concat().into();
    assert!(webhooks.event(&received.headers, &changed).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_flow_works_against_the_stateful_mock() {
    let Some(peers) = Peers::find() else { return };
    let peer = peers.serve(Server::StatefulMock).await;
    let client = client_of(&peer);

    let customer = [("email", "jenny@example.com"), ("source", "tok_visa")];
    let customer = post(&client, "/v1/customers", &customer).await.unwrap();
    let customer = text(&customer, "id");
    // It has charges of the time before payment intents.
    let charge = |source: &str| {
        let pairs = [("amount", "1200"), ("currency", "usd")];
        let params = form(&pairs).with("source", source.to_owned());
        client.raw::<Node>(Verb::Post, "/v1/charges", params)
    };
    let (paid, answer) = charge("tok_visa").send_with_response().await.unwrap();
    assert_eq!(text(&paid, "status"), "succeeded");
    assert!(answer.request_id().is_some());
    let refund = [("charge", &*text(&paid, "id")), ("amount", "200")];
    let refund = post(&client, "/v1/refunds", &refund).await.unwrap();
    assert_eq!(text(&refund, "status"), "succeeded");

    let declined = charge("tok_chargeDeclinedInsufficientFunds")
        .send()
        .await
        .unwrap_err();
    let body = declined.provider::<StripeError>().unwrap();
    assert!(body.is_card_error());
    assert_eq!(
        (body.code(), body.decline_code()),
        (Some("card_declined"), Some("insufficient_funds"))
    );

    let once = || charge("tok_visa").idempotency_key("order-7").send();
    let (first, second) = (once().await.unwrap(), once().await.unwrap());
    assert_eq!(text(&first, "id"), text(&second, "id"));
    let other = charge("tok_mastercard")
        .idempotency_key("order-7")
        .send()
        .await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::IdempotencyMismatch);

    let missing = get(&client, "/v1/customers/cus_0").await.unwrap_err();
    assert_eq!(
        (missing.kind(), code(&missing)),
        (ErrorKind::NotFound, "resource_missing")
    );

    let price = [
        ("unit_amount", "900"),
        ("currency", "usd"),
        ("recurring[interval]", "month"),
        ("product_data[name]", "Seat"),
    ];
    let price = post(&client, "/v1/prices", &price).await.unwrap();
    // It wants a plan for every item, where Stripe takes a price alone.
    let items = [
        ("customer", &*customer),
        ("items[0][price]", &*text(&price, "id")),
    ];
    let alone = post(&client, "/v1/subscriptions", &items)
        .await
        .unwrap_err();
    assert_eq!(code(&alone), "parameter_missing");
    let plan = [
        ("id", "seat"),
        ("amount", "900"),
        ("currency", "usd"),
        ("interval", "month"),
        ("product", &*text(&price, "product")),
    ];
    post(&client, "/v1/plans", &plan).await.unwrap();
    let items = [("customer", &*customer), ("items[0][plan]", "seat")];
    let subscription = post(&client, "/v1/subscriptions", &items).await.unwrap();
    assert_eq!(text(&subscription, "status"), "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_stateful_mock_breaks_is_tried_again_and_told() {
    let Some(peers) = Peers::find() else { return };
    let peer = peers.serve(Server::StatefulMock).await;
    let client = client_of(&peer);
    for (source, kind) in [
        ("tok_429", ErrorKind::RateLimited),
        ("tok_500", ErrorKind::Internal),
    ] {
        let pairs = [("amount", "1200"), ("currency", "usd"), ("source", source)];
        let call = client.raw::<Node>(Verb::Post, "/v1/charges", form(&pairs));
        let error = call.max_attempts(2).send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{source}: {error}");
        assert!(!error.attempts().is_empty(), "{source}");
    }
}
