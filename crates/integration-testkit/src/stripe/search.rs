//! Searches: the objects that a query finds, page by page.

use serde_json::{Value, json};

use super::{
    list::limit,
    query::Query,
    refusal::{Refusal, Result},
    request::Params,
    world::World,
};

/// Fields that each kind is searched by; `metadata` is for all.
#[rustfmt::skip]
const FIELDS: [(&str, &[&str]); 7] = [
    ("charge", &["amount", "created", "currency", "customer", "disputed", "refunded", "status"]),
    ("customer", &["created", "email", "name", "phone"]),
    ("invoice", &["created", "currency", "customer", "number", "receipt_number", "subscription", "status", "total"]),
    ("payment_intent", &["amount", "created", "currency", "customer", "status"]),
    ("price", &["active", "currency", "lookup_key", "product", "type"]),
    ("product", &["active", "description", "name", "shippable", "url"]),
    ("subscription", &["canceled_at", "created", "status"]),
];

/// A page of what a query finds, newest first; `None` for a kind that cannot be searched.
///
/// What was written is found at once, unlike at Stripe, where it takes up to a minute.
pub(super) fn search(world: &World, noun: &str, kind: &str, params: &Params) -> Option<Result> {
    let (_, fields) = FIELDS.iter().find(|(name, _)| *name == kind)?;
    Some(found(world, noun, kind, fields, params))
}

fn found(world: &World, noun: &str, kind: &str, fields: &[&str], params: &Params) -> Result {
    let wrong = |why: String| Refusal::param("parameter_invalid", "query", &why);
    let query = Query::parse(params.required("query")?).map_err(wrong)?;
    query.check(fields).map_err(wrong)?;
    let is_found = |object: &&Value| object["deleted"] != true && query.matches(object);
    let all: Vec<&Value> = world.of_kind(kind).rev().filter(is_found).collect();
    let from = match params.given("page") {
        None => 0,
        Some(page) => page
            .strip_prefix("page_")
            .and_then(|place| place.parse().ok())
            .filter(|place| *place <= all.len())
            .ok_or_else(|| Refusal::param("parameter_invalid", "page", "is no page of a search"))?,
    };
    let to = (from + limit(params)?).min(all.len());
    let has_more = to < all.len();
    Ok(json!({
        "object": "search_result",
        "url": format!("/v1/{noun}/search"),
        "has_more": has_more,
        "data": &all[from..to],
        "next_page": has_more.then(|| format!("page_{to}")),
        "_total_count": all.len(),
    }))
}
