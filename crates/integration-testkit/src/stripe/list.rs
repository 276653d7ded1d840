//! Lists: pages in both directions, and what they leave out.

use serde_json::{Value, json};

use super::{
    refusal::{Refusal, Result},
    request::Params,
    world::World,
};

/// Parameters that want a field of the same name to be equal.
const EQUAL: [&str; 12] = [
    "active",
    "charge",
    "collection_method",
    "customer",
    "email",
    "invoice",
    "payment_intent",
    "product",
    "setup_intent",
    "subscription",
    "test_clock",
    "type",
];

/// A page of a list, newest first.
pub(super) fn list(world: &World, noun: &str, kind: &str, params: &Params) -> Result {
    let created = Range::read(params, "created")?;
    let is_wanted = |object: &&Value| {
        object["deleted"] != true
            && is_asked_for(object, params)
            && created.holds(&object["created"])
    };
    let all: Vec<&Value> = world.of_kind(kind).rev().filter(is_wanted).collect();
    page(&all, &format!("/v1/{noun}"), kind, params)
}

/// A page of these objects, between the ids that the parameters say.
pub(super) fn page(all: &[&Value], url: &str, kind: &str, params: &Params) -> Result {
    let limit = limit(params)?;
    let place = |name| -> Result<Option<usize>> {
        let Some(id) = params.given(name) else {
            return Ok(None);
        };
        let place = all.iter().position(|object| object["id"] == id);
        place.map(Some).ok_or_else(|| Refusal::missing(kind, id))
    };
    let (data, has_more) = match (place("starting_after")?, place("ending_before")?) {
        (_, Some(end)) => {
            let from = end.saturating_sub(limit);
            (&all[from..end], from > 0)
        }
        (after, None) => {
            let from = after.map_or(0, |place| place + 1);
            let to = (from + limit).min(all.len());
            (&all[from..to], to < all.len())
        }
    };
    Ok(json!({
        "object": "list",
        "url": url,
        "has_more": has_more,
        "data": data,
    }))
}

/// Objects of a page: 10, at most 100.
pub(super) fn limit(params: &Params) -> Result<usize> {
    match params.amount("limit")?.unwrap_or(10) {
        limit @ 1..=100 => Ok(usize::try_from(limit).unwrap_or(10)),
        _ => Err(Refusal::param(
            "parameter_invalid_integer",
            "limit",
            "must be at most 100",
        )),
    }
}

fn is_asked_for(object: &Value, params: &Params) -> bool {
    let is_equal = |name: &&str| {
        params
            .given(name)
            .is_none_or(|wanted| text_of(field(object, name)) == wanted)
    };
    let is_among = |name: &str, wanted: Vec<&str>| {
        wanted.is_empty()
            || object[name]
                .as_str()
                .is_some_and(|text| wanted.contains(&text))
    };
    EQUAL.iter().all(is_equal)
        && is_among("type", params.texts("types"))
        && is_among("lookup_key", params.texts("lookup_keys"))
        && is_among("id", params.texts("ids"))
        && is_in_status(object, params.given("status"))
        && params
            .given("price")
            .is_none_or(|price| has_price(object, price))
}

/// A field by its name, where older versions of the API had it, too.
pub(super) fn field<'a>(object: &'a Value, name: &str) -> &'a Value {
    match (object["object"].as_str(), name) {
        (Some("invoice"), "subscription") => {
            &object["parent"]["subscription_details"]["subscription"]
        }
        _ => &object[name],
    }
}

/// A value as a parameter writes it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_in_status(object: &Value, wanted: Option<&str>) -> bool {
    let status = object["status"].as_str().unwrap_or_default();
    let is_over = matches!(status, "canceled" | "incomplete_expired");
    match (object["object"].as_str(), wanted) {
        (Some("subscription"), None) => status != "canceled",
        (Some("subscription"), Some("all")) | (_, None) => true,
        (Some("subscription"), Some("ended")) => is_over,
        (_, Some(wanted)) => status == wanted,
    }
}

fn has_price(object: &Value, price: &str) -> bool {
    let items = object["items"]["data"].as_array().into_iter().flatten();
    items.into_iter().any(|item| item["price"]["id"] == price)
}

/// Bounds of a number, as in `created[gte]`.
#[derive(Debug)]
struct Range(Vec<(&'static str, i64)>);

impl Range {
    fn read(params: &Params, name: &str) -> Result<Self> {
        let mut bounds = Vec::new();
        if let Some(exact) = params.count(name)? {
            bounds.push(("eq", exact));
        }
        for bound in ["gt", "gte", "lt", "lte"] {
            if let Some(value) = params.count(&format!("{name}[{bound}]"))? {
                bounds.push((bound, value));
            }
        }
        Ok(Self(bounds))
    }

    fn holds(&self, value: &Value) -> bool {
        let value = value.as_i64().unwrap_or_default();
        self.0.iter().all(|(bound, limit)| match *bound {
            "gt" => value > *limit,
            "gte" => value >= *limit,
            "lt" => value < *limit,
            "lte" => value <= *limit,
            _ => value == *limit,
        })
    }
}
