//! Customers and their payment methods.

use http::Method;
use serde_json::{Value, json};

use super::{
    card::{self, TestCard},
    request::{Params, Refusal, Request, Result},
    world::{World, take},
};

const KEPT: [&str; 4] = ["email", "name", "phone", "description"];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    let is_post = request.method == Method::POST;
    match path {
        ["customers"] if is_post => {
            let mut customer = json!({"balance": 0, "currency": null});
            for name in KEPT {
                customer[name] = Value::Null;
            }
            take(&mut customer, params, &KEPT);
            let id = world.add("cus", "customer", customer);
            told(world, "customer.created", id)
        }
        ["customers", id] if is_post => {
            alive(world, id)?;
            if let Some(customer) = world.get_mut(id) {
                take(customer, params, &KEPT);
            }
            told(world, "customer.updated", (*id).to_owned())
        }
        ["customers", id] => {
            alive(world, id)?;
            world.event("customer.deleted", id);
            let rest = json!({"id": id, "object": "customer", "deleted": true});
            if let Some(customer) = world.get_mut(id) {
                *customer = rest.clone();
            }
            Ok(rest)
        }
        ["payment_methods"] if is_post => create_method(world, params),
        ["payment_methods", id, "attach"] if is_post => attach(world, id, params),
        ["payment_methods", id, "detach"] if is_post => {
            world.find("payment_method", id)?;
            if let Some(method) = world.get_mut(id) {
                method["customer"] = Value::Null;
            }
            told(world, "payment_method.detached", (*id).to_owned())
        }
        _ => Err(Refusal::unknown_path(request)),
    }
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

/// The object of an id after an event about it.
pub(super) fn told(world: &mut World, event_type: &str, id: String) -> Result {
    world.event(event_type, &id);
    world
        .get(&id)
        .cloned()
        .ok_or_else(|| Refusal::missing("object", &id))
}

/// Refuses a customer that is not there or deleted.
pub(super) fn alive(world: &World, id: &str) -> Result<()> {
    match world.find("customer", id)?["deleted"] == true {
        true => Err(Refusal::missing("customer", id)),
        false => Ok(()),
    }
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
        let error = json!({
            "type": "card_error",
            "code": "incorrect_number",
            "param": "number",
            "message": "Your card number is incorrect.",
        });
        return Err(Refusal::new(402, error));
    };
    let id = add_method(world, card);
    world.find("payment_method", &id).cloned()
}

fn add_method(world: &mut World, card: &TestCard) -> String {
    let last4 = card.number.get(card.number.len() - 4..).unwrap_or_default();
    let method = json!({
        "type": "card",
        "customer": null,
        "metadata": {},
        "card": {"brand": card.brand, "last4": last4, "exp_month": 12, "exp_year": 2099},
        // Not a field of Stripe's: which card this is.
        "fake_card": card.name,
    });
    world.add("pm", "payment_method", method)
}

fn attach(world: &mut World, id: &str, params: &Params) -> Result {
    let customer = params.required("customer")?;
    alive(world, customer)?;
    let id = method(world, id)?;
    let current = world.find("payment_method", &id)?["customer"].clone();
    if !current.is_null() && current != customer {
        return Err(Refusal::state(
            "payment_method_unexpected_state",
            "payment method belongs to another customer",
        ));
    }
    if let Some(method) = world.get_mut(&id) {
        method["customer"] = json!(customer);
    }
    told(world, "payment_method.attached", id)
}
