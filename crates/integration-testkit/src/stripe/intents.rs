//! Payment intents: the state machine that money moves through.

use http::Method;
use serde_json::{Value, json};

use super::{
    card::Outcome,
    customers::{attach_to, method, outcome_of},
    invoices,
    refusal::{Refusal, Result},
    request::{Params, Request},
    world::{World, take},
};

const KEPT: [&str; 3] = ["description", "receipt_email", "statement_descriptor"];

/// States in which the payer may still choose.
const OPEN: [&str; 2] = ["requires_payment_method", "requires_confirmation"];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    if request.method != Method::POST {
        return Err(Refusal::unknown_path(request));
    }
    match path {
        [] => create(world, params),
        [id] => {
            in_state(world, id, "update", &OPEN)?;
            change(world, id, params)?;
            world.whole(id)
        }
        [id, "confirm"] => {
            in_state(world, id, "confirm", &OPEN)?;
            change(world, id, params)?;
            confirm(world, id)
        }
        [id, "capture"] => {
            in_state(world, id, "capture", &["requires_capture"])?;
            capture(world, id, params.amount("amount_to_capture")?)
        }
        [id, "cancel"] => {
            let open = [OPEN[0], OPEN[1], "requires_action", "requires_capture"];
            in_state(world, id, "cancel", &open)?;
            let now = world.now();
            let fields = json!({"status": "canceled", "canceled_at": now, "next_action": null});
            world.set(id, fields);
            if let Some(intent) = world.get_mut(id) {
                take(intent, params, &["cancellation_reason"]);
            }
            world.told("payment_intent.canceled", id)
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
    let outcome = outcome_of(world, &intent["payment_method"]);
    world.set(id, json!({"next_action": null}));
    // A decline is the state of the intent, which is returned either way.
    let _ = match (succeeds, outcome) {
        (true, Outcome::Authenticates) => charge(world, id),
        (true, _) => refuse(world, id, "card_declined", "generic_decline"),
        (false, _) => refuse(world, id, "payment_intent_authentication_failure", ""),
    };
    world.get(id).cloned()
}

pub(super) fn create(world: &mut World, params: &Params) -> Result {
    let missing = || Refusal::param("parameter_missing", "amount", "is required");
    let amount = params.amount("amount")?.ok_or_else(missing)?;
    let currency = currency(params)?;
    if let Some(customer) = params.given("customer") {
        world.alive("customer", customer)?;
    }
    let capture = ["automatic", "automatic_async", "manual"];
    let id = add(
        world,
        json!({
            "amount": amount,
            "application_fee_amount": params.count("application_fee_amount")?,
            "capture_method": params.word("capture_method", &capture, "automatic")?,
            "currency": currency,
            "customer": params.given("customer"),
        }),
    );
    change(world, &id, params)?;
    world.event("payment_intent.created", &id);
    match params.is_true("confirm") {
        true => confirm(world, &id),
        false => world.whole(&id),
    }
}

/// Keeps an intent of these fields, which waits for a payment method.
pub(super) fn add(world: &mut World, fields: Value) -> String {
    let intent = json!({
        "amount_capturable": 0,
        "amount_received": 0,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "description": null,
        "last_payment_error": null,
        "latest_charge": null,
        "metadata": {},
        "next_action": null,
        "payment_method": null,
        "payment_method_types": ["card"],
        "receipt_email": null,
        "setup_future_usage": null,
        "status": "requires_payment_method",
    });
    let id = world.add("pi", "payment_intent", intent);
    world.set(&id, fields);
    let secret = format!("{id}_secret_fake");
    world.set(&id, json!({"client_secret": secret}));
    id
}

/// A currency in three lower case letters.
pub(super) fn currency(params: &Params) -> Result<&str> {
    let currency = params.required("currency")?;
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        let rule = "must be three lower case letters";
        return Err(Refusal::param("parameter_invalid", "currency", rule));
    }
    Ok(currency)
}

fn change(world: &mut World, id: &str, params: &Params) -> Result<()> {
    let amount = params.amount("amount")?;
    let uses = ["off_session", "on_session"];
    let usage = params.given("setup_future_usage");
    let usage = usage
        .map(|usage| params.word("setup_future_usage", &uses, usage))
        .transpose()?;
    let chosen = params.given("payment_method");
    let chosen = chosen.map(|chosen| method(world, chosen)).transpose()?;
    if let Some(intent) = world.get_mut(id) {
        take(intent, params, &KEPT);
        if let Some(amount) = amount {
            intent["amount"] = json!(amount);
        }
        if let Some(usage) = usage {
            intent["setup_future_usage"] = json!(usage);
        }
    }
    if let Some(chosen) = chosen {
        choose(world, id, &chosen);
    }
    Ok(())
}

/// Sets the method that an intent is paid with.
pub(super) fn choose(world: &mut World, id: &str, method: &str) {
    let fields = json!({
        "payment_method": method,
        "status": "requires_confirmation",
        "next_action": null,
    });
    world.set(id, fields);
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

/// Pays an intent with the method it has.
pub(super) fn confirm(world: &mut World, id: &str) -> Result {
    let intent = world.find("payment_intent", id)?;
    if intent["payment_method"].is_null() {
        let rule = "is required to confirm";
        return Err(Refusal::param("parameter_missing", "payment_method", rule));
    }
    match outcome_of(world, &intent["payment_method"]) {
        Outcome::Succeeds => charge(world, id),
        Outcome::Declined(code, decline) => refuse(world, id, code, decline),
        Outcome::DeclinedWhenCharged => refuse(world, id, "card_declined", "generic_decline"),
        Outcome::Authenticates | Outcome::AuthenticatesInVain => {
            let url = format!("https://hooks.stripe.com/3d_secure/{id}");
            let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
            let fields = json!({"status": "requires_action", "next_action": action});
            world.set(id, fields);
            world.event("payment_intent.requires_action", id);
            invoices::needs_action(world, id);
            world.whole(id)
        }
    }
}

fn add_charge(world: &mut World, intent: &Value, failure: Option<(&str, &str)>) -> String {
    let is_held = intent["capture_method"] == "manual" && failure.is_none();
    let method = intent["payment_method"].as_str();
    let method = method.and_then(|id| world.get(id)).cloned();
    let details = method.map(|method| json!({"type": "card", "card": method["card"]}));
    let outcome = match failure {
        None => {
            json!({"type": "authorized", "network_status": "approved_by_network", "reason": null})
        }
        Some((_, reason)) => {
            json!({"type": "issuer_declined", "network_status": "declined_by_network", "reason": reason})
        }
    };
    let charge = json!({
        "amount": intent["amount"],
        "amount_captured": if is_held || failure.is_some() { json!(0) } else { intent["amount"].clone() },
        "amount_refunded": 0,
        "billing_details": {"address": null, "email": null, "name": null, "phone": null},
        "captured": !is_held && failure.is_none(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": false,
        "failure_code": failure.map(|(code, _)| code),
        "outcome": outcome,
        "metadata": intent["metadata"],
        "paid": failure.is_none(),
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": details,
        "refunded": false,
        "status": if failure.is_none() { "succeeded" } else { "failed" },
    });
    let id = world.add("ch", "charge", charge);
    let event = match failure {
        None => "charge.succeeded",
        Some(_) => "charge.failed",
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
    let fields = json!({
        "latest_charge": charge,
        "last_payment_error": null,
        "status": status,
        amount: intent["amount"],
    });
    world.set(id, fields);
    keep_for_later(world, &intent);
    world.event(event, id);
    invoices::settle_by(world, id);
    world.whole(id)
}

/// A method that is to be used again belongs to the customer from now on.
fn keep_for_later(world: &mut World, intent: &Value) {
    let customer = intent["customer"].as_str();
    let method = intent["payment_method"].as_str();
    if let (false, Some(customer), Some(method)) =
        (intent["setup_future_usage"].is_null(), customer, method)
    {
        // It was charged: what could refuse it is the method of another customer.
        let _ = attach_to(world, method, customer);
    }
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
    let captured = json!({"captured": true, "amount_captured": amount});
    world.set(charge, captured);
    let fields = json!({"status": "succeeded", "amount_capturable": 0, "amount_received": amount});
    world.set(id, fields);
    world.told("payment_intent.succeeded", id)
}

/// Refuses a payment, which leaves the intent open for another card.
fn refuse(world: &mut World, id: &str, code: &str, decline: &str) -> Result {
    let intent = world.find("payment_intent", id)?.clone();
    let charge = add_charge(world, &intent, Some((code, decline)));
    let method = intent["payment_method"].as_str();
    let method = method.and_then(|id| world.get(id)).cloned();
    let mut error = Refusal::card(code, decline).error;
    if decline.is_empty() {
        error["type"] = json!("invalid_request_error");
    }
    error["charge"] = json!(charge);
    error["payment_method"] = json!(method);
    let fields = json!({
        "latest_charge": charge,
        "last_payment_error": error,
        "payment_method": null,
        "status": "requires_payment_method",
    });
    world.set(id, fields);
    world.event("payment_intent.payment_failed", id);
    invoices::fail_by(world, id);
    error["payment_intent"] = world.whole(id)?;
    Err(Refusal::new(402, error))
}
