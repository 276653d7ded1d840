//! Sessions of checkout: the page where a payer pays.

use http::Method;
use serde_json::{Value, json};

use super::{
    card::Outcome,
    customers::{attach_to, method, outcome_of},
    intents, plan,
    refusal::{Refusal, Result},
    request::{Params, Request},
    setup, subscriptions,
    world::{World, list_of, take},
};

const KIND: &str = "checkout.session";
const DAY: i64 = 86_400;
const MODES: [&str; 3] = ["payment", "setup", "subscription"];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    if request.method != Method::POST {
        return Err(Refusal::unknown_path(request));
    }
    match path {
        [] => create(world, &request.params),
        [id] => {
            world.find(KIND, id)?;
            if let Some(session) = world.get_mut(id) {
                take(session, &request.params, &[]);
            }
            world.whole(id)
        }
        [id, "expire"] => {
            if world.find(KIND, id)?["status"] != "open" {
                let message = "only an open session can expire";
                return Err(Refusal::state("resource_missing", message));
            }
            close(world, id);
            world.whole(id)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

/// Ends a session that was not paid.
pub(super) fn close(world: &mut World, id: &str) {
    world.set(id, json!({"status": "expired", "url": null}));
    world.event("checkout.session.expired", id);
}

fn create(world: &mut World, params: &Params) -> Result {
    params.required("mode")?;
    let mode = params.word("mode", &MODES, "")?.to_owned();
    if let Some(customer) = params.given("customer") {
        world.alive("customer", customer)?;
    }
    if params.given("ui_mode").is_none() {
        params.required("success_url")?;
    }
    let items = items(world, params, &mode)?;
    let total: i64 = items
        .iter()
        .filter_map(|item| item["amount_total"].as_i64())
        .sum();
    let currency = items.first().map(|item| item["currency"].clone());
    let currency = currency.or(params.given("currency").map(|currency| json!(currency)));
    let is_sold = mode != "setup";
    let now = world.now();
    let expires = params.count("expires_at")?.unwrap_or(now + DAY);
    let id = world.next_id("cs_test");
    let email = params.given("customer_email");
    let mut session = json!({
        "amount_subtotal": is_sold.then_some(total),
        "amount_total": is_sold.then_some(total),
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "cancel_url": params.given("cancel_url"),
        "client_reference_id": params.given("client_reference_id"),
        "client_secret": null,
        "currency": currency,
        "custom_fields": [],
        "custom_text": {"after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null},
        "customer": params.given("customer"),
        "customer_creation": params.given("customer_creation"),
        "customer_details": email.map(|email| json!({"email": email, "name": null, "phone": null})),
        "customer_email": email,
        "expires_at": expires,
        "invoice": null,
        "mode": mode,
        "payment_intent": null,
        "payment_method_types": ["card"],
        "payment_status": if is_sold { "unpaid" } else { "no_payment_required" },
        "setup_intent": null,
        "shipping_options": [],
        "status": "open",
        "subscription": null,
        "success_url": params.given("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": params.given("ui_mode").unwrap_or("hosted_page"),
        "url": format!("https://checkout.stripe.com/c/pay/{id}"),
    });
    take(&mut session, params, &[]);
    world.add_as(&id, KIND, session);
    let url = format!("/v1/checkout/sessions/{id}/line_items");
    world.set(&id, json!({"_line_items": list_of(&url, items)}));
    // What the payer's step needs, as it was asked for.
    world.asked.insert(id.clone(), params.clone());
    world.whole(&id)
}

fn items(world: &mut World, params: &Params, mode: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for asked in params.array("line_items") {
        let price = plan::price_of(world, &asked)?;
        if price["type"] == "recurring" && mode != "subscription" {
            let rule = "has a recurring price, which needs `mode=subscription`";
            return Err(Refusal::param("parameter_invalid", "line_items", rule));
        }
        let quantity = asked.amount("quantity")?.unwrap_or(1);
        let amount = price["unit_amount"].as_i64().unwrap_or_default() * quantity;
        let product = price["product"].as_str().and_then(|id| world.get(id));
        let name = product.map(|product| product["name"].clone());
        items.push(json!({
            "id": world.next_id("li"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": price["currency"],
            "description": name,
            "price": price,
            "quantity": quantity,
        }));
    }
    let is_right = match mode {
        "setup" => items.is_empty(),
        "subscription" => items
            .iter()
            .any(|item| item["price"]["type"] == "recurring"),
        _ => !items.is_empty(),
    };
    match is_right {
        true => Ok(items),
        false => {
            let rule = format!("do not fit `mode={mode}`");
            Err(Refusal::param("parameter_invalid", "line_items", &rule))
        }
    }
}

/// What the payer does on the page: pays with this method. A decline leaves the session open.
pub(super) fn complete(world: &mut World, id: &str, card: &str) -> Option<Value> {
    let session = world.find(KIND, id).ok()?.clone();
    if session["status"] != "open" {
        return None;
    }
    let params = world.asked.get(id).cloned().unwrap_or_default();
    let mark = world.mark();
    match pay(world, &session, &params, card) {
        Ok(fields) => {
            world.set(id, fields);
            world.set(id, json!({"status": "complete", "url": null}));
            world.event("checkout.session.completed", id);
        }
        Err(refusal) if refusal.status == 402 => {}
        // No such card, or nothing of what happens on the page.
        Err(_) => world.forget_since(mark),
    }
    world.get(id).cloned()
}

/// Takes the money, or keeps the card. Returns what becomes of the session.
fn pay(world: &mut World, session: &Value, params: &Params, card: &str) -> Result {
    let method = method(world, card)?;
    // The page lets the payer authenticate, so that only the end of it is seen here.
    match outcome_of(world, &json!(method)) {
        Outcome::Declined(code, decline) => return Err(Refusal::card(code, decline)),
        Outcome::AuthenticatesInVain => {
            return Err(Refusal::card("card_declined", "generic_decline"));
        }
        Outcome::DeclinedWhenCharged | Outcome::Authenticates | Outcome::Succeeds => {}
    }
    let customer = customer(world, session)?;
    let mut fields = match session["mode"].as_str() {
        Some("payment") => pay_once(world, session, params, &customer, &method)?,
        Some("subscription") => subscribe(world, session, params, &customer, &method)?,
        _ => keep(world, params, &customer, &method)?,
    };
    fields["customer"] = customer.clone();
    let email = match customer.as_str().and_then(|id| world.get(id)) {
        Some(customer) => customer["email"].clone(),
        None => session["customer_email"].clone(),
    };
    fields["customer_details"] = json!({"email": email, "name": null, "phone": null});
    Ok(fields)
}

/// The customer of a session, made where its mode or the call wants one.
fn customer(world: &mut World, session: &Value) -> Result {
    let is_wanted = session["mode"] == "subscription" || session["customer_creation"] == "always";
    if !session["customer"].is_null() || !is_wanted {
        return Ok(session["customer"].clone());
    }
    let email = session["customer_email"].as_str().unwrap_or_default();
    let params = Params::of([("email", email.to_owned())]);
    super::customers::create(world, &params).map(|customer| customer["id"].clone())
}

fn pay_once(
    world: &mut World,
    session: &Value,
    params: &Params,
    customer: &Value,
    method: &str,
) -> Result {
    let intent = intents::add(
        world,
        json!({
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": customer,
        }),
    );
    let data = params.inside("payment_intent_data");
    if let Some(at) = world.get_mut(&intent) {
        take(
            at,
            &data,
            &["description", "receipt_email", "setup_future_usage"],
        );
    }
    world.event("payment_intent.created", &intent);
    intents::choose(world, &intent, method);
    intents::confirm(world, &intent)?;
    // Whoever must authenticate has done so.
    intents::authenticate(world, &intent, true);
    Ok(json!({"payment_intent": intent, "payment_status": "paid"}))
}

fn subscribe(
    world: &mut World,
    session: &Value,
    params: &Params,
    customer: &Value,
    method: &str,
) -> Result {
    let customer = customer.as_str().unwrap_or_default();
    attach_to(world, method, customer)?;
    let mut asked = params
        .inside("subscription_data")
        .with("customer", customer)
        .with("default_payment_method", method)
        .with("payment_behavior", "allow_incomplete");
    let items = session["_line_items"]["data"].as_array();
    let recurring = items
        .into_iter()
        .flatten()
        .filter(|item| item["price"]["type"] == "recurring");
    for (number, item) in recurring.enumerate() {
        let price = item["price"]["id"].as_str().unwrap_or_default();
        let quantity = item["quantity"].to_string();
        asked = asked
            .with(&format!("items[{number}][price]"), price)
            .with(&format!("items[{number}][quantity]"), &quantity);
    }
    let id = subscriptions::create(world, &asked)?;
    let intent = world.get(&id).and_then(|at| at["latest_invoice"].as_str());
    let invoice = intent.map(str::to_owned);
    let intent = invoice.as_ref().and_then(|invoice| world.get(invoice));
    let intent = intent
        .and_then(|invoice| invoice["_intent"].as_str())
        .map(str::to_owned);
    if let Some(intent) = intent {
        intents::authenticate(world, &intent, true);
    }
    let status = match world.get(&id).and_then(|at| at["status"].as_str()) {
        Some("trialing") => "no_payment_required",
        Some("active") => "paid",
        _ => return Err(Refusal::card("card_declined", "generic_decline")),
    };
    Ok(json!({"subscription": id, "invoice": invoice, "payment_status": status}))
}

fn keep(world: &mut World, params: &Params, customer: &Value, method: &str) -> Result {
    let mut asked = params.inside("setup_intent_data");
    if let Some(customer) = customer.as_str() {
        asked = asked.with("customer", customer);
    }
    let asked = asked.with("payment_method", method);
    let intent = setup::create(world, &asked)?;
    let id = intent["id"].as_str().unwrap_or_default();
    setup::succeed(world, id)?;
    Ok(json!({"setup_intent": id, "payment_status": "no_payment_required"}))
}
