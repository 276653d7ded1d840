use integration_core::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MAX_BYTES, MAX_DEPTH, Node};

fn node(value: &Value) -> Node {
    Node::parse(value.to_string().as_bytes()).unwrap()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_and_written_as_it_was(value in any_json()) {
        let text = value.to_string();
        let parsed = Node::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(serde_json::to_value(&parsed).unwrap(), value.clone());
        let generic: Node = serde_json::from_value(value).unwrap();
        prop_assert!(generic == parsed);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let ours = Node::parse(&bytes);
        let theirs = serde_json::from_slice::<Value>(&bytes);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok());
    }

    #[test]
    fn a_text_that_is_cut_or_changed_does_not_panic(value in any_json(), at: prop::sample::Index, byte: u8) {
        let mut text = value.to_string().into_bytes();
        let at = at.index(text.len());
        let _ = Node::parse(&text[..at]);
        text[at] = byte;
        let _ = Node::parse(&text).map(|node| (format!("{node:?}"), node.to_string(), node.i64()));
    }
}

#[test]
fn strings_with_escapes_are_read_without_them() {
    let value = node(&json!({"plain": "a", "line\n": "\"\u{1F600}\\", "after": "z"}));
    let strings: Vec<_> = value
        .entries()
        .map(|(key, value)| (key.to_owned(), value.str().unwrap().to_owned()))
        .collect();
    let expected = [("after", "z"), ("line\n", "\"\u{1F600}\\"), ("plain", "a")];
    let mut strings: Vec<_> = strings
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    strings.sort_unstable();
    assert_eq!(strings, expected);
}

#[test]
fn numbers_come_back_as_they_were_written() {
    let text = r#"{"a":1.10,"b":"2.50 \\\"3.0","c":[1e3,-0,12345678901234567890],"d":7,"e":123456789012345678901234567890.5}"#;
    let parsed = Node::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.to_string(), text);
    assert_eq!(parsed.get("a").and_then(|n| n.f64()), Some(1.1));
    assert_eq!(parsed.get("d").and_then(|n| n.i64()), Some(7));
    let thousand = parsed.get("c").and_then(|c| c.items().next());
    assert_eq!(thousand.and_then(|n| n.i64()), Some(1000));
    assert_eq!(
        serde_json::to_string(&Node::parse(b"1.10").unwrap()).unwrap(),
        "1.1"
    );
}

#[test]
fn a_number_in_the_disguise_of_serde_json_is_a_number() {
    let text =
        |number: &str| format!(r#"{{"amount":{{"$serde_json::private::Number":"{number}"}}}}"#);
    let amount = |number: &str| {
        let parsed = Node::parse(text(number).as_bytes()).unwrap();
        parsed.get("amount").unwrap()
    };
    assert_eq!(amount("1200").i64(), Some(1200));
    assert_eq!(
        amount("18446744073709551615").to_string(),
        "18446744073709551615"
    );
    assert_eq!(amount("1.10").to_string(), "1.10");
    assert!(amount("inf").is_object() && amount("-x").is_object());
}

#[test]
fn numbers_are_integers_where_nothing_is_lost() {
    let read = |text: &str| Node::parse(text.as_bytes()).unwrap();
    for (text, integer) in [
        ("1000", Some(1000)),
        ("1000.0", Some(1000)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("18446744073709551615", None),
        ("1.5", None),
        ("1e300", None),
        ("\"1\"", None),
    ] {
        assert_eq!(read(text).i64(), integer, "{text}");
    }
    assert_eq!(
        read("18446744073709551615").to_string(),
        "18446744073709551615"
    );
    assert_eq!(read("1.5").f64(), Some(1.5));
}

#[test]
fn the_order_and_a_key_that_comes_twice_are_kept() {
    let text = r#"{"b":1,"a":2,"b":3}"#;
    let node = Node::parse(text.as_bytes()).unwrap();
    assert_eq!(node.to_string(), text);
    assert_eq!(node.get("b").and_then(|n| n.i64()), Some(1));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Node::parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = Node::parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[test]
fn the_size_of_a_text_is_bounded() {
    let text = |len: usize| format!("\"{}\"", "a".repeat(len - 2));
    assert!(Node::parse(text(MAX_BYTES).as_bytes()).is_ok());
    assert!(Node::parse(text(MAX_BYTES + 1).as_bytes()).is_err());
}

#[test]
fn neither_debug_nor_an_error_shows_what_was_sent() {
    let canary = "canary-91ce";
    let shown = format!(
        "{:?}",
        node(&json!({"id": "cus_1", "email": canary, "deep": {"name": canary}}))
    );
    assert!(
        shown.contains("cus_1") && shown.contains("email"),
        "{shown}"
    );
    assert!(!shown.contains(canary), "{shown}");
    let error = Node::parse(format!("{{\"email\":\"{canary}\" oops").as_bytes()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains(canary));
}

#[test]
fn a_value_is_not_a_container() {
    let node = node(&json!("text"));
    assert!(node.get("a").is_none());
    assert_eq!((node.items().count(), node.entries().count()), (0, 0));
    assert!(!node.is_object() && !node.is_array() && !node.is_null());
}
