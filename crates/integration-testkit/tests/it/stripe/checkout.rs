//! Sessions of checkout.

use std::time::Duration;

use super::{Api, ids, text};

const PATH: &str = "/v1/checkout/sessions";
const ITEM: &str =
    "success_url=https://example.com/ok&line_items[0][quantity]=3&line_items[0][price]";

#[tokio::test]
async fn a_session_is_paid_on_its_page() {
    let api = Api::start().await;
    let price = api.price(900, "").await;
    let body = format!(
        "mode=payment&{ITEM}={price}&client_reference_id=order-7&metadata[order]=7\
         &payment_intent_data[metadata][order]=7"
    );
    let session = api.post(PATH, &body).await;
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&"open".into(), &"unpaid".into())
    );
    assert!(text(&session, "url").starts_with("https://checkout.stripe.com/"));
    assert!(session.get("line_items").is_none());
    let id = text(&session, "id");
    let declined = api
        .fake
        .complete_checkout(&id, "pm_card_visa_chargeDeclined")
        .unwrap();
    assert_eq!(declined["status"], "open");
    let done = api.fake.complete_checkout(&id, "pm_card_visa").unwrap();
    assert_eq!(
        (&done["status"], &done["payment_status"]),
        (&"complete".into(), &"paid".into())
    );
    assert!(done["url"].is_null());
    assert!(api.fake.complete_checkout(&id, "pm_card_visa").is_none());
    let intent = api
        .get(&format!(
            "/v1/payment_intents/{}",
            text(&done, "payment_intent")
        ))
        .await;
    assert_eq!(
        (&intent["amount_received"], &intent["metadata"]["order"]),
        (&2700.into(), &"7".into())
    );
    let event = api.fake.objects("event").pop().unwrap();
    assert_eq!(event["type"], "checkout.session.completed");
    assert_eq!(event["data"]["object"]["client_reference_id"], "order-7");
    let items = api.get(&format!("{PATH}/{id}/line_items")).await;
    assert_eq!(items["data"][0]["amount_total"], 2700);
    let expanded = api.get(&format!("{PATH}/{id}?expand[]=line_items")).await;
    assert_eq!(ids(&expanded["line_items"]), ids(&items));
}

#[tokio::test]
async fn a_session_begins_a_subscription_with_a_trial_or_without() {
    for (more, status, paid, charges) in [
        ("", "active", "paid", 1),
        (
            "&subscription_data[trial_period_days]=7",
            "trialing",
            "no_payment_required",
            0,
        ),
    ] {
        let api = Api::start().await;
        let price = api.price(900, "&recurring[interval]=month").await;
        let body =
            format!("mode=subscription&{ITEM}={price}&customer_email=jenny@example.com{more}");
        let session = api.post(PATH, &body).await;
        // The page lets the payer authenticate.
        let done = api
            .fake
            .complete_checkout(&text(&session, "id"), "pm_card_authenticationRequired");
        let done = done.unwrap();
        assert_eq!(done["payment_status"], paid);
        assert_eq!(done["customer_details"]["email"], "jenny@example.com");
        let path = format!(
            "/v1/subscriptions/{}?expand[]=customer",
            text(&done, "subscription")
        );
        let subscription = api.get(&path).await;
        assert_eq!(subscription["status"], status);
        assert_eq!(subscription["customer"]["email"], "jenny@example.com");
        assert_eq!(api.fake.objects("charge").len(), charges);
    }
}

#[tokio::test]
async fn a_session_keeps_a_card() {
    let api = Api::start().await;
    let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let body =
        format!("mode=setup&customer={customer}&success_url=https://example.com/ok&currency=eur");
    let session = api.post(PATH, &body).await;
    let done = api
        .fake
        .complete_checkout(&text(&session, "id"), "pm_card_visa")
        .unwrap();
    assert_eq!(done["payment_status"], "no_payment_required");
    let cards = api
        .get(&format!("/v1/customers/{customer}/payment_methods"))
        .await;
    assert_eq!(ids(&cards).len(), 1);
}

#[tokio::test]
async fn a_session_expires_by_hand_or_by_age() {
    let api = Api::start().await;
    let price = api.price(900, "").await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let session = api
            .post(PATH, &format!("mode=payment&{ITEM}={price}"))
            .await;
        sessions.push(text(&session, "id"));
    }
    let expire = format!("{PATH}/{}/expire", sessions[0]);
    assert_eq!(api.post(&expire, "").await["status"], "expired");
    assert_eq!(api.refused(&expire, "").await.0, 400);
    api.fake.advance(Duration::from_secs(86_401));
    assert_eq!(
        api.get(&format!("{PATH}/{}", sessions[1])).await["status"],
        "expired"
    );
    assert!(
        api.fake
            .complete_checkout(&sessions[1], "pm_card_visa")
            .is_none()
    );
    let expired = api
        .events()
        .iter()
        .filter(|event| *event == "checkout.session.expired")
        .count();
    assert_eq!(expired, 2);
}

#[tokio::test]
async fn wrong_sessions_are_refused() {
    let api = Api::start().await;
    let once = api.price(900, "").await;
    let month = api.price(900, "&recurring[interval]=month").await;
    for (body, code) in [
        (format!("{ITEM}={once}"), "parameter_missing"),
        (
            format!("mode=donate&{ITEM}={once}"),
            "parameter_invalid_enum",
        ),
        (
            format!("mode=payment&line_items[0][price]={once}"),
            "parameter_missing",
        ),
        (
            "mode=payment&success_url=https://example.com".to_owned(),
            "parameter_invalid",
        ),
        (format!("mode=payment&{ITEM}={month}"), "parameter_invalid"),
        (
            format!("mode=subscription&{ITEM}={once}"),
            "parameter_invalid",
        ),
        (format!("mode=payment&{ITEM}=price_0"), "resource_missing"),
        (
            format!("mode=payment&customer=cus_0&{ITEM}={once}"),
            "resource_missing",
        ),
    ] {
        assert_eq!(api.refused(PATH, &body).await.1, code, "{body}");
    }
    assert!(api.fake.objects("checkout.session").is_empty());
}
