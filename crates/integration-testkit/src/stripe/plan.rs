//! The items of a subscription: prices, quantities and the period they are paid for.

use serde_json::{Value, json};

use super::{
    calendar::after,
    catalog::add_price,
    refusal::{Refusal, Result},
    request::Params,
    world::World,
};

/// Items of one subscription.
const MAX_ITEMS: usize = 20;

/// The items that are asked for, at least one, all of one currency and interval.
pub(super) fn items(
    world: &mut World,
    params: &Params,
    subscription: &str,
    now: i64,
    trial: Option<i64>,
) -> Result<Vec<Value>> {
    let asked = params.array("items");
    if asked.is_empty() || asked.len() > MAX_ITEMS {
        let rule = format!("must be 1 to {MAX_ITEMS} items");
        return Err(Refusal::param("parameter_missing", "items", &rule));
    }
    let mut items: Vec<Value> = Vec::new();
    for item in &asked {
        let price = recurring_price(world, item)?;
        if let Some(first) = items.first() {
            let is_equal = ["interval", "interval_count"]
                .iter()
                .all(|name| first["price"]["recurring"][name] == price["recurring"][name]);
            if !is_equal || first["price"]["currency"] != price["currency"] {
                let rule = "must all have one currency and one interval";
                return Err(Refusal::param("parameter_invalid", "items", rule));
            }
        }
        let recurring = &price["recurring"];
        let interval = recurring["interval"].as_str().unwrap_or_default();
        let count = recurring["interval_count"].as_i64().unwrap_or(1);
        items.push(json!({
            "id": world.next_id("si"),
            "object": "subscription_item",
            "billing_thresholds": null,
            "created": now,
            "current_period_start": now,
            "current_period_end": trial.unwrap_or_else(|| after(now, interval, count)),
            "discounts": [],
            "metadata": {},
            "price": price,
            "quantity": item.count("quantity")?.unwrap_or(1),
            "subscription": subscription,
            "tax_rates": [],
        }));
    }
    Ok(items)
}

/// A price that is there, or a new one.
pub(super) fn price_of(world: &mut World, item: &Params) -> Result {
    let id = match item.given("price") {
        Some(id) => id.to_owned(),
        None => add_price(world, &item.inside("price_data"))?,
    };
    let price = world.find("price", &id)?;
    if price["active"] != true {
        let message = "the price is not active";
        return Err(Refusal::state("resource_missing", message));
    }
    Ok(price.clone())
}

fn recurring_price(world: &mut World, item: &Params) -> Result {
    let price = price_of(world, item)?;
    if price["type"] != "recurring" {
        let rule = "must be a recurring price";
        return Err(Refusal::param("parameter_invalid", "items[0][price]", rule));
    }
    Ok(price)
}

/// The items after a change of prices and quantities, which costs nothing: no proration is made.
pub(super) fn changed(world: &mut World, params: &Params, before: &Value) -> Result<Vec<Value>> {
    let mut items = before["items"]["data"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for asked in params.array("items") {
        let place = match asked.given("id") {
            Some(id) => items.iter().position(|item| item["id"] == id),
            None => Some(0).filter(|_| items.len() == 1),
        };
        let missing =
            || Refusal::missing("subscription item", asked.given("id").unwrap_or_default());
        let price = match asked.given("price") {
            Some(_) => Some(recurring_price(world, &asked)?),
            None => None,
        };
        let quantity = asked.count("quantity")?;
        let item = place.and_then(|place| items.get_mut(place));
        let item = item.ok_or_else(missing)?;
        if let Some(price) = price {
            item["price"] = price;
        }
        if let Some(quantity) = quantity {
            item["quantity"] = json!(quantity);
        }
    }
    Ok(items)
}

pub(super) fn period_end(subscription: &Value) -> Option<i64> {
    subscription["items"]["data"][0]["current_period_end"].as_i64()
}

/// Sets the period of all items; its start stays where none is given.
pub(super) fn set_period(subscription: &mut Value, start: Option<i64>, end: i64) {
    let items = subscription["items"]["data"].as_array_mut();
    for item in items.into_iter().flatten() {
        if let Some(start) = start {
            item["current_period_start"] = json!(start);
        }
        item["current_period_end"] = json!(end);
    }
}
