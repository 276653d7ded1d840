//! Subscriptions: what is asked for, and what becomes of them when they are paid or not.

use http::Method;
use serde_json::{Value, json};

use super::{
    calendar::after,
    customers::owned,
    cycle, invoices, plan,
    refusal::{Refusal, Result},
    request::{Params, Request},
    world::{World, list_of, take},
};

const DAY: i64 = 86_400;
const BEHAVIORS: [&str; 4] = [
    "allow_incomplete",
    "default_incomplete",
    "error_if_incomplete",
    "pending_if_incomplete",
];

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    let is_post = request.method == Method::POST;
    match path {
        [] if is_post => {
            let id = create(world, params)?;
            world.whole(&id)
        }
        [id] if is_post => {
            running(world, id)?;
            update(world, id, params)?;
            world.whole(id)
        }
        [id, "resume"] if is_post => {
            if running(world, id)?["status"] != "paused" {
                let message = "only a paused subscription can be resumed";
                return Err(Refusal::state("parameter_invalid", message));
            }
            cycle::resume(world, id);
            world.whole(id)
        }
        [id] if request.method == Method::DELETE => {
            running(world, id)?;
            let details = params.inside("cancellation_details");
            cancel(world, id, "cancellation_requested");
            if let Some(at) = world.get_mut(id) {
                for name in ["comment", "feedback"] {
                    at["cancellation_details"][name] = json!(details.given(name));
                }
            }
            world.whole(id)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

/// A subscription that has not ended, at the time of its clock.
fn running(world: &mut World, id: &str) -> Result {
    let found = world.find("subscription", id)?.clone();
    if !found["ended_at"].is_null() {
        let message = "a subscription that has ended cannot be changed";
        return Err(Refusal::state("resource_missing", message));
    }
    world.freeze_at_clock_of(found["customer"].as_str().unwrap_or_default());
    Ok(found)
}

pub(super) fn create(world: &mut World, params: &Params) -> Result<String> {
    let customer = params.required("customer")?;
    world.alive("customer", customer)?;
    world.freeze_at_clock_of(customer);
    let behavior = params.word("payment_behavior", &BEHAVIORS, BEHAVIORS[0])?;
    let mark = world.mark();
    let now = world.now();
    let trial = trial_end(params, now)?;
    let chosen = params.given("default_payment_method");
    let chosen = chosen
        .map(|method| owned(world, method, customer))
        .transpose()?;
    let id = world.next_id("sub");
    let mut fields = facts(world, params, customer, trial)?;
    fields["default_payment_method"] = json!(chosen);
    let items = plan::items(world, params, &id, now, trial)?;
    fields["currency"] = items[0]["price"]["currency"].clone();
    let url = format!("/v1/subscription_items?subscription={id}");
    fields["items"] = list_of(&url, items);
    take(&mut fields, params, &["description"]);
    world.add_as(&id, "subscription", fields);
    if let Some(at) = cancel_at(world, &id, params)? {
        world.set(&id, at);
    }
    let begun = begin(world, &id, behavior, trial.is_some());
    if begun.is_err() && behavior == "error_if_incomplete" || is_broken(&begun) {
        world.forget_since(mark);
        begun?;
    }
    world.set(&id, json!({"_is_new": false}));
    world.event("customer.subscription.created", &id);
    Ok(id)
}

/// Whether the request was wrong, and not the card.
fn is_broken(begun: &Result<()>) -> bool {
    begun.as_ref().is_err_and(|refusal| refusal.status != 402)
}

/// When the trial ends, if there is one.
fn trial_end(params: &Params, now: i64) -> Result<Option<i64>> {
    let days = params.count("trial_period_days")?.filter(|days| *days > 0);
    let end = match params.given("trial_end") {
        None | Some("now") => None,
        Some(_) => params.count("trial_end")?,
    };
    match (days, end) {
        (Some(_), Some(_)) => {
            let rule = "excludes `trial_period_days`";
            Err(Refusal::param("parameter_invalid", "trial_end", rule))
        }
        (_, Some(end)) if end <= now => {
            let rule = "must lie in the future";
            Err(Refusal::param("parameter_invalid", "trial_end", rule))
        }
        (Some(days), None) if days > 730 => {
            let rule = "must be at most 730";
            Err(Refusal::param(
                "parameter_invalid",
                "trial_period_days",
                rule,
            ))
        }
        (days, end) => Ok(end.or(days.map(|days| now + days * DAY))),
    }
}

fn facts(world: &World, params: &Params, customer: &str, trial: Option<i64>) -> Result {
    let now = world.now();
    let ways = ["charge_automatically", "send_invoice"];
    let way = params.word("collection_method", &ways, ways[0])?;
    let days = params.count("days_until_due")?;
    if way == "send_invoice" && days.is_none() {
        let rule = "is required to send invoices";
        return Err(Refusal::param("parameter_missing", "days_until_due", rule));
    }
    let ends = ["cancel", "create_invoice", "pause"];
    let missing = "trial_settings[end_behavior][missing_payment_method]";
    let saves = ["off", "on_subscription"];
    let saved = "payment_settings[save_default_payment_method]";
    Ok(json!({
        "application": null,
        "automatic_tax": {"enabled": false, "disabled_reason": null, "liability": null},
        "billing_cycle_anchor": trial.unwrap_or(now),
        "billing_mode": {"type": "flexible", "flexible": null},
        "billing_schedules": [],
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": way,
        "customer": customer,
        "days_until_due": days,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "ended_at": null,
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
        "latest_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null,
            "payment_method_types": null,
            "save_default_payment_method": params.word(saved, &saves, "off")?,
        },
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "start_date": now,
        "status": "incomplete",
        "test_clock": world.find("customer", customer)?["test_clock"],
        "trial_end": trial,
        "trial_settings": {
            "end_behavior": {"missing_payment_method": params.word(missing, &ends, "create_invoice")?},
        },
        "trial_start": trial.map(|_| now),
        "_is_new": true,
    }))
}

/// Makes the first invoice, and asks for its money.
fn begin(world: &mut World, id: &str, behavior: &str, is_trial: bool) -> Result<()> {
    let method = method_of(world, id);
    if is_trial {
        world.set(id, json!({"status": "trialing"}));
        let invoice = invoices::bill(world, id, "subscription_create", true);
        return invoices::collect(world, &invoice, None, false);
    }
    let is_sent = world.find("subscription", id)?["collection_method"] == "send_invoice";
    if is_sent {
        world.set(id, json!({"status": "active"}));
    }
    let invoice = invoices::bill(world, id, "subscription_create", false);
    let is_free = world.find("invoice", &invoice)?["amount_due"] == 0;
    let is_confirmed = behavior != "default_incomplete" && !is_sent;
    if is_confirmed && method.is_none() && !is_free {
        let message = "the customer has no default payment method to pay the first invoice with";
        return Err(Refusal::state("resource_missing", message));
    }
    invoices::collect(
        world,
        &invoice,
        method.as_deref().filter(|_| !is_sent),
        is_confirmed,
    )
}

/// The method that invoices of a subscription are paid with.
pub(super) fn method_of(world: &World, id: &str) -> Option<String> {
    let subscription = world.get(id)?;
    let customer = world.get(subscription["customer"].as_str()?)?;
    let own = subscription["default_payment_method"].as_str();
    let settings = &customer["invoice_settings"];
    own.or(settings["default_payment_method"].as_str())
        .map(str::to_owned)
}

fn update(world: &mut World, id: &str, params: &Params) -> Result<()> {
    let before = world.whole(id)?;
    let customer = before["customer"].as_str().unwrap_or_default();
    let chosen = params.given("default_payment_method");
    let chosen = chosen
        .map(|method| owned(world, method, customer))
        .transpose()?;
    let items = plan::changed(world, params, &before)?;
    let end = match params.given("trial_end") {
        Some("now") => Some(world.now()),
        _ => trial_end(params, world.now())?,
    };
    if let Some(at) = cancel_at(world, id, params)? {
        world.set(id, at);
    }
    if let Some(at) = world.get_mut(id) {
        take(at, params, &["description"]);
        if let Some(chosen) = chosen {
            at["default_payment_method"] = json!(chosen);
        }
        at["items"]["data"] = json!(items);
        if let Some(end) = end {
            at["trial_end"] = json!(end);
            at["billing_cycle_anchor"] = json!(end);
            plan::set_period(at, None, end);
        }
    }
    world.changed("customer.subscription.updated", id, &before);
    if params.given("trial_end") == Some("now") && before["status"] == "trialing" {
        cycle::renew(world, id);
    }
    Ok(())
}

/// When it is to be canceled, if the parameters say so.
fn cancel_at(world: &World, id: &str, params: &Params) -> Result<Option<Value>> {
    let details = |reason| json!({"comment": null, "feedback": null, "reason": reason});
    let at = match params.given("cancel_at_period_end") {
        Some("true") => plan::period_end(world.find("subscription", id)?),
        Some(_) => None,
        None if params.text("cancel_at").is_none() => return Ok(None),
        None => params.count("cancel_at")?,
    };
    let now = world.now();
    Ok(Some(json!({
        "cancel_at": at,
        "cancel_at_period_end": params.is_true("cancel_at_period_end"),
        "canceled_at": at.map(|_| now),
        "cancellation_details": details(at.map(|_| "cancellation_requested")),
    })))
}

/// Ends a subscription now.
pub(super) fn cancel(world: &mut World, id: &str, reason: &str) {
    let now = world.now();
    let fields = json!({"status": "canceled", "ended_at": now});
    world.set(id, fields);
    if let Some(at) = world.get_mut(id) {
        if at["canceled_at"].is_null() {
            at["canceled_at"] = json!(now);
        }
        at["cancellation_details"]["reason"] = json!(reason);
    }
    world.event("customer.subscription.deleted", id);
}

/// What follows when its invoice was paid.
pub(super) fn is_paid(world: &mut World, id: &str, method: Option<&str>) {
    let Some(before) = world.get(id).cloned() else {
        return;
    };
    if matches!(
        before["status"].as_str(),
        Some("incomplete" | "past_due" | "unpaid")
    ) {
        world.set(id, json!({"status": "active"}));
    }
    let saved = &before["payment_settings"]["save_default_payment_method"];
    if let Some(method) = method.filter(|_| saved == "on_subscription") {
        world.set(id, json!({"default_payment_method": method}));
    }
    is_changed(world, id, &before);
}

/// What follows when its invoice was not paid.
pub(super) fn is_unpaid(world: &mut World, id: &str) {
    let Some(before) = world.get(id).cloned() else {
        return;
    };
    let is_automatic = before["collection_method"] == "charge_automatically";
    if is_automatic && matches!(before["status"].as_str(), Some("active" | "trialing")) {
        world.set(id, json!({"status": "past_due"}));
    }
    is_changed(world, id, &before);
}

/// Tells a change of what was told before.
fn is_changed(world: &mut World, id: &str, before: &Value) {
    if before["_is_new"] != true && world.get(id) != Some(before) {
        world.changed("customer.subscription.updated", id, before);
    }
}

/// The items of a subscription, as a list.
pub(super) fn items(world: &World, params: &Params) -> Result {
    let id = params.required("subscription")?;
    Ok(world.find("subscription", id)?["items"].clone())
}

/// The end of the period that begins at `start`, counted from the anchor.
pub(super) fn next_end(subscription: &Value, start: i64) -> i64 {
    let anchor = subscription["billing_cycle_anchor"]
        .as_i64()
        .unwrap_or(start);
    let recurring = &subscription["items"]["data"][0]["price"]["recurring"];
    let interval = recurring["interval"].as_str().unwrap_or("month");
    let step = recurring["interval_count"].as_i64().unwrap_or(1).max(1);
    let mut count = step;
    while after(anchor, interval, count) <= start {
        count += step;
    }
    after(anchor, interval, count)
}
