//! Subscriptions and their invoices, over time.

use std::time::Duration;

use serde_json::Value;

use super::{Api, ids, text};

const DAY: Duration = Duration::from_secs(86_400);
const PATH: &str = "/v1/subscriptions";

async fn subscribe(api: &Api, customer: &str, more: &str) -> Value {
    let price = api.price(900, "&recurring[interval]=month").await;
    let body = format!(
        "customer={customer}&items[0][price]={price}&items[0][quantity]=2\
         &expand[0]=latest_invoice.payments.data.payment.payment_intent{more}"
    );
    api.post(PATH, &body).await
}

async fn now(api: &Api, subscription: &Value) -> Value {
    api.get(&format!("{PATH}/{}", text(subscription, "id")))
        .await
}

#[tokio::test]
async fn the_first_invoice_is_paid_at_once() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_visa", "").await;
    let subscription = subscribe(&api, &customer, "").await;
    assert_eq!(subscription["status"], "active");
    let invoice = &subscription["latest_invoice"];
    assert_eq!(
        (&invoice["status"], &invoice["amount_paid"]),
        (&"paid".into(), &1800.into())
    );
    let payment = &invoice["payments"]["data"][0];
    assert_eq!(payment["status"], "paid");
    assert_eq!(payment["payment"]["payment_intent"]["status"], "succeeded");
    assert_eq!(api.fake.objects("charge")[0]["amount"], 1800);
    let events = api.events();
    for event in [
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "customer.subscription.created",
    ] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
    // What comes only where it is asked for, and what is the fake's own, is not shown.
    let invoice = api
        .get(&format!("/v1/invoices/{}", text(invoice, "id")))
        .await;
    assert!(invoice.get("payments").is_none() && !invoice.to_string().contains("\"_"));
}

#[tokio::test]
async fn a_trial_is_free_and_paid_when_it_ends() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_visa", "").await;
    let trial = subscribe(&api, &customer, "&trial_period_days=14").await;
    assert_eq!(trial["status"], "trialing");
    assert_eq!(trial["latest_invoice"]["amount_due"], 0);
    assert!(api.fake.objects("charge").is_empty());
    api.fake.advance(12 * DAY);
    assert_eq!(
        api.events().pop().unwrap(),
        "customer.subscription.trial_will_end"
    );
    assert_eq!(now(&api, &trial).await["status"], "trialing");
    api.fake.advance(2 * DAY);
    let active = now(&api, &trial).await;
    assert_eq!(active["status"], "active");
    assert_eq!(
        active["items"]["data"][0]["current_period_start"],
        trial["trial_end"]
    );
    assert_eq!(api.fake.objects("charge")[0]["amount"], 1800);
    api.fake.advance(62 * DAY);
    assert_eq!(api.fake.objects("charge").len(), 3);
    let invoices = api
        .get(&format!("/v1/invoices?subscription={}", text(&trial, "id")))
        .await;
    let reasons: Vec<String> = invoices["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| text(at, "billing_reason"))
        .collect();
    assert_eq!(
        reasons,
        [
            "subscription_cycle",
            "subscription_cycle",
            "subscription_cycle",
            "subscription_create"
        ]
    );
}

#[tokio::test]
async fn a_trial_without_a_card_ends_as_it_was_asked_to() {
    for (behavior, status) in [
        ("cancel", "canceled"),
        ("pause", "paused"),
        ("create_invoice", "past_due"),
    ] {
        let api = Api::start().await;
        let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
        let more = format!(
            "&trial_period_days=1&trial_settings[end_behavior][missing_payment_method]={behavior}"
        );
        let trial = subscribe(&api, &customer, &more).await;
        api.fake.advance(DAY);
        assert_eq!(now(&api, &trial).await["status"], status, "{behavior}");
    }
}

#[tokio::test]
async fn a_card_that_fails_later_makes_it_past_due_until_it_is_paid() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_chargeCustomerFail", "").await;
    let trial = subscribe(&api, &customer, "&trial_period_days=1").await;
    api.fake.advance(DAY);
    let late = now(&api, &trial).await;
    assert_eq!(late["status"], "past_due");
    assert!(api.events().contains(&"invoice.payment_failed".to_owned()));
    let invoice = text(&late, "latest_invoice");
    let pay = format!("/v1/invoices/{invoice}/pay");
    assert_eq!(
        api.refused(&pay, "").await,
        (402, "card_declined".to_owned())
    );
    let card = api
        .post(
            "/v1/payment_methods/pm_card_visa/attach",
            &format!("customer={customer}"),
        )
        .await;
    let paid = api
        .post(&pay, &format!("payment_method={}", text(&card, "id")))
        .await;
    assert_eq!(
        (&paid["status"], &paid["attempt_count"]),
        (&"paid".into(), &2.into())
    );
    assert_eq!(now(&api, &trial).await["status"], "active");
}

#[tokio::test]
async fn a_first_payment_that_fails_is_incomplete_or_refused() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_chargeCustomerFail", "").await;
    let open = subscribe(&api, &customer, "").await;
    assert_eq!(open["status"], "incomplete");
    assert_eq!(open["latest_invoice"]["status"], "open");
    let price = api.price(900, "&recurring[interval]=month").await;
    let body =
        format!("customer={customer}&items[0][price]={price}&payment_behavior=error_if_incomplete");
    assert_eq!(
        api.refused(PATH, &body).await,
        (402, "card_declined".to_owned())
    );
    assert_eq!(api.fake.objects("subscription").len(), 1);
    api.fake.advance(DAY);
    assert_eq!(now(&api, &open).await["status"], "incomplete_expired");
}

#[tokio::test]
async fn three_d_secure_of_the_first_payment_makes_it_active() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_authenticationRequired", "").await;
    let open = subscribe(&api, &customer, "").await;
    assert_eq!(open["status"], "incomplete");
    let intent = &open["latest_invoice"]["payments"]["data"][0]["payment"]["payment_intent"];
    assert_eq!(intent["status"], "requires_action");
    assert!(api.fake.authenticate(&text(intent, "id"), true).is_some());
    assert_eq!(now(&api, &open).await["status"], "active");
}

#[tokio::test]
async fn the_payer_may_bring_the_card_later() {
    let api = Api::start().await;
    let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let more = "&payment_behavior=default_incomplete&payment_settings[save_default_payment_method]=on_subscription\
                &expand[1]=latest_invoice.confirmation_secret";
    let open = subscribe(&api, &customer, more).await;
    assert_eq!(open["status"], "incomplete");
    let secret = text(
        &open["latest_invoice"]["confirmation_secret"],
        "client_secret",
    );
    let intent = secret.split("_secret").next().unwrap();
    api.post(
        &format!("/v1/payment_intents/{intent}/confirm"),
        "payment_method=pm_card_visa",
    )
    .await;
    let active = now(&api, &open).await;
    assert_eq!(active["status"], "active");
    assert!(active["default_payment_method"].is_string());
}

#[tokio::test]
async fn it_is_canceled_at_once_or_at_the_end_of_its_period() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_visa", "").await;
    let first = subscribe(&api, &customer, "").await;
    let path = format!("{PATH}/{}", text(&first, "id"));
    let later = api.post(&path, "cancel_at_period_end=true").await;
    assert_eq!(
        later["cancel_at"],
        later["items"]["data"][0]["current_period_end"]
    );
    let kept = api.post(&path, "cancel_at_period_end=false").await;
    assert!(kept["cancel_at"].is_null() && kept["canceled_at"].is_null());
    api.post(&path, "cancel_at_period_end=true").await;
    api.fake.advance(32 * DAY);
    assert_eq!(now(&api, &first).await["status"], "canceled");
    assert_eq!(api.fake.objects("charge").len(), 1);

    let second = subscribe(&api, &customer, "").await;
    let path = format!("{PATH}/{}", text(&second, "id"));
    assert_eq!(api.delete(&path).await["status"], "canceled");
    assert_eq!(api.events().pop().unwrap(), "customer.subscription.deleted");
    assert_eq!(api.refused(&path, "cancel_at_period_end=true").await.0, 400);
    assert!(ids(&api.get(PATH).await).is_empty());
    assert_eq!(ids(&api.get(&format!("{PATH}?status=all")).await).len(), 2);
}

#[tokio::test]
async fn what_stands_on_a_test_clock_moves_with_it_only() {
    let api = Api::start().await;
    let clock = api
        .post(
            "/v1/test_helpers/test_clocks",
            "frozen_time=1700000000&name=c",
        )
        .await;
    let clock = text(&clock, "id");
    let customer = api
        .payer("pm_card_visa", &format!("&test_clock={clock}"))
        .await;
    let trial = subscribe(&api, &customer, "&trial_period_days=7").await;
    assert_eq!(trial["created"], 1_700_000_000);
    api.fake.advance(30 * DAY);
    assert_eq!(now(&api, &trial).await["status"], "trialing");
    let path = format!("/v1/test_helpers/test_clocks/{clock}");
    let advance = format!("{path}/advance");
    assert_eq!(
        api.post(&advance, "frozen_time=1700604800").await["status"],
        "advancing"
    );
    let ready = api.get(&path).await;
    assert_eq!(
        (&ready["status"], &ready["frozen_time"]),
        (&"ready".into(), &1_700_604_800.into())
    );
    assert_eq!(now(&api, &trial).await["status"], "active");
    assert_eq!(api.fake.objects("charge")[0]["created"], 1_700_604_800);
    assert_eq!(api.refused(&advance, "frozen_time=1700604800").await.0, 400);
    assert_eq!(api.delete(&path).await["deleted"], true);
    assert_eq!(now(&api, &trial).await["status"], "canceled");
    assert_eq!(
        api.refused(&format!("/v1/customers/{customer}"), "name=x")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn an_invoice_that_is_sent_waits() {
    let api = Api::start().await;
    let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let sent = subscribe(
        &api,
        &customer,
        "&collection_method=send_invoice&days_until_due=30",
    )
    .await;
    assert_eq!(sent["status"], "active");
    let invoice = text(&sent["latest_invoice"], "id");
    let pay = format!("/v1/invoices/{invoice}/pay");
    let paid = api.post(&pay, "paid_out_of_band=true").await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(api.refused(&pay, "").await.1, "invoice_not_editable");
    let lines = api.get(&format!("/v1/invoices/{invoice}/lines")).await;
    assert_eq!(lines["data"][0]["amount"], 1800);
}

#[tokio::test]
async fn seats_and_prices_change() {
    let api = Api::start().await;
    let customer = api.payer("pm_card_visa", "").await;
    let subscription = subscribe(&api, &customer, "").await;
    let path = format!("{PATH}/{}", text(&subscription, "id"));
    let item = text(&subscription["items"]["data"][0], "id");
    let dear = api.price(2000, "&recurring[interval]=month").await;
    let changed = api
        .post(
            &path,
            &format!("items[0][id]={item}&items[0][quantity]=5&items[0][price]={dear}"),
        )
        .await;
    assert_eq!(changed["items"]["data"][0]["price"]["unit_amount"], 2000);
    api.fake.advance(31 * DAY);
    let charges = api.fake.objects("charge");
    assert_eq!(charges[1]["amount"], 10_000);
    assert_eq!(
        api.refused(&path, "items[0][id]=si_0&items[0][quantity]=1")
            .await
            .0,
        404
    );
    let items = api
        .get(&format!(
            "/v1/subscription_items?subscription={}",
            text(&subscription, "id")
        ))
        .await;
    assert_eq!(ids(&items), [item]);
}

#[tokio::test]
async fn wrong_subscriptions_are_refused_and_leave_nothing() {
    let api = Api::start().await;
    let payer = api.payer("pm_card_visa", "").await;
    let poor = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let once = api.price(900, "").await;
    let month = api.price(900, "&recurring[interval]=month").await;
    let year = api.price(900, "&recurring[interval]=year").await;
    for (body, status, code) in [
        (format!("items[0][price]={month}"), 400, "parameter_missing"),
        (format!("customer={payer}"), 400, "parameter_missing"),
        (
            format!("customer=cus_0&items[0][price]={month}"),
            404,
            "resource_missing",
        ),
        (
            format!("customer={payer}&items[0][price]={once}"),
            400,
            "parameter_invalid",
        ),
        (
            format!("customer={payer}&items[0][price]={month}&items[1][price]={year}"),
            400,
            "parameter_invalid",
        ),
        (
            format!("customer={payer}&items[0][price]={month}&trial_end=1"),
            400,
            "parameter_invalid",
        ),
        (
            format!("customer={payer}&items[0][price]={month}&trial_period_days=731"),
            400,
            "parameter_invalid",
        ),
        (
            format!("customer={payer}&items[0][price]={month}&payment_behavior=maybe"),
            400,
            "parameter_invalid_enum",
        ),
        (
            format!("customer={payer}&items[0][price]={month}&default_payment_method=pm_0"),
            400,
            "resource_missing",
        ),
        (
            format!("customer={poor}&items[0][price]={month}"),
            400,
            "resource_missing",
        ),
    ] {
        assert_eq!(
            api.refused(PATH, &body).await,
            (status, code.to_owned()),
            "{body}"
        );
    }
    assert!(api.fake.objects("subscription").is_empty());
    assert!(api.fake.objects("invoice").is_empty());
}
