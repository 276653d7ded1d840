//! Whole flows against the fake of testkit, and what faults must not do to money.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::resilience::Preset;
use integration_stripe::{
    Client, Error, ErrorKind, List, Node, Params, Result, StripeError, op::Verb,
};
use integration_testkit::stripe::{FakeStripe, StripeFault};

use crate::support::{config, quick};

async fn fake() -> (Client, FakeStripe) {
    let fake = FakeStripe::start().await.unwrap();
    (quick(config(fake.server())), fake)
}

async fn post(client: &Client, path: &str, params: Params) -> Result<Node> {
    client.raw(Verb::Post, path, params).send().await
}

fn text(node: &Node, name: &str) -> String {
    let value = node.get(name).unwrap();
    value.str().map_or_else(|| value.to_string(), str::to_owned)
}

fn payment(method: &str) -> Params {
    Params::new()
        .with("amount", 1200)
        .with("currency", "eur")
        .with("payment_method", method)
        .with("confirm", true)
}

const INTENTS: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_customer_pays_and_is_refunded() {
    let (client, fake) = fake().await;
    let jenny = Params::new().with("email", "jenny@example.com");
    let customer = post(&client, "/v1/customers", jenny).await.unwrap();
    let params = payment("pm_card_visa").with("customer", text(&customer, "id"));
    let intent = client.raw::<Node>(Verb::Post, INTENTS, params);
    let intent = intent
        .expand("customer")
        .expand("latest_charge")
        .send()
        .await
        .unwrap();
    assert_eq!(text(&intent, "status"), "succeeded");
    assert_eq!(
        text(&intent.get("customer").unwrap(), "email"),
        "jenny@example.com"
    );
    let charge = intent.get("latest_charge").unwrap();
    assert_eq!(text(&charge, "captured"), "true");
    let refund = |amount| {
        let params = Params::new().with("payment_intent", text(&intent, "id"));
        post(&client, "/v1/refunds", params.with("amount", amount))
    };
    assert_eq!(text(&refund(200).await.unwrap(), "status"), "succeeded");
    let too_much = refund(1001).await.unwrap_err();
    assert_eq!(too_much.kind(), ErrorKind::Validation);
    refund(1000).await.unwrap();
    let nothing = refund(1).await.unwrap_err();
    assert_eq!(code(&nothing), "charge_already_refunded");
    assert_eq!(fake.objects("charge")[0]["amount_refunded"], 1200);
}

fn code(error: &Error) -> &str {
    error
        .provider::<StripeError>()
        .and_then(StripeError::code)
        .unwrap()
}

#[tokio::test]
async fn every_test_card_ends_as_documented() {
    for (card, word, decline) in [
        (
            "pm_card_visa_chargeDeclined",
            "card_declined",
            "generic_decline",
        ),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        (
            "pm_card_chargeDeclinedExpiredCard",
            "expired_card",
            "expired_card",
        ),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            "incorrect_cvc",
        ),
    ] {
        let (client, fake) = fake().await;
        let error = post(&client, INTENTS, payment(card)).await.unwrap_err();
        let declined = error.provider::<StripeError>().unwrap();
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
        assert_eq!(
            (declined.code(), declined.decline_code()),
            (Some(word), Some(decline))
        );
        // The intent waits for another card.
        let intent = declined.payment_intent().unwrap();
        let intent = intent.id().unwrap();
        let params = Params::new().with("payment_method", "pm_card_mastercard");
        let paid = post(&client, &format!("{INTENTS}/{intent}/confirm"), params)
            .await
            .unwrap();
        assert_eq!(text(&paid, "status"), "succeeded");
        let paid = fake
            .objects("charge")
            .iter()
            .filter(|c| c["paid"] == true)
            .count();
        assert_eq!(paid, 1);
    }
}

#[tokio::test]
async fn three_d_secure_is_waited_for() {
    for (card, succeeds, status) in [
        ("pm_card_authenticationRequired", true, "succeeded"),
        (
            "pm_card_authenticationRequired",
            false,
            "requires_payment_method",
        ),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            true,
            "requires_payment_method",
        ),
    ] {
        let (client, fake) = fake().await;
        let intent = post(&client, INTENTS, payment(card)).await.unwrap();
        assert_eq!(text(&intent, "status"), "requires_action");
        let id = text(&intent, "id");
        let again = post(&client, &format!("{INTENTS}/{id}/confirm"), Params::new()).await;
        assert_eq!(code(&again.unwrap_err()), "payment_intent_unexpected_state");
        assert!(fake.authenticate(&id, succeeds).is_some());
        assert!(fake.authenticate(&id, succeeds).is_none());
        let now = client.raw::<Node>(Verb::Get, format!("{INTENTS}/{id}"), Params::new());
        assert_eq!(text(&now.send().await.unwrap(), "status"), status);
    }
}

#[tokio::test]
async fn a_payment_is_held_and_captured_in_part() {
    let (client, fake) = fake().await;
    let params = payment("pm_card_visa").with("capture_method", "manual");
    let held = post(&client, INTENTS, params).await.unwrap();
    assert_eq!(text(&held, "status"), "requires_capture");
    let path = format!("{INTENTS}/{}/capture", text(&held, "id"));
    let part = |amount| Params::new().with("amount_to_capture", amount);
    assert_eq!(
        code(&post(&client, &path, part(1201)).await.unwrap_err()),
        "amount_too_large"
    );
    post(&client, &path, part(700)).await.unwrap();
    assert_eq!(fake.objects("charge")[0]["amount_captured"], 700);
}

#[tokio::test]
async fn a_key_executes_once_and_belongs_to_one_request() {
    let (client, fake) = fake().await;
    let pay = |amount| {
        let params = payment("pm_card_visa").with("amount", amount);
        client
            .raw::<Node>(Verb::Post, INTENTS, params)
            .idempotency_key("order-7")
            .send_with_response()
    };
    let (first, _) = pay(1200).await.unwrap();
    let (second, response) = pay(1200).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(response.headers()["idempotent-replayed"], "true");
    let other = pay(1300).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::IdempotencyMismatch);
    assert_eq!(fake.objects("charge").len(), 1);
    // A decline is kept too.
    let declined = || {
        let call = client.raw::<Node>(Verb::Post, INTENTS, payment("pm_card_visa_chargeDeclined"));
        call.idempotency_key("order-8").send()
    };
    assert!(declined().await.is_err() && declined().await.is_err());
    assert_eq!(fake.objects("payment_intent").len(), 2);
}

#[tokio::test]
async fn each_fault_is_survived_and_nothing_is_done_twice() {
    for fault in [
        StripeFault::Throttle,
        StripeFault::Conflict,
        StripeFault::ErrorBefore,
        StripeFault::ErrorAfter,
        StripeFault::ResetBefore,
        StripeFault::ResetAfter,
        StripeFault::SilenceAfter,
    ] {
        let (client, fake) = fake().await;
        fake.inject([fault, fault]);
        let call = client.raw::<Node>(Verb::Post, INTENTS, payment("pm_card_visa"));
        let intent = call
            .attempt_timeout(Duration::from_millis(100))
            .send()
            .await
            .unwrap();
        assert_eq!(text(&intent, "status"), "succeeded", "{fault:?}");
        assert_eq!(fake.server().count(), 3, "{fault:?}");
        assert_eq!(fake.objects("charge").len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_as_stripe_does() {
    let (client, _fake) = fake().await;
    for (params, word) in [
        (Params::new().with("currency", "eur"), "parameter_missing"),
        (Params::new().with("amount", 5), "parameter_missing"),
        (
            payment("pm_card_visa").with("amount", 0),
            "parameter_invalid_integer",
        ),
        (
            payment("pm_card_visa").with("currency", "EUR"),
            "parameter_invalid",
        ),
        (payment("pm_unknown"), "resource_missing"),
        (
            payment("pm_card_visa").with("customer", "cus_0"),
            "resource_missing",
        ),
    ] {
        let error = post(&client, INTENTS, params).await.unwrap_err();
        assert_eq!(code(&error), word);
    }
    let error = post(&client, "/v1/unheard_of", Params::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn customers_are_listed_in_both_directions_until_they_are_deleted() {
    let (client, _fake) = fake().await;
    let mut made = Vec::new();
    for n in 0..5 {
        let params = Params::new().with("name", format!("{n}"));
        made.push(text(
            &post(&client, "/v1/customers", params).await.unwrap(),
            "id",
        ));
    }
    let gone = client.raw::<Node>(
        Verb::Delete,
        format!("/v1/customers/{}", made[2]),
        Params::new(),
    );
    assert_eq!(text(&gone.send().await.unwrap(), "deleted"), "true");
    made.remove(2);
    let backward = ids(
        &client,
        Params::new()
            .with("limit", 2)
            .with("ending_before", made[0].clone()),
    )
    .await;
    assert_eq!(backward, made[1..]);
    made.reverse();
    assert_eq!(ids(&client, Params::new().with("limit", 1)).await, made);
}

async fn ids(client: &Client, params: Params) -> Vec<String> {
    let mut items = client
        .raw::<List<Node>>(Verb::Get, "/v1/customers", params)
        .items();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        ids.push(text(&item.unwrap(), "id"));
    }
    ids
}

/// An order that is paid, whatever happens: each try under the key of the order.
async fn pay(client: &Client, order: usize) -> u32 {
    for tries in 1.. {
        let params = payment("pm_card_visa")
            .with("metadata", Params::new().with("order", order.to_string()));
        let call = client.raw::<Node>(Verb::Post, INTENTS, params);
        if call
            .idempotency_key(format!("order-{order}"))
            .send()
            .await
            .is_ok()
        {
            return tries;
        }
        assert!(tries < 50, "order {order} is never paid");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_charges_under_faults_are_each_charged_once() {
    let fake = FakeStripe::start().await.unwrap();
    fake.inject_at_random(7, 0.2);
    let limits = config(fake.server())
        .with_timeouts(Duration::from_secs(20), Duration::from_millis(300))
        .with_rate_limit(10_000)
        .with_max_attempts(4);
    let client = quick(limits);
    let todo = Arc::new(Mutex::new(0..1_000));
    let mut workers = Vec::new();
    for _ in 0..32 {
        let (client, todo) = (client.clone(), Arc::clone(&todo));
        workers.push(tokio::spawn(async move {
            let mut tries = 0;
            loop {
                let next = todo.lock().unwrap().next();
                let Some(order) = next else {
                    return tries;
                };
                tries += pay(&client, order).await;
            }
        }));
    }
    let mut tries = 0;
    for worker in workers {
        tries += worker.await.unwrap();
    }
    let mut charged = HashMap::<String, u32>::new();
    for charge in fake.objects("charge") {
        assert_eq!(charge["paid"], true);
        *charged
            .entry(charge["metadata"]["order"].to_string())
            .or_default() += 1;
    }
    assert_eq!(charged.len(), 1_000);
    assert!(charged.values().all(|times| *times == 1));
    let requests = fake.server().count();
    println!("1,000 charges: {tries} calls, {requests} requests");
    assert!(
        requests > 1_100,
        "too few faults to prove anything: {requests}"
    );
    let received = fake.server().received();
    assert!(
        received
            .iter()
            .all(|r| !r.header("idempotency-key").is_empty())
    );
}

#[tokio::test]
async fn without_keys_the_same_faults_charge_twice() {
    let fake = FakeStripe::start().await.unwrap();
    fake.inject([StripeFault::ResetAfter]);
    let plain = integration_core::http::Client::preset(Preset::Payments, &fake.url()).unwrap();
    let plain = plain.build().unwrap();
    let pay = || {
        let call = plain
            .post("/v1/payment_intents")
            .bearer(&"sk_test_1".to_owned().into());
        call.body("amount=5&currency=eur&payment_method=pm_card_visa&confirm=true")
            .send()
    };
    assert!(pay().await.is_err());
    pay().await.unwrap();
    assert_eq!(fake.objects("charge").len(), 2);
}

#[cfg(feature = "webhooks")]
#[tokio::test]
async fn events_are_delivered_with_signatures_that_verify() {
    use integration_stripe::webhook::Webhooks;
    use integration_testkit::{Reply, ScriptedServer};

    let (client, fake) = fake().await;
    post(&client, INTENTS, payment("pm_card_visa"))
        .await
        .unwrap();
    let endpoint = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let secret = || "whsec_fake".to_owned().into();
    let statuses = fake
        .deliver(&endpoint.url("/hook"), &secret())
        .await
        .unwrap();
    assert_eq!(statuses, [200, 200, 200]);
    let webhooks = Webhooks::new([secret()]).unwrap();
    let types: Vec<_> = endpoint
        .received()
        .iter()
        .map(|r| {
            webhooks
                .event(&r.headers, &r.body)
                .unwrap()
                .r#type()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        types,
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded"
        ]
    );
    let none_left = fake
        .deliver(&endpoint.url("/hook"), &secret())
        .await
        .unwrap();
    assert!(none_left.is_empty());
}
