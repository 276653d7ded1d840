//! What is sold: products and their prices.

use http::Method;
use serde_json::{Value, json};

use super::{
    intents::currency,
    refusal::{Refusal, Result},
    request::{Params, Request},
    world::{World, take},
};

const OF_PRODUCTS: [&str; 5] = [
    "name",
    "description",
    "url",
    "unit_label",
    "statement_descriptor",
];
const OF_PRICES: [&str; 2] = ["nickname", "lookup_key"];
const INTERVALS: [&str; 4] = ["day", "week", "month", "year"];

pub(super) fn write(world: &mut World, request: &Request, noun: &str, path: &[&str]) -> Result {
    let params = &request.params;
    let is_post = request.method == Method::POST;
    match (noun, path) {
        ("products", []) if is_post => {
            let id = add_product(world, params)?;
            world.whole(&id)
        }
        ("products", [id]) if is_post => change(world, "product", id, params, &OF_PRODUCTS),
        ("products", [id]) if request.method == Method::DELETE => {
            world.alive("product", id)?;
            if world.of_kind("price").any(|price| price["product"] == *id) {
                let message = "a product with prices cannot be deleted";
                return Err(Refusal::state("resource_in_use", message));
            }
            world.event("product.deleted", id);
            Ok(world.delete("product", id))
        }
        ("prices", []) if is_post => {
            let id = add_price(world, params)?;
            world.whole(&id)
        }
        ("prices", [id]) if is_post => change(world, "price", id, params, &OF_PRICES),
        _ => Err(Refusal::unknown_path(request)),
    }
}

fn add_product(world: &mut World, params: &Params) -> Result<String> {
    params.required("name")?;
    if let Some(id) = params.given("id").filter(|id| world.get(id).is_some()) {
        let message = format!("there is a product with the id {id} already");
        return Err(Refusal::state("resource_already_exists", &message));
    }
    let now = world.now();
    let mut product = json!({
        "active": params.text("active") != Some("false"),
        "default_price": null,
        "description": null,
        "images": [],
        "marketing_features": [],
        "package_dimensions": null,
        "shippable": null,
        "statement_descriptor": null,
        "tax_code": null,
        "unit_label": null,
        "updated": now,
        "url": null,
    });
    take(&mut product, params, &OF_PRODUCTS);
    let id = match params.given("id") {
        Some(id) => {
            world.add_as(id, "product", product);
            id.to_owned()
        }
        None => world.add("prod", "product", product),
    };
    let default = params.inside("default_price_data");
    if !default.is_empty() {
        let price = add_price(world, &default.with("product", &id))?;
        world.set(&id, json!({"default_price": price}));
    }
    world.event("product.created", &id);
    Ok(id)
}

/// Keeps a price, and its product where that is new.
pub(super) fn add_price(world: &mut World, params: &Params) -> Result<String> {
    let currency = currency(params)?.to_owned();
    let amount = match params.count("unit_amount")? {
        Some(amount) => amount,
        None => whole_amount(params)?,
    };
    let recurring = recurring(&params.inside("recurring"))?;
    if let Some(key) = params.given("lookup_key") {
        free_key(world, key, params.is_true("transfer_lookup_key"))?;
    }
    let product = match params.given("product") {
        Some(product) => {
            world.alive("product", product)?;
            product.to_owned()
        }
        None => add_product(world, &params.inside("product_data"))?,
    };
    let mut price = json!({
        "active": params.text("active") != Some("false"),
        "billing_scheme": "per_unit",
        "currency": currency,
        "custom_unit_amount": null,
        "lookup_key": null,
        "nickname": null,
        "product": product,
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_null() { "one_time" } else { "recurring" },
        "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(),
    });
    take(&mut price, params, &OF_PRICES);
    let id = world.add("price", "price", price);
    world.event("price.created", &id);
    Ok(id)
}

/// A decimal amount that is whole: the fake does not round.
fn whole_amount(params: &Params) -> Result<i64> {
    let missing = || Refusal::param("parameter_missing", "unit_amount", "is required");
    let text = params.given("unit_amount_decimal").ok_or_else(missing)?;
    let amount: Option<i64> = text.parse().ok().filter(|amount| *amount >= 0);
    let rule = "must be whole for this fake, and not below 0";
    amount.ok_or_else(|| Refusal::param("parameter_invalid", "unit_amount_decimal", rule))
}

fn recurring(params: &Params) -> Result {
    if params.is_empty() {
        return Ok(Value::Null);
    }
    params.required("interval")?;
    Ok(json!({
        "interval": params.word("interval", &INTERVALS, "")?,
        "interval_count": params.amount("interval_count")?.unwrap_or(1),
        "meter": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    }))
}

/// A lookup key belongs to one price, which gives it away where it is asked to.
fn free_key(world: &mut World, key: &str, is_transferred: bool) -> Result<()> {
    let owner = {
        let mut prices = world.of_kind("price");
        let owner = prices.find(|price| price["lookup_key"] == key);
        owner
            .and_then(|price| price["id"].as_str())
            .map(str::to_owned)
    };
    match (owner, is_transferred) {
        (Some(owner), true) => world.set(&owner, json!({"lookup_key": null})),
        (Some(_), false) => {
            let message = "a price uses this lookup key already";
            return Err(Refusal::state("resource_already_exists", message));
        }
        (None, _) => {}
    }
    Ok(())
}

fn change(world: &mut World, kind: &str, id: &str, params: &Params, names: &[&str]) -> Result {
    let before = world.alive(kind, id)?.clone();
    let chosen = params.given("default_price").filter(|_| kind == "product");
    if let Some(price) = chosen {
        world.find("price", price)?;
    }
    let now = world.now();
    if let Some(object) = world.get_mut(id) {
        take(object, params, names);
        if let Some(active) = params.given("active") {
            object["active"] = json!(active == "true");
        }
        if let Some(price) = chosen {
            object["default_price"] = json!(price);
        }
        if kind == "product" {
            object["updated"] = json!(now);
        }
    }
    world.changed(&format!("{kind}.updated"), id, &before);
    world.whole(id)
}
