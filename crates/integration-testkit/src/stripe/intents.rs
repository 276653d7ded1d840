//! Payment intents: the state machine that money moves through.

use serde_json::{Value, json};

use super::{
    card::{self, Outcome},
    customers::{alive, method, told},
    request::{Params, Refusal, Request, Result},
    world::{World, take},
};

const KEPT: [&str; 3] = ["description", "receipt_email", "statement_descriptor"];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    match path {
        [_] => create(world, params),
        [_, id] => {
            in_state(
                world,
                id,
                "update",
                &["requires_payment_method", "requires_confirmation"],
            )?;
            change(world, id, params)?;
            world.find("payment_intent", id).cloned()
        }
        [_, id, "confirm"] => {
            in_state(
                world,
                id,
                "confirm",
                &["requires_payment_method", "requires_confirmation"],
            )?;
            change(world, id, params)?;
            confirm(world, id)
        }
        [_, id, "capture"] => {
            in_state(world, id, "capture", &["requires_capture"])?;
            capture(world, id, params.amount("amount_to_capture")?)
        }
        [_, id, "cancel"] => {
            let open = [
                "requires_payment_method",
                "requires_confirmation",
                "requires_action",
                "requires_capture",
            ];
            in_state(world, id, "cancel", &open)?;
            if let Some(intent) = world.get_mut(id) {
                intent["status"] = json!("canceled");
                intent["next_action"] = Value::Null;
                take(intent, params, &["cancellation_reason"]);
            }
            told(world, "payment_intent.canceled", (*id).to_owned())
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

/// Ends the 3-D Secure of an intent.
pub(super) fn authenticate(world: &mut World, id: &str, succeeds: bool) -> Option<Value> {
    let intent = world.find("payment_intent", id).ok()?;
    if intent["status"] != "requires_action" {
        return None;
    }
    let outcome = outcome_of(world, id);
    if let Some(intent) = world.get_mut(id) {
        intent["next_action"] = Value::Null;
    }
    // A decline is the state of the intent, which is returned either way.
    let _ = match (succeeds, outcome) {
        (true, Outcome::Authenticates) => charge(world, id),
        (true, _) => refuse(world, id, "card_declined", "generic_decline"),
        (false, _) => refuse(world, id, "payment_intent_authentication_failure", ""),
    };
    world.get(id).cloned()
}

fn create(world: &mut World, params: &Params) -> Result {
    let missing = || Refusal::param("parameter_missing", "amount", "is required");
    let amount = params.amount("amount")?.ok_or_else(missing)?;
    let currency = params.required("currency")?;
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        let rule = "must be three lower case letters";
        return Err(Refusal::param("parameter_invalid", "currency", rule));
    }
    if let Some(customer) = params.text("customer") {
        alive(world, customer)?;
    }
    let intent = json!({
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": null,
        "capture_method": params.text("capture_method").unwrap_or("automatic"),
        "currency": currency,
        "customer": params.text("customer"),
        "last_payment_error": null,
        "latest_charge": null,
        "next_action": null,
        "payment_method": null,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    });
    let id = world.add("pi", "payment_intent", intent);
    change(world, &id, params)?;
    if let Some(intent) = world.get_mut(&id) {
        intent["client_secret"] = json!(format!("{id}_secret_fake"));
    }
    world.event("payment_intent.created", &id);
    match params.is_true("confirm") {
        true => confirm(world, &id),
        false => world.find("payment_intent", &id).cloned(),
    }
}

fn change(world: &mut World, id: &str, params: &Params) -> Result<()> {
    let amount = params.amount("amount")?;
    let chosen = params
        .text("payment_method")
        .filter(|text| !text.is_empty());
    let chosen = chosen.map(|chosen| method(world, chosen)).transpose()?;
    if let Some(intent) = world.get_mut(id) {
        take(intent, params, &KEPT);
        if let Some(amount) = amount {
            intent["amount"] = json!(amount);
        }
        if let Some(chosen) = chosen {
            intent["payment_method"] = json!(chosen);
            intent["status"] = json!("requires_confirmation");
        }
    }
    Ok(())
}

fn in_state(world: &World, id: &str, verb: &str, states: &[&str]) -> Result<()> {
    let intent = world.find("payment_intent", id)?;
    let status = intent["status"].as_str().unwrap_or_default();
    if states.contains(&status) {
        return Ok(());
    }
    let message = format!("a payment intent with the status {status} cannot {verb}");
    let mut refusal = Refusal::state("payment_intent_unexpected_state", &message);
    refusal.error["payment_intent"] = intent.clone();
    Err(refusal)
}

fn outcome_of(world: &World, id: &str) -> Outcome {
    let method = world
        .get(id)
        .and_then(|intent| intent["payment_method"].as_str());
    let name = method
        .and_then(|id| world.get(id))
        .and_then(|method| method["fake_card"].as_str());
    let card = name.and_then(card::find);
    card.map_or(Outcome::Succeeds, |card| card.outcome)
}

fn confirm(world: &mut World, id: &str) -> Result {
    if world.find("payment_intent", id)?["payment_method"].is_null() {
        let rule = "is required to confirm";
        return Err(Refusal::param("parameter_missing", "payment_method", rule));
    }
    match outcome_of(world, id) {
        Outcome::Succeeds => charge(world, id),
        Outcome::Declined(code, decline) => refuse(world, id, code, decline),
        Outcome::Authenticates | Outcome::AuthenticatesInVain => {
            if let Some(intent) = world.get_mut(id) {
                intent["status"] = json!("requires_action");
                let url = format!("https://hooks.stripe.com/3d_secure/{id}");
                intent["next_action"] =
                    json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
            }
            told(world, "payment_intent.requires_action", id.to_owned())
        }
    }
}

fn add_charge(world: &mut World, intent: &Value, failure: Option<(&str, &str)>) -> String {
    let is_held = intent["capture_method"] == "manual" && failure.is_none();
    let charge = json!({
        "amount": intent["amount"],
        "amount_captured": if is_held || failure.is_some() { json!(0) } else { intent["amount"].clone() },
        "amount_refunded": 0,
        "captured": !is_held && failure.is_none(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "failure_code": failure.map(|(code, _)| code),
        "outcome": {"reason": failure.map(|(_, decline)| decline)},
        "metadata": intent["metadata"],
        "paid": failure.is_none(),
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "refunded": false,
        "status": if failure.is_none() { "succeeded" } else { "failed" },
    });
    let id = world.add("ch", "charge", charge);
    let event = if failure.is_none() {
        "charge.succeeded"
    } else {
        "charge.failed"
    };
    world.event(event, &id);
    id
}

fn charge(world: &mut World, id: &str) -> Result {
    let intent = world.find("payment_intent", id)?.clone();
    let charge = add_charge(world, &intent, None);
    let is_held = intent["capture_method"] == "manual";
    let (status, amount, event) = match is_held {
        true => (
            "requires_capture",
            "amount_capturable",
            "payment_intent.amount_capturable_updated",
        ),
        false => ("succeeded", "amount_received", "payment_intent.succeeded"),
    };
    if let Some(at) = world.get_mut(id) {
        at["latest_charge"] = json!(charge);
        at["last_payment_error"] = Value::Null;
        at["status"] = json!(status);
        at[amount] = intent["amount"].clone();
    }
    told(world, event, id.to_owned())
}

fn capture(world: &mut World, id: &str, amount: Option<i64>) -> Result {
    let intent = world.find("payment_intent", id)?.clone();
    let held = intent["amount_capturable"].as_i64().unwrap_or_default();
    let amount = amount.unwrap_or(held);
    if amount > held {
        let rule = "is above what can be captured";
        return Err(Refusal::param(
            "amount_too_large",
            "amount_to_capture",
            rule,
        ));
    }
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    if let Some(charge) = world.get_mut(charge) {
        charge["captured"] = json!(true);
        charge["amount_captured"] = json!(amount);
    }
    if let Some(at) = world.get_mut(id) {
        at["status"] = json!("succeeded");
        at["amount_capturable"] = json!(0);
        at["amount_received"] = json!(amount);
    }
    told(world, "payment_intent.succeeded", id.to_owned())
}

/// Refuses a payment, which leaves the intent open for another card.
fn refuse(world: &mut World, id: &str, code: &str, decline: &str) -> Result {
    let intent = world.find("payment_intent", id)?.clone();
    let charge = add_charge(world, &intent, Some((code, decline)));
    let method = intent["payment_method"]
        .as_str()
        .and_then(|id| world.get(id))
        .cloned();
    let mut error = json!({
        "type": if decline.is_empty() { "invalid_request_error" } else { "card_error" },
        "code": code,
        "charge": charge,
        "message": "Your card was declined.",
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")),
        "payment_method": method,
    });
    if !decline.is_empty() {
        error["decline_code"] = json!(decline);
        error["advice_code"] = json!("try_again_later");
    }
    if let Some(at) = world.get_mut(id) {
        at["latest_charge"] = json!(charge);
        at["last_payment_error"] = error.clone();
        at["payment_method"] = Value::Null;
        at["status"] = json!("requires_payment_method");
    }
    world.event("payment_intent.payment_failed", id);
    error["payment_intent"] = world.find("payment_intent", id)?.clone();
    Err(Refusal::new(402, error))
}
