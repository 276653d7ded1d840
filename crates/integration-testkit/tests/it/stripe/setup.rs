//! Setup intents, and cards that are kept.

use super::{Api, ids, text};

const PATH: &str = "/v1/setup_intents";

#[tokio::test]
async fn a_card_is_kept_with_its_customer() {
    let api = Api::start().await;
    let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let intent = api.post(PATH, &format!("customer={customer}")).await;
    assert_eq!(intent["status"], "requires_payment_method");
    let confirm = format!("{PATH}/{}/confirm", text(&intent, "id"));
    assert_eq!(api.refused(&confirm, "").await.1, "parameter_missing");
    let done = api.post(&confirm, "payment_method=pm_card_visa").await;
    assert_eq!(done["status"], "succeeded");
    let cards = api
        .get(&format!(
            "/v1/payment_methods?customer={customer}&type=card"
        ))
        .await;
    assert_eq!(ids(&cards), [text(&done, "payment_method")]);
    assert_eq!(
        api.refused(&confirm, "").await.1,
        "setup_intent_unexpected_state"
    );
}

#[tokio::test]
async fn three_d_secure_of_a_setup_is_waited_for() {
    for (succeeds, status) in [(true, "succeeded"), (false, "requires_payment_method")] {
        let api = Api::start().await;
        let body = "confirm=true&payment_method=pm_card_authenticationRequired";
        let intent = api.post(PATH, body).await;
        assert_eq!(intent["status"], "requires_action");
        let intent = text(&intent, "id");
        let ended = api.fake.authenticate(&intent, succeeds).unwrap();
        assert_eq!(ended["status"], status);
        assert!(api.fake.authenticate(&intent, succeeds).is_none());
    }
}

#[tokio::test]
async fn a_declined_card_is_not_kept() {
    let api = Api::start().await;
    let customer = text(&api.post("/v1/customers", "name=Jenny").await, "id");
    let body =
        format!("confirm=true&customer={customer}&payment_method=pm_card_visa_chargeDeclined");
    assert_eq!(
        api.refused(PATH, &body).await,
        (402, "card_declined".to_owned())
    );
    let attach = "/v1/payment_methods/pm_card_visa_chargeDeclined/attach";
    assert_eq!(
        api.refused(attach, &format!("customer={customer}")).await.0,
        402
    );
    // This one can be kept, and is declined when it is charged.
    let body = body.replace("pm_card_visa_chargeDeclined", "pm_card_chargeCustomerFail");
    let kept = text(&api.post(PATH, &body).await, "payment_method");
    let body =
        format!("amount=5&currency=eur&confirm=true&customer={customer}&payment_method={kept}");
    assert_eq!(api.refused("/v1/payment_intents", &body).await.0, 402);
}

#[tokio::test]
async fn a_setup_is_canceled() {
    let api = Api::start().await;
    let intent = text(&api.post(PATH, "").await, "id");
    let done = api
        .post(
            &format!("{PATH}/{intent}/cancel"),
            "cancellation_reason=abandoned",
        )
        .await;
    assert_eq!(
        (&done["status"], &done["cancellation_reason"]),
        (&"canceled".into(), &"abandoned".into())
    );
    assert_eq!(
        api.events(),
        ["setup_intent.created", "setup_intent.canceled"]
    );
}
