//! What Stripe sends is read, whatever it is, and comes out as it came in.

use std::{fs, path::Path};

use integration_stripe::{
    Node, View,
    resources::{Event, PaymentIntent},
};
use serde_json::{Value, json};

use crate::surface::shared;

fn round_trips(name: &str, text: &[u8]) {
    let before: Value = serde_json::from_slice(text).unwrap();
    let event: Event = serde_json::from_slice(text).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap(), before, "{name}");
    let node = Node::parse(text).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&node.to_string()).unwrap(),
        before,
        "{name}"
    );
}

#[test]
fn every_captured_event_is_read_and_written_as_it_was() {
    let Some(folder) = shared("corpus/stripe/events") else {
        return;
    };
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            round_trips(&path.to_string_lossy(), &fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn every_fixture_is_read_and_written_as_it_was() {
    let Some(file) = shared("specs/stripe/fixtures3.json") else {
        return;
    };
    let fixtures: Value = serde_json::from_slice(&fs::read(Path::new(&file)).unwrap()).unwrap();
    let resources = fixtures["resources"].as_object().unwrap();
    assert_eq!(resources.len(), 176);
    for (name, fixture) in resources {
        round_trips(name, fixture.to_string().as_bytes());
    }
}

fn event() -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2026-05-27.dahlia", "created": 1_700_000_000,
        "livemode": false, "pending_webhooks": 1, "type": "payment_intent.succeeded",
        "data": { "object": {
            "id": "pi_1", "object": "payment_intent", "amount": 1000, "currency": "usd",
            "created": 1_700_000_000, "customer": "cus_1", "livemode": false, "status": "succeeded",
            "payment_method_types": ["card"], "metadata": {}
        } }
    })
}

#[test]
fn no_mutation_of_an_event_is_refused() {
    let unset = |pointer: &str, field: &str| {
        let mut event = event();
        event
            .pointer_mut(pointer)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(field)
            .unwrap();
        event
    };
    let set = |pointer: &str, field: &str, value: Value| {
        let mut event = event();
        event.pointer_mut(pointer).unwrap()[field] = value;
        event
    };
    let object = "/data/object";
    let mutations = [
        event(),
        set(object, "status", json!("a_new_word")),
        set("", "type", json!("a.new.type")),
        set("", "api_version", json!("2030-01-01.later")),
        set(object, "a_new_field", json!({"deep": [1]})),
        set(object, "payment_method_types", json!(["a_new_type"])),
        set(
            object,
            "next_action",
            json!({"type": "a_new_action", "a_new_action": {}}),
        ),
        unset("", "livemode"),
        unset(object, "payment_method_types"),
        unset("", "pending_webhooks"),
        set(object, "amount", Value::Null),
        set(object, "amount", json!(1000.0)),
        set(object, "created", json!("yesterday")),
        set(
            object,
            "customer",
            json!({"id": "cus_1", "object": "customer", "deleted": true}),
        ),
    ];
    for mutation in &mutations {
        let text = mutation.to_string();
        round_trips(&text, text.as_bytes());
        let event: Event = serde_json::from_str(&text).unwrap();
        let intent = event
            .data()
            .and_then(|d| d.object())
            .map(PaymentIntent::from_node)
            .unwrap();
        assert_eq!(intent.id(), Some("pi_1"), "{text}");
        let customer = intent.customer().unwrap();
        assert_eq!(customer.id(), Some("cus_1"), "{text}");
    }
    let read = |index: usize| -> PaymentIntent {
        serde_json::from_value(mutations[index]["data"]["object"].clone()).unwrap()
    };
    assert_eq!(read(1).status().unwrap().as_str(), "a_new_word");
    assert_eq!(
        (read(10).amount(), read(11).amount(), read(12).created()),
        (None, Some(1000), None)
    );
    assert!(read(13).customer().unwrap().deleted());
    assert!(read(13).customer().unwrap().object().is_none());
}
