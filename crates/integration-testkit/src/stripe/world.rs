//! All objects, and the way of a request to them.

use std::collections::HashMap;

use http::Method;
use integration_core::{Clock, SystemClock};
use serde_json::{Map, Value, json};

use super::{
    customers,
    fault::{Faults, StripeFault},
    intents, refunds,
    request::{Params, Refusal, Request, Result},
};
use crate::{Received, Reply};

/// The version of the API that events say they have.
const API_VERSION: &str = "2026-05-27.dahlia";

/// What Stripe knows.
#[derive(Debug, Default)]
pub(super) struct World {
    /// In the order they were made.
    objects: Vec<Value>,
    places: HashMap<String, usize>,
    /// What was answered to writes, by their idempotency keys.
    saved: HashMap<String, Saved>,
    pub(super) faults: Faults,
    requests: u64,
    /// Events that were delivered.
    pub(super) delivered: usize,
}

#[derive(Debug)]
struct Saved {
    fingerprint: (String, Vec<u8>),
    status: u16,
    body: Value,
}

impl World {
    pub(super) fn answer(&mut self, received: &Received) -> Reply {
        self.requests += 1;
        let fault = self.faults.take();
        if let Some(fault) = fault.filter(|fault| !fault.is_after()) {
            return fault.reply();
        }
        let request = Request::read(received);
        let (status, body, is_replayed) = self.execute(&request);
        if let Some(fault) = fault {
            return StripeFault::reply(fault);
        }
        let reply = Reply::status(status)
            .header("content-type", "application/json")
            .header("request-id", &format!("req_{:08}", self.requests))
            .body(body.to_string());
        match is_replayed {
            true => reply.header("idempotent-replayed", "true"),
            false => reply,
        }
    }

    /// Executes a request once for its idempotency key.
    fn execute(&mut self, request: &Request) -> (u16, Value, bool) {
        if !request.is_authorized {
            return failed(Refusal::unauthorized());
        }
        let saved = request.key.as_ref().and_then(|key| self.saved.get(key));
        if let Some(saved) = saved {
            return match saved.fingerprint == request.fingerprint {
                true => (saved.status, saved.body.clone(), true),
                false => failed(Refusal::mismatch()),
            };
        }
        let answer = match self.dispatch(request) {
            Ok(mut body) => {
                for path in request.params.expand() {
                    self.expand(&mut body, path);
                }
                (200, body, false)
            }
            Err(refusal) => failed(refusal),
        };
        // Stripe does not keep what failed before it began.
        if let Some(key) = request
            .key
            .as_ref()
            .filter(|_| matches!(answer.0, 200 | 402))
        {
            let (status, body) = (answer.0, answer.1.clone());
            let fingerprint = request.fingerprint.clone();
            self.saved.insert(
                key.clone(),
                Saved {
                    fingerprint,
                    status,
                    body,
                },
            );
        }
        answer
    }

    fn dispatch(&mut self, request: &Request) -> Result {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let params = &request.params;
        let is_read = request.method == Method::GET;
        match (&request.method, path.as_slice()) {
            (_, [noun]) if is_read && kind_of(noun).is_some() => self.list(noun, params),
            (_, [noun, id]) if is_read => match kind_of(noun) {
                Some(kind) => self.find(kind, id).cloned(),
                None => Err(Refusal::unknown_path(request)),
            },
            (&Method::POST | &Method::DELETE, ["customers" | "payment_methods", ..]) => {
                customers::write(self, request, &path)
            }
            (&Method::POST, ["payment_intents", ..]) => intents::write(self, request, &path),
            (&Method::POST, ["refunds"]) => refunds::create(self, params),
            _ => Err(Refusal::unknown_path(request)),
        }
    }

    /// Keeps a new object, with what all objects have.
    pub(super) fn add(&mut self, prefix: &str, kind: &str, mut object: Value) -> String {
        let id = format!("{prefix}_{:014}", self.objects.len() + 1);
        object["id"] = json!(id);
        object["object"] = json!(kind);
        object["created"] = json!(SystemClock.unix().as_secs());
        object["livemode"] = json!(false);
        self.places.insert(id.clone(), self.objects.len());
        self.objects.push(object);
        id
    }

    /// Tells the world what happened to an object.
    pub(super) fn event(&mut self, event_type: &str, id: &str) {
        let Some(object) = self.get(id).cloned() else {
            return;
        };
        let event = json!({
            "api_version": API_VERSION,
            "type": event_type,
            "data": {"object": object},
            "pending_webhooks": 1,
            "request": {"id": format!("req_{:08}", self.requests), "idempotency_key": null},
        });
        self.add("evt", "event", event);
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(*self.places.get(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.objects.get_mut(*self.places.get(id)?)
    }

    pub(super) fn find(&self, kind: &str, id: &str) -> Result<&Value> {
        let found = self.get(id).filter(|object| object["object"] == kind);
        found.ok_or_else(|| Refusal::missing(kind, id))
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.objects
            .iter()
            .filter(move |object| object["object"] == kind)
    }

    /// A page of a list, newest first.
    fn list(&self, noun: &str, params: &Params) -> Result {
        let kind = kind_of(noun).unwrap_or_default();
        let is_wanted = |object: &&Value| {
            ["customer", "email", "payment_intent", "charge", "type"]
                .iter()
                .all(|name| params.text(name).is_none_or(|text| object[name] == text))
                && object["deleted"] != true
        };
        let all: Vec<&Value> = self.of_kind(kind).rev().filter(is_wanted).collect();
        let limit = params.amount("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit.min(100)).unwrap_or(10);
        let place = |name| -> Result<Option<usize>> {
            let Some(id) = params.text(name) else {
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
            "url": format!("/v1/{noun}"),
            "has_more": has_more,
            "data": data,
        }))
    }

    /// Puts objects in the places of their ids.
    fn expand(&self, at: &mut Value, path: &str) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Value::Array(items) = at {
            for item in items {
                self.expand(item, path);
            }
            return;
        }
        let Some(inner) = at.get_mut(name) else {
            return;
        };
        if let Some(object) = inner.as_str().and_then(|id| self.get(id)) {
            *inner = object.clone();
        }
        if !rest.is_empty() {
            self.expand(inner, rest);
        }
    }
}

/// Puts parameters that are kept as they are into an object; an empty one unsets.
pub(super) fn take(object: &mut Value, params: &Params, names: &[&str]) {
    for name in names {
        match params.text(name) {
            Some("") => object[*name] = Value::Null,
            Some(text) => object[*name] = json!(text),
            None => {}
        }
    }
    let mut metadata: Map<String, Value> = match object["metadata"].take() {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    params.merge("metadata", &mut metadata);
    object["metadata"] = Value::Object(metadata);
}

fn kind_of(noun: &str) -> Option<&'static str> {
    Some(match noun {
        "charges" => "charge",
        "customers" => "customer",
        "events" => "event",
        "payment_intents" => "payment_intent",
        "payment_methods" => "payment_method",
        "refunds" => "refund",
        _ => return None,
    })
}

fn failed(refusal: Refusal) -> (u16, Value, bool) {
    (refusal.status, json!({"error": refusal.error}), false)
}
