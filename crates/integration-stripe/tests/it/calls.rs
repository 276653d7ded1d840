//! One call on the wire.

use integration_stripe::{
    Client, Config, ErrorKind, View,
    resources::{CreateCustomer, CreatePaymentIntent, CreatedParams, ListCustomers},
};
use integration_testkit::{Received, Reply, ScriptedServer};

const CUSTOMER: &str = include_str!("../fixtures/customer.json");

async fn served(body: &str) -> (Client, ScriptedServer) {
    let server = ScriptedServer::replies([Reply::ok(body.to_owned())])
        .await
        .unwrap();
    let config = Config::new("sk_test".to_owned().into()).with_base_url(server.url(""));
    (Client::new(config).unwrap(), server)
}

fn only(server: &ScriptedServer) -> Received {
    server.received().remove(0)
}

#[tokio::test]
async fn a_create_sends_its_parameters_as_a_form() {
    let (client, server) = served(CUSTOMER).await;
    let params = CreateCustomer::new()
        .email("jenny@example.com")
        .clear_individual_name()
        .metadata([("order", "6 735")])
        .preferred_locales(["de", "en"]);
    let customer = client
        .customers()
        .create(&params)
        .account("acct_1")
        .send()
        .await
        .unwrap();
    assert_eq!(customer.id(), Some("cus_1"));
    assert_eq!(
        customer.node().get("new_field").and_then(|n| n.bool()),
        Some(true)
    );
    let request = only(&server);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/customers")
    );
    assert_eq!(
        request.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.header("stripe-account"), "acct_1");
    assert!(!request.header("idempotency-key").is_empty());
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        "email=jenny%40example.com&individual_name=&metadata[order]=6%20735&preferred_locales[0]=de&preferred_locales[1]=en"
    );
}

#[tokio::test]
async fn a_list_sends_its_parameters_in_the_query() {
    let (client, server) =
        served(r#"{"object":"list","data":[{"id":"cus_1"}],"has_more":false}"#).await;
    let params = ListCustomers::new()
        .created(CreatedParams::new().gt(5))
        .limit(3);
    let list = client
        .customers()
        .list(&params)
        .expand("data.sources")
        .send()
        .await
        .unwrap();
    assert_eq!(
        list.data()
            .filter_map(|c| c.id().map(str::to_owned))
            .collect::<Vec<_>>(),
        ["cus_1"]
    );
    assert!(!list.has_more());
    assert_eq!(
        only(&server).path,
        "/v1/customers?created[gt]=5&limit=3&expand[0]=data.sources"
    );
}

#[tokio::test]
async fn an_empty_id_is_refused_before_it_calls_the_list() {
    let (client, server) = served(CUSTOMER).await;
    for id in ["", ".", ".."] {
        let error = client.customers().retrieve(id).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{id}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn amounts_and_currencies_are_sent_as_they_are() {
    // Which of them are right is Stripe's to say: it knows minor units, limits and new currencies.
    for (amount, currency, sent) in [
        (0, "eur", "amount=0&currency=eur"),
        (-5, "EUR", "amount=-5&currency=EUR"),
        (i64::MAX, "jpy", "amount=9223372036854775807&currency=jpy"),
        (1200, "no currency", "amount=1200&currency=no%20currency"),
        (1200, "", "amount=1200&currency="),
    ] {
        let (client, server) = served(r#"{"id":"pi_1"}"#).await;
        let order = CreatePaymentIntent::new(amount, currency);
        client
            .payment_intents()
            .create(&order)
            .send()
            .await
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&only(&server).body), sent);
    }
}
