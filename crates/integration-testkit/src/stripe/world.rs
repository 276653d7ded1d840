//! The objects of one account, and what is told about them.

use std::collections::{HashMap, VecDeque};

use integration_core::{Clock, SystemClock};
use serde_json::{Map, Value, json};

use super::{
    refusal::{Refusal, Result},
    request::Params,
};

/// The version of the API that events say they have.
const API_VERSION: &str = "2026-05-27.dahlia";

/// Ids of one account; those of the next one begin above.
const IDS: u64 = 10_000_000_000;

/// What one account knows.
///
/// A field whose name begins with `_` is none of Stripe's: it is for the fake itself, or comes only
/// where a call asks to expand it.
#[derive(Debug, Default)]
pub(super) struct World {
    /// The connected account it belongs to; none for the platform's own.
    account: Option<String>,
    /// Its number, which sets its ids apart from those of others.
    number: u64,
    made: u64,
    /// In the order they were made.
    objects: Vec<Value>,
    places: HashMap<String, usize>,
    /// Seconds that the fake is ahead of the time outside.
    offset: i64,
    /// The time of the clock that the object at hand stands on.
    frozen: Option<i64>,
    /// The request at hand, as its events tell it.
    request: Value,
    /// What sessions of checkout were asked for.
    pub(super) asked: HashMap<String, Params>,
    /// Ids of events that were not delivered yet.
    pub(super) outbox: VecDeque<String>,
}

impl World {
    pub(super) fn connected(account: &str, number: u64, offset: i64) -> Self {
        Self {
            account: Some(account.to_owned()),
            number,
            offset,
            ..Self::default()
        }
    }

    /// Begins something that a request, or nobody, asked for.
    pub(super) fn begin(&mut self, request: Option<&str>, key: Option<&str>) {
        self.request = json!({"id": request, "idempotency_key": key});
        self.frozen = None;
    }

    /// Seconds since the epoch, where the object at hand stands.
    pub(super) fn now(&self) -> i64 {
        self.frozen.unwrap_or_else(|| {
            let outside = SystemClock.unix().as_secs();
            i64::try_from(outside).unwrap_or(i64::MAX) + self.offset
        })
    }

    /// Stands at this time until it is told otherwise.
    pub(super) fn freeze(&mut self, at: Option<i64>) {
        self.frozen = at;
    }

    /// Stands at the time of the test clock of a customer, if it has one.
    pub(super) fn freeze_at_clock_of(&mut self, customer: &str) {
        let clock = self.get(customer).and_then(|at| at["test_clock"].as_str());
        let clock = clock.and_then(|clock| self.get(clock));
        self.frozen = clock.and_then(|clock| clock["frozen_time"].as_i64());
    }

    pub(super) fn move_on(&mut self, seconds: i64) {
        self.offset = self.offset.saturating_add(seconds);
    }

    /// Keeps a new object, with what all objects have.
    pub(super) fn add(&mut self, prefix: &str, kind: &str, object: Value) -> String {
        let id = self.next_id(prefix);
        self.add_as(&id, kind, object);
        id
    }

    pub(super) fn next_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{:014}", self.number * IDS + self.made)
    }

    /// As [`add`](Self::add), under an id that was chosen.
    pub(super) fn add_as(&mut self, id: &str, kind: &str, mut object: Value) {
        object["id"] = json!(id);
        object["object"] = json!(kind);
        object["livemode"] = json!(false);
        if object["created"].is_null() {
            object["created"] = json!(self.now());
        }
        self.places.insert(id.to_owned(), self.objects.len());
        self.objects.push(object);
    }

    /// The place of the next object, to forget all from there on.
    pub(super) fn mark(&self) -> usize {
        self.objects.len()
    }

    /// Forgets what was made since, as if it had never been.
    pub(super) fn forget_since(&mut self, mark: usize) {
        self.objects.truncate(mark);
        self.places.retain(|_, place| *place < mark);
        self.outbox.retain(|id| self.places.contains_key(id));
    }

    /// Tells the world what happened to an object.
    pub(super) fn event(&mut self, event_type: &str, id: &str) {
        self.event_with(event_type, id, None);
    }

    /// As [`event`](Self::event), with the fields that were different before.
    pub(super) fn changed(&mut self, event_type: &str, id: &str, before: &Value) {
        let now = self.get(id).unwrap_or(&Value::Null);
        let fields = before.as_object().into_iter().flatten();
        let different: Map<String, Value> = fields
            .filter(|(name, value)| !name.starts_with('_') && now.get(name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.event_with(event_type, id, Some(Value::Object(different)));
    }

    fn event_with(&mut self, event_type: &str, id: &str, before: Option<Value>) {
        let Some(object) = self.get(id) else {
            return;
        };
        let mut data = json!({"object": public(object)});
        if let Some(before) = before {
            data["previous_attributes"] = before;
        }
        let mut event = json!({
            "api_version": API_VERSION,
            "type": event_type,
            "data": data,
            "pending_webhooks": 1,
            "request": self.request,
        });
        if let Some(account) = &self.account {
            event["account"] = json!(account);
        }
        let id = self.add("evt", "event", event);
        self.outbox.push_back(id);
    }

    /// The object of an id after an event about it.
    pub(super) fn told(&mut self, event_type: &str, id: &str) -> Result {
        self.event(event_type, id);
        self.whole(id)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(*self.places.get(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.objects.get_mut(*self.places.get(id)?)
    }

    /// Sets fields of an object.
    pub(super) fn set(&mut self, id: &str, fields: Value) {
        if let (Some(object), Value::Object(fields)) = (self.get_mut(id), fields) {
            for (name, value) in fields {
                object[&name] = value;
            }
        }
    }

    pub(super) fn whole(&self, id: &str) -> Result {
        let object = self.get(id).cloned();
        object.ok_or_else(|| Refusal::missing("object", id))
    }

    pub(super) fn find(&self, kind: &str, id: &str) -> Result<&Value> {
        let found = self.get(id).filter(|object| object["object"] == kind);
        found.ok_or_else(|| Refusal::missing(kind, id))
    }

    /// An object that may be changed: one that is there and not deleted.
    pub(super) fn alive(&self, kind: &str, id: &str) -> Result<&Value> {
        let found = self.find(kind, id)?;
        match found["deleted"] == true {
            true => Err(Refusal::missing(kind, id)),
            false => Ok(found),
        }
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.objects
            .iter()
            .filter(move |object| object["object"] == kind)
    }

    /// The ids of a kind, oldest first.
    pub(super) fn ids(&self, kind: &str) -> Vec<String> {
        let ids = self
            .of_kind(kind)
            .filter_map(|object| object["id"].as_str());
        ids.map(str::to_owned).collect()
    }

    /// Leaves of an object what is left of a deleted one.
    pub(super) fn delete(&mut self, kind: &str, id: &str) -> Value {
        let rest = json!({"id": id, "object": kind, "deleted": true});
        if let Some(object) = self.get_mut(id) {
            *object = rest.clone();
        }
        rest
    }

    /// Puts an object in the place of its id.
    fn resolve(&self, at: &mut Value) {
        if let Some(object) = at.as_str().and_then(|id| self.get(id)) {
            *at = object.clone();
        }
    }

    /// Puts objects in the places of their ids, and shows what is there only where it is asked for.
    pub(super) fn expand(&self, at: &mut Value, path: &str) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Value::Array(items) = at {
            for item in items {
                self.expand(item, path);
            }
            return;
        }
        if let Some(mut hidden) = at.get(format!("_{name}")).cloned() {
            // A list that is kept as ids.
            self.expand(&mut hidden, "data");
            at[name] = hidden;
        }
        let Some(inner) = at.get_mut(name) else {
            return;
        };
        match &mut *inner {
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            one => self.resolve(one),
        }
        if !rest.is_empty() {
            self.expand(inner, rest);
        }
    }
}

/// An object as Stripe shows it.
pub(super) fn public(object: &Value) -> Value {
    match object {
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(name, _)| !name.starts_with('_'));
            // The names in metadata are the user's.
            let show = |name: &str, value: &Value| match name {
                "metadata" => value.clone(),
                _ => public(value),
            };
            Value::Object(
                shown
                    .map(|(name, value)| (name.clone(), show(name, value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(public).collect(),
        other => other.clone(),
    }
}

/// A list inside an object.
pub(super) fn list_of(url: &str, data: Vec<Value>) -> Value {
    json!({
        "object": "list",
        "url": url,
        "has_more": false,
        "data": data,
    })
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
    match params.text("metadata") {
        Some("") => metadata.clear(),
        _ => params.merge("metadata", &mut metadata),
    }
    object["metadata"] = Value::Object(metadata);
}
