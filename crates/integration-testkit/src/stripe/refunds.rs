//! Refunds: at most what was captured.

use serde_json::{Value, json};

use super::{
    customers::told,
    request::{Params, Refusal, Result},
    world::{World, take},
};

pub(super) fn create(world: &mut World, params: &Params) -> Result {
    let charge = match (params.text("charge"), params.text("payment_intent")) {
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
    if let Some(at) = world.get_mut(&charge) {
        at["amount_refunded"] = json!(amount_of("amount_refunded") + amount);
        at["refunded"] = json!(amount == left);
    }
    world.event("charge.refunded", &charge);
    let mut refund = json!({
        "amount": amount,
        "charge": charge,
        "currency": found["currency"],
        "payment_intent": found["payment_intent"],
        "reason": Value::Null,
        "status": "succeeded",
    });
    take(&mut refund, params, &["reason"]);
    let id = world.add("re", "refund", refund);
    told(world, "refund.created", id)
}
