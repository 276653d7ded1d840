//! Refunds: at most what was captured.

use serde_json::json;

use super::{
    refusal::{Refusal, Result},
    request::Params,
    world::{World, take},
};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub(super) fn create(world: &mut World, params: &Params) -> Result {
    let charge = match (params.given("charge"), params.given("payment_intent")) {
        (Some(charge), _) => charge.to_owned(),
        (None, Some(intent)) => {
            let intent = world.find("payment_intent", intent)?;
            intent["latest_charge"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        }
        (None, None) => {
            let rule = "or `payment_intent` is required";
            return Err(Refusal::param("parameter_missing", "charge", rule));
        }
    };
    if let Some(reason) = params.given("reason") {
        params.word("reason", &REASONS, reason)?;
    }
    let found = world.find("charge", &charge)?.clone();
    let amount_of = |name: &str| found[name].as_i64().unwrap_or_default();
    let left = amount_of("amount_captured") - amount_of("amount_refunded");
    if left <= 0 {
        return Err(Refusal::state(
            "charge_already_refunded",
            "nothing is left to refund",
        ));
    }
    let amount = params.amount("amount")?.unwrap_or(left);
    if amount > left {
        let rule = "is above what is left to refund";
        return Err(Refusal::param("amount_too_large", "amount", rule));
    }
    let refunded = amount_of("amount_refunded") + amount;
    let fields = json!({"amount_refunded": refunded, "refunded": amount == left});
    world.set(&charge, fields);
    world.event("charge.refunded", &charge);
    let mut refund = json!({
        "amount": amount,
        "balance_transaction": null,
        "charge": charge,
        "currency": found["currency"],
        "payment_intent": found["payment_intent"],
        "reason": null,
        "receipt_number": null,
        "status": "succeeded",
    });
    take(&mut refund, params, &["reason"]);
    let id = world.add("re", "refund", refund);
    world.told("refund.created", &id)
}
