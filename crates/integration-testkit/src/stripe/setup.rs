//! Setup intents: a card that is kept, not charged.

use http::Method;
use serde_json::{Value, json};

use super::{
    card::Outcome,
    customers::{attach_to, method, outcome_of},
    refusal::{Refusal, Result},
    request::{Params, Request},
    world::{World, take},
};

const OPEN: [&str; 2] = ["requires_payment_method", "requires_confirmation"];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    if request.method != Method::POST {
        return Err(Refusal::unknown_path(request));
    }
    match path {
        [] => create(world, params),
        [id] => {
            in_state(world, id, &OPEN)?;
            change(world, id, params)?;
            world.whole(id)
        }
        [id, "confirm"] => {
            in_state(world, id, &OPEN)?;
            change(world, id, params)?;
            confirm(world, id)
        }
        [id, "cancel"] => {
            in_state(world, id, &[OPEN[0], OPEN[1], "requires_action"])?;
            world.set(id, json!({"status": "canceled", "next_action": null}));
            if let Some(intent) = world.get_mut(id) {
                take(intent, params, &["cancellation_reason"]);
            }
            world.told("setup_intent.canceled", id)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

pub(super) fn create(world: &mut World, params: &Params) -> Result {
    let customer = params.given("customer");
    if let Some(customer) = customer {
        world.alive("customer", customer)?;
    }
    let usages = ["off_session", "on_session"];
    let intent = json!({
        "application": null,
        "automatic_payment_methods": null,
        "cancellation_reason": null,
        "customer": customer,
        "description": null,
        "last_setup_error": null,
        "latest_attempt": null,
        "mandate": null,
        "next_action": null,
        "payment_method": null,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": params.word("usage", &usages, "off_session")?,
    });
    let id = world.add("seti", "setup_intent", intent);
    let secret = format!("{id}_secret_fake");
    world.set(&id, json!({"client_secret": secret}));
    change(world, &id, params)?;
    world.event("setup_intent.created", &id);
    match params.is_true("confirm") {
        true => confirm(world, &id),
        false => world.whole(&id),
    }
}

fn change(world: &mut World, id: &str, params: &Params) -> Result<()> {
    let chosen = params.given("payment_method");
    let chosen = chosen.map(|chosen| method(world, chosen)).transpose()?;
    if let Some(intent) = world.get_mut(id) {
        take(intent, params, &["description"]);
    }
    if let Some(chosen) = chosen {
        let fields = json!({"payment_method": chosen, "status": "requires_confirmation"});
        world.set(id, fields);
    }
    Ok(())
}

fn in_state(world: &World, id: &str, states: &[&str]) -> Result<()> {
    let intent = world.find("setup_intent", id)?;
    let status = intent["status"].as_str().unwrap_or_default();
    if states.contains(&status) {
        return Ok(());
    }
    let message = format!("a setup intent with the status {status} cannot do this");
    let mut refusal = Refusal::state("setup_intent_unexpected_state", &message);
    refusal.error["setup_intent"] = intent.clone();
    Err(refusal)
}

fn confirm(world: &mut World, id: &str) -> Result {
    let method = world.find("setup_intent", id)?["payment_method"].clone();
    if method.is_null() {
        let rule = "is required to confirm";
        return Err(Refusal::param("parameter_missing", "payment_method", rule));
    }
    match outcome_of(world, &method) {
        Outcome::Succeeds | Outcome::DeclinedWhenCharged => succeed(world, id),
        Outcome::Declined(code, decline) => refuse(world, id, code, decline),
        Outcome::Authenticates | Outcome::AuthenticatesInVain => {
            let url = format!("https://hooks.stripe.com/3d_secure/{id}");
            let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
            world.set(
                id,
                json!({"status": "requires_action", "next_action": action}),
            );
            world.told("setup_intent.requires_action", id)
        }
    }
}

/// Ends the 3-D Secure of an intent. A card that is declined in vain is kept all the same: it is
/// declined when it is charged.
pub(super) fn authenticate(world: &mut World, id: &str, succeeds: bool) -> Option<Value> {
    if world.find("setup_intent", id).ok()?["status"] != "requires_action" {
        return None;
    }
    world.set(id, json!({"next_action": null}));
    // A refusal is the state of the intent, which is returned either way.
    let _ = match succeeds {
        true => succeed(world, id),
        false => refuse(world, id, "setup_intent_authentication_failure", ""),
    };
    world.get(id).cloned()
}

/// Keeps the card, with the customer if there is one.
pub(super) fn succeed(world: &mut World, id: &str) -> Result {
    let intent = world.find("setup_intent", id)?.clone();
    let method = intent["payment_method"].as_str().unwrap_or_default();
    if let Some(customer) = intent["customer"].as_str() {
        attach_to(world, method, customer)?;
    }
    world.set(id, json!({"status": "succeeded", "last_setup_error": null}));
    world.told("setup_intent.succeeded", id)
}

fn refuse(world: &mut World, id: &str, code: &str, decline: &str) -> Result {
    let mut error = Refusal::card(code, decline).error;
    if decline.is_empty() {
        error["type"] = json!("invalid_request_error");
    }
    let fields = json!({
        "last_setup_error": error,
        "payment_method": null,
        "status": "requires_payment_method",
    });
    world.set(id, fields);
    world.event("setup_intent.setup_failed", id);
    error["setup_intent"] = world.whole(id)?;
    Err(Refusal::new(402, error))
}
