//! Invoices of subscriptions, and how they are paid.

use http::Method;
use serde_json::{Value, json};

use super::{
    customers::owned,
    intents,
    refusal::{Refusal, Result},
    request::{Params, Request},
    subscriptions,
    world::{World, list_of},
};

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    if request.method != Method::POST {
        return Err(Refusal::unknown_path(request));
    }
    match path {
        [id, "pay"] => {
            let invoice = open(world, id)?;
            world.freeze_at_clock_of(text(&invoice, "customer"));
            pay(world, &invoice, &request.params)?;
            world.whole(id)
        }
        [id, "void"] => {
            open(world, id)?;
            let now = world.now();
            let mut transitions = world.find("invoice", id)?["status_transitions"].clone();
            transitions["voided_at"] = json!(now);
            world.set(
                id,
                json!({"status": "void", "status_transitions": transitions}),
            );
            world.told("invoice.voided", id)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// An invoice that waits to be paid.
fn open(world: &World, id: &str) -> Result {
    let invoice = world.find("invoice", id)?;
    match invoice["status"] == "open" {
        true => Ok(invoice.clone()),
        false => Err(Refusal::state(
            "invoice_not_editable",
            "the invoice is not open",
        )),
    }
}

/// Pays by hand: with a method that is chosen, or with none where it was paid elsewhere.
fn pay(world: &mut World, invoice: &Value, params: &Params) -> Result<()> {
    let (id, customer) = (text(invoice, "id"), text(invoice, "customer"));
    if params.is_true("paid_out_of_band") {
        settle(world, id);
        return Ok(());
    }
    let method = match params.given("payment_method") {
        Some(method) => Some(owned(world, method, customer)?),
        None => subscriptions::method_of(world, subscription_of(invoice)),
    };
    let Some(method) = method else {
        let message = "the customer has no default payment method";
        return Err(Refusal::state("resource_missing", message));
    };
    collect(world, id, Some(&method), true)?;
    if world.find("invoice", id)?["status"] == "paid" {
        return Ok(());
    }
    let mut refusal = Refusal::state(
        "invoice_payment_intent_requires_action",
        "the payment of this invoice requires an action of the payer",
    );
    refusal.status = 402;
    Err(refusal)
}

pub(super) fn subscription_of(invoice: &Value) -> &str {
    text(&invoice["parent"]["subscription_details"], "subscription")
}

/// Makes the invoice of a subscription for its current period. It is final at once, where Stripe
/// waits for an hour.
pub(super) fn bill(world: &mut World, subscription: &str, reason: &str, is_free: bool) -> String {
    let at = world.get(subscription).cloned().unwrap_or_default();
    let id = world.next_id("in");
    let items = at["items"]["data"].as_array().cloned().unwrap_or_default();
    let lines: Vec<Value> = items
        .iter()
        .map(|item| line(world, &id, item, is_free))
        .collect();
    let total: i64 = lines
        .iter()
        .filter_map(|line| line["amount"].as_i64())
        .sum();
    let number = world.of_kind("invoice").count() + 1;
    let invoice = facts(world, &at, reason, total);
    world.add_as(&id, "invoice", invoice);
    let url = format!("/v1/invoices/{id}/lines");
    world.set(
        &id,
        json!({"lines": list_of(&url, lines), "status": "draft"}),
    );
    world.event("invoice.created", &id);
    let now = world.now();
    let finalized = json!({
        "status": "open",
        "number": format!("FAKE-{number:04}"),
        "effective_at": now,
        "hosted_invoice_url": format!("https://invoice.stripe.com/i/fake/{id}"),
        "status_transitions": transitions(now, None),
    });
    world.set(&id, finalized);
    world.event("invoice.finalized", &id);
    world.set(subscription, json!({"latest_invoice": id}));
    id
}

fn transitions(finalized: i64, paid: Option<i64>) -> Value {
    json!({
        "finalized_at": finalized,
        "marked_uncollectible_at": null,
        "paid_at": paid,
        "voided_at": null,
    })
}

fn facts(world: &World, subscription: &Value, reason: &str, total: i64) -> Value {
    let customer = world.get(text(subscription, "customer"));
    let customer = customer.unwrap_or(&Value::Null);
    let days = subscription["days_until_due"].as_i64();
    let now = world.now();
    json!({
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": true,
        "automatic_tax": {"enabled": false, "disabled_reason": null, "liability": null, "provider": null, "status": null},
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "default_payment_method": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "due_date": days.map(|days| now + days * 86_400),
        "issuer": {"type": "self"},
        "metadata": {},
        "next_payment_attempt": null,
        "parent": {
            "type": "subscription_details",
            "quote_details": null,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
        },
        "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status_transitions": {"finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null},
        "subtotal": total,
        "test_clock": subscription["test_clock"],
        "total": total,
    })
}

fn line(world: &mut World, invoice: &str, item: &Value, is_free: bool) -> Value {
    let price = &item["price"];
    let unit = price["unit_amount"].as_i64().unwrap_or_default();
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let amount = if is_free { 0 } else { unit * quantity };
    json!({
        "id": world.next_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": if is_free { "Trial period" } else { "Subscription" },
        "discountable": true,
        "discounts": [],
        "discount_amounts": [],
        "invoice": invoice,
        "livemode": false,
        "metadata": {},
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null,
                "proration": false,
                "proration_details": null,
                "subscription": item["subscription"],
                "subscription_item": item["id"],
            },
        },
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": if is_free { json!("0") } else { price["unit_amount_decimal"].clone() },
        },
        "quantity": quantity,
        "subtotal": amount,
    })
}

/// Asks for the money of an invoice: from this method, or from whoever confirms its intent later.
pub(super) fn collect(
    world: &mut World,
    id: &str,
    method: Option<&str>,
    is_confirmed: bool,
) -> Result<()> {
    let invoice = world.find("invoice", id)?.clone();
    if invoice["amount_due"] == 0 {
        settle(world, id);
        return Ok(());
    }
    let intent = match invoice["_intent"].as_str() {
        Some(intent) => intent.to_owned(),
        None => ask(world, &invoice),
    };
    if let Some(method) = method {
        intents::choose(world, &intent, method);
        if is_confirmed {
            intents::confirm(world, &intent)?;
        }
    }
    Ok(())
}

/// The payment intent of an invoice, which is shown where a call expands `payments`.
fn ask(world: &mut World, invoice: &Value) -> String {
    let id = text(invoice, "id");
    let subscription = world.get(subscription_of(invoice));
    let saved = subscription.map(|at| &at["payment_settings"]["save_default_payment_method"]);
    let is_saved = saved.is_some_and(|saved| saved == "on_subscription");
    let intent = intents::add(
        world,
        json!({
            "amount": invoice["amount_due"],
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": "Subscription",
            "setup_future_usage": is_saved.then_some("off_session"),
            "_invoice": id,
        }),
    );
    world.event("payment_intent.created", &intent);
    let payment = json!({
        "amount_paid": null,
        "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"],
        "invoice": id,
        "is_default": true,
        "payment": {"type": "payment_intent", "payment_intent": intent},
        "status": "open",
        "status_transitions": {"canceled_at": null, "paid_at": null},
    });
    let payment = world.add("inpay", "invoice_payment", payment);
    let url = format!("/v1/invoice_payments?invoice={id}");
    let secret = format!("{intent}_secret_fake");
    let fields = json!({
        "_intent": intent,
        "_payment": payment,
        "_payments": list_of(&url, vec![json!(payment)]),
        "_confirmation_secret": {"type": "payment_intent", "client_secret": secret},
    });
    world.set(id, fields);
    intent
}

fn invoice_of(world: &World, intent: &str) -> Option<Value> {
    let invoice = world.get(intent)?["_invoice"].as_str()?;
    world.get(invoice).cloned()
}

/// What follows when an intent was paid.
pub(super) fn settle_by(world: &mut World, intent: &str) {
    if let Some(invoice) = invoice_of(world, intent) {
        settle(world, text(&invoice, "id"));
    }
}

/// What follows when an intent was declined.
pub(super) fn fail_by(world: &mut World, intent: &str) {
    attempt(world, intent, "invoice.payment_failed");
}

/// What follows when the payer of an intent must authenticate.
pub(super) fn needs_action(world: &mut World, intent: &str) {
    attempt(world, intent, "invoice.payment_action_required");
}

fn attempt(world: &mut World, intent: &str, event: &str) {
    let Some(invoice) = invoice_of(world, intent) else {
        return;
    };
    let id = text(&invoice, "id");
    let count = invoice["attempt_count"].as_i64().unwrap_or_default() + 1;
    world.set(id, json!({"attempted": true, "attempt_count": count}));
    world.event(event, id);
    subscriptions::is_unpaid(world, subscription_of(&invoice));
}

fn settle(world: &mut World, id: &str) {
    let Some(invoice) = world.get(id).cloned() else {
        return;
    };
    let now = world.now();
    let due = invoice["amount_due"].clone();
    let finalized = invoice["status_transitions"]["finalized_at"].as_i64();
    let fields = json!({
        "amount_paid": due,
        "amount_remaining": 0,
        "attempted": true,
        "status": "paid",
        "status_transitions": transitions(finalized.unwrap_or(now), Some(now)),
    });
    world.set(id, fields);
    if let Some(payment) = invoice["_payment"].as_str() {
        let paid = json!({"canceled_at": null, "paid_at": now});
        let fields = json!({"status": "paid", "amount_paid": due, "status_transitions": paid});
        world.set(payment, fields);
    }
    world.event("invoice.paid", id);
    world.event("invoice.payment_succeeded", id);
    let method = invoice["_intent"]
        .as_str()
        .and_then(|intent| world.get(intent));
    let method = method.and_then(|intent| intent["payment_method"].as_str());
    let method = method.map(str::to_owned);
    subscriptions::is_paid(world, subscription_of(&invoice), method.as_deref());
}
