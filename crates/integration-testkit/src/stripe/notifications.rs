//! Events of API v2: thin ones are delivered, the whole ones are fetched.

use http::Method;
use serde_json::{Value, json};

use super::{
    calendar,
    list::limit,
    refusal::{Refusal, Result},
    request::Request,
    routes::noun_of,
    world::{World, public},
};

const KIND: &str = "v2.core.event";

pub(super) fn dispatch(world: &World, request: &Request, path: &[&str]) -> Result {
    match path {
        ["core", "events"] if request.method == Method::GET => {
            let wanted = request.params.given("object_id");
            let is_about =
                |event: &&Value| wanted.is_none_or(|id| event["related_object"]["id"] == id);
            let events: Vec<&Value> = world.of_kind(KIND).rev().filter(is_about).collect();
            let from = request.params.count("page")?.unwrap_or_default();
            let from = usize::try_from(from).unwrap_or_default().min(events.len());
            let to = (from + limit(&request.params)?).min(events.len());
            let wanted = wanted.map_or_else(String::new, |id| format!("object_id={id}&"));
            let next = (to < events.len())
                .then(|| format!("/v2/core/events?{wanted}limit={}&page={to}", to - from));
            Ok(json!({
                "data": &events[from..to],
                "next_page_url": next,
                "previous_page_url": null,
            }))
        }
        ["core", "events", id] if request.method == Method::GET => {
            let missing = |_| {
                let message = format!("no event has the id {id}");
                Refusal::new(404, json!({"code": "not_found", "message": message}))
            };
            world.find(KIND, id).cloned().map_err(missing)
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

/// Keeps an event about an object that is there. Returns its id.
pub(super) fn add(
    world: &mut World,
    event_type: &str,
    about: Option<&str>,
    data: &Value,
) -> String {
    let related = about.and_then(|id| {
        let kind = world.get(id)?["object"].as_str()?;
        let url = format!("/v1/{}/{id}", noun_of(kind)?);
        Some(json!({"id": id, "type": kind, "url": url}))
    });
    let event = json!({
        "created": calendar::written(world.now()),
        "context": null,
        "data": data,
        "reason": null,
        "related_object": related,
        "type": event_type,
    });
    let id = world.add("evt", KIND, event);
    world.outbox.push_back(id.clone());
    id
}

/// An event as it is delivered: a thin one goes without its data.
pub(super) fn delivered(event: &Value) -> Value {
    let mut event = public(event);
    if let Some(fields) = event.as_object_mut().filter(|at| at["object"] == KIND) {
        fields.remove("data");
    }
    event
}
