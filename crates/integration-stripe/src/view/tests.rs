use serde_json::{Value, json};

use super::{Int64, View};
use crate::{
    ErrorKind, List, Node,
    resources::{Charge, ChargeStatus, Customer, Event, WebhookEndpointEnabledEvents},
};

fn charge(value: Value) -> Charge {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_getter_reads_its_field_and_nothing_of_another_type() {
    let charge = charge(json!({
        "id": "ch_1", "amount": 1200, "paid": "yes", "status": "succeeded",
        "metadata": {"order": "7"}, "customer": {"id": "cus_1", "object": "customer", "email": "a@b"},
    }));
    assert_eq!(
        (charge.id(), charge.amount(), charge.paid()),
        (Some("ch_1"), Some(1200), None)
    );
    assert_eq!(charge.status(), Some(ChargeStatus::Succeeded));
    assert_eq!(charge.metadata().unwrap().get("order"), Some("7"));
    assert_eq!(
        charge.metadata().unwrap().iter().collect::<Vec<_>>(),
        [("order", "7")]
    );
    let customer = charge.customer().unwrap().object().unwrap();
    assert_eq!(customer.email(), Some("a@b"));
    assert_eq!(charge.currency(), None);
}

#[test]
fn each_word_is_found_among_many_and_none_beside_them() {
    let source = include_str!("../generated/webhook_endpoint.rs");
    let (_, table) = source.split_once("WebhookEndpointEnabledEvents {").unwrap();
    let (table, _) = table.split_once('}').unwrap();
    let words: Vec<&str> = table.split('"').skip(1).step_by(2).collect();
    assert!(words.len() > 200);
    for word in words {
        let read = WebhookEndpointEnabledEvents::from(word);
        assert!(!matches!(read, WebhookEndpointEnabledEvents::Unknown(_)));
        assert_eq!(read.as_str(), word);
        for beside in [&format!("{word}!"), ""] {
            let read = WebhookEndpointEnabledEvents::from(beside);
            assert!(matches!(read, WebhookEndpointEnabledEvents::Unknown(_)));
        }
    }
}

#[test]
fn a_word_that_is_not_known_is_kept() {
    let status = ChargeStatus::from("settled");
    assert_eq!(status, ChargeStatus::Unknown("settled".into()));
    assert_eq!(
        (status.as_str(), ChargeStatus::Failed.as_str()),
        ("settled", "failed")
    );
    assert_eq!(status.clone(), status);
    assert_eq!(ChargeStatus::Unknown("failed".into()), ChargeStatus::Failed);
    assert_ne!(status, ChargeStatus::Failed);
    assert_eq!(format!("{status:?}"), "settled");
}

#[test]
fn the_fields_of_a_view_are_told_with_their_presence() {
    use super::Presence::{Nullable, Optional, Required};
    let of = |name: &str| {
        let mut fields = Charge::fields();
        fields.find_map(|(field, presence)| (field == name).then_some(presence))
    };
    assert_eq!(
        ["amount", "customer", "radar_options", "nothing"].map(of),
        [Some(Required), Some(Nullable), Some(Optional), None]
    );
    assert_eq!(Node::fields().count(), 0);
    assert_eq!(
        List::<Charge>::fields().collect::<Vec<_>>(),
        [("data", Required)]
    );
}

#[test]
fn a_deleted_object_is_told_and_is_no_object() {
    let expanded = charge(json!({"customer": {"id": "cus_1", "deleted": true}}));
    let customer = expanded.customer().unwrap();
    assert!(customer.deleted() && customer.object().is_none());
    assert_eq!(customer.id(), Some("cus_1"));
    let plain = charge(json!({"customer": "cus_2"}));
    let customer = plain.customer().unwrap();
    assert_eq!((customer.id(), customer.deleted()), (Some("cus_2"), false));
}

#[test]
fn require_names_the_first_field_that_is_missing() {
    let error = charge(json!({"amount": 1})).require().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("amount_captured"), "{error}");
    let mut whole = serde_json::Map::new();
    for (field, presence) in Charge::fields() {
        if presence == super::Presence::Required {
            whole.insert(field.to_owned(), json!(1));
        }
    }
    assert!(charge(Value::Object(whole.clone())).require().is_ok());
    whole.insert("status".to_owned(), Value::Null);
    assert!(charge(Value::Object(whole)).require().is_err());
}

#[test]
fn a_page_gives_its_objects_and_where_the_next_one_is() {
    let page = |value: Value| List::<Customer>::from_node(serde_json::from_value(value).unwrap());
    let first =
        page(json!({"data": [{"id": "cus_1"}, {"id": "cus_2"}], "has_more": true, "url": "/v1/c"}));
    let ids: Vec<_> = first.data().map(|c| c.id().unwrap().to_owned()).collect();
    assert_eq!(ids, ["cus_1", "cus_2"]);
    assert!(first.has_more());
    let v2 = page(json!({"data": [], "next_page_url": "/v2/x?page=2", "previous_page_url": null}));
    assert!(v2.has_more() && v2.previous_page_url().is_none());
    assert!(!page(json!({"data": [], "next_page_url": null})).has_more());
}

#[test]
fn a_64_bit_integer_is_read_from_a_string() {
    let node: Node =
        serde_json::from_value(json!({"a": "9007199254740993", "b": 5, "c": "x"})).unwrap();
    assert_eq!(node.field("a"), Some(Int64(9_007_199_254_740_993)));
    assert_eq!(node.field("b"), Some(Int64(5)));
    assert_eq!(node.field::<Int64>("c"), None);
}

#[test]
fn names_that_are_keywords_are_read_by_their_name_in_json() {
    let node: Node = serde_json::from_value(json!({"type": "charge.succeeded"})).unwrap();
    assert_eq!(Event::from_node(node).r#type(), Some("charge.succeeded"));
    assert!(Event::fields().any(|(name, _)| name == "type"));
}
