//! Customers and their payment methods.

use http::Method;
use serde_json::{Value, json};

use super::{
    card::{self, Outcome, TestCard},
    refusal::{Refusal, Result},
    request::{Params, Request},
    world::{World, take},
};

const KEPT: [&str; 4] = ["email", "name", "phone", "description"];

pub(super) fn write(world: &mut World, request: &Request, noun: &str, path: &[&str]) -> Result {
    let params = &request.params;
    let is_post = request.method == Method::POST;
    match (noun, path) {
        ("customers", []) if is_post => create(world, params),
        ("customers", [id]) if is_post => {
            let before = world.alive("customer", id)?.clone();
            let method = default_method(world, id, params)?;
            if let Some(customer) = world.get_mut(id) {
                take(customer, params, &KEPT);
                if let Some(method) = method {
                    customer["invoice_settings"]["default_payment_method"] = method;
                }
            }
            world.changed("customer.updated", id, &before);
            world.whole(id)
        }
        ("customers", [id]) if request.method == Method::DELETE => {
            world.alive("customer", id)?;
            world.event("customer.deleted", id);
            Ok(world.delete("customer", id))
        }
        ("payment_methods", []) if is_post => create_method(world, params),
        ("payment_methods", [id]) if is_post => {
            world.find("payment_method", id)?;
            if let Some(method) = world.get_mut(id) {
                take(method, params, &[]);
            }
            world.told("payment_method.updated", id)
        }
        ("payment_methods", [id, "attach"]) if is_post => attach(world, id, params),
        ("payment_methods", [id, "detach"]) if is_post => {
            world.find("payment_method", id)?;
            world.set(id, json!({"customer": null}));
            world.told("payment_method.detached", id)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

pub(super) fn create(world: &mut World, params: &Params) -> Result {
    let clock = params.given("test_clock");
    if let Some(clock) = clock {
        let clock = world.alive("test_helpers.test_clock", clock)?;
        let now = clock["frozen_time"].as_i64();
        world.freeze(now);
    }
    let method = params.given("payment_method").map(str::to_owned);
    let mut customer = json!({
        "address": null,
        "balance": 0,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": null,
            "footer": null,
            "rendering_options": null,
        },
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": clock,
    });
    for name in KEPT {
        customer[name] = Value::Null;
    }
    take(&mut customer, params, &KEPT);
    let id = world.add("cus", "customer", customer);
    if let Some(method) = method {
        attach_to(world, &method, &id)?;
    }
    if let Some(method) = default_method(world, &id, params)? {
        let settings = world.get_mut(&id).map(|at| &mut at["invoice_settings"]);
        if let Some(settings) = settings {
            settings["default_payment_method"] = method;
        }
    }
    world.told("customer.created", &id)
}

/// The default method for invoices that the parameters choose, if they do.
fn default_method(world: &World, customer: &str, params: &Params) -> Result<Option<Value>> {
    match params.text("invoice_settings[default_payment_method]") {
        None => Ok(None),
        Some("") => Ok(Some(Value::Null)),
        Some(id) => owned(world, id, customer).map(|id| Some(json!(id))),
    }
}

/// The payment method of an id, if it is attached to a customer.
///
/// The name of a test card stands for its attached payment method, the latest first.
pub(super) fn owned(world: &World, id: &str, customer: &str) -> Result<String> {
    let mut methods = world.of_kind("payment_method").rev();
    let found = methods.find(|method| {
        method["customer"] == customer && (method["id"] == id || method["_card"] == id)
    });
    let id = found.and_then(|method| method["id"].as_str());
    let message = "the customer does not have a payment method with this id";
    id.map(str::to_owned)
        .ok_or_else(|| Refusal::state("resource_missing", message))
}

/// The payment method of an id, made first if it stands for a test card.
pub(super) fn method(world: &mut World, id: &str) -> Result<String> {
    if world.find("payment_method", id).is_ok() {
        return Ok(id.to_owned());
    }
    let card = card::find(id).filter(|card| card.name == id);
    let card = card.ok_or_else(|| Refusal::missing("PaymentMethod", id))?;
    Ok(add_method(world, card))
}

/// What becomes of a payment with this method.
pub(super) fn outcome_of(world: &World, method: &Value) -> Outcome {
    let method = method.as_str().and_then(|id| world.get(id));
    let name = method.and_then(|method| method["_card"].as_str());
    let card = name.and_then(card::find);
    card.map_or(Outcome::Succeeds, |card| card.outcome)
}

fn create_method(world: &mut World, params: &Params) -> Result {
    if params.required("type")? != "card" {
        return Err(Refusal::param("parameter_unknown", "type", "is not `card`"));
    }
    let number = params.text("card[number]");
    let token = params
        .text("card[token]")
        .map(|token| token.replacen("tok_", "pm_card_", 1));
    let what = number.map(str::to_owned).or(token);
    let what = what.ok_or_else(|| Refusal::param("parameter_missing", "card", "is required"))?;
    let Some(card) = card::find(&what) else {
        let mut refusal = Refusal::card("incorrect_number", "");
        refusal.error["param"] = json!("number");
        refusal.error["message"] = json!("Your card number is incorrect.");
        return Err(refusal);
    };
    let id = add_method(world, card);
    if let Some(method) = world.get_mut(&id) {
        take(method, params, &[]);
        for name in ["email", "name", "phone"] {
            let given = params.given(&format!("billing_details[{name}]"));
            method["billing_details"][name] = json!(given);
        }
    }
    world.whole(&id)
}

fn add_method(world: &mut World, card: &TestCard) -> String {
    let last4 = card.number.get(card.number.len() - 4..).unwrap_or_default();
    let method = json!({
        "type": "card",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": null, "email": null, "name": null, "phone": null},
        "customer": null,
        "metadata": {},
        "card": {
            "brand": card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2099,
            "funding": "credit",
            "last4": last4,
        },
        "_card": card.name,
    });
    world.add("pm", "payment_method", method)
}

fn attach(world: &mut World, id: &str, params: &Params) -> Result {
    let id = attach_to(world, id, params.required("customer")?)?;
    world.whole(&id)
}

/// Gives a payment method to a customer, where its card can be kept.
pub(super) fn attach_to(world: &mut World, id: &str, customer: &str) -> Result<String> {
    world.alive("customer", customer)?;
    let id = method(world, id)?;
    let current = world.find("payment_method", &id)?["customer"].clone();
    if !current.is_null() && current != customer {
        return Err(Refusal::state(
            "payment_method_unexpected_state",
            "payment method belongs to another customer",
        ));
    }
    if let Outcome::Declined(code, decline) = outcome_of(world, &json!(id)) {
        return Err(Refusal::card(code, decline));
    }
    if current.is_null() {
        world.set(&id, json!({"customer": customer}));
        world.event("payment_method.attached", &id);
    }
    Ok(id)
}
