use std::{sync::Arc, time::Duration};

use super::{Keyed, KeyedConfig};
use crate::clock::{Clock, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> KeyedConfig {
    KeyedConfig::default()
        .with_capacity(2)
        .with_idle(10 * SECOND)
}

#[test]
fn a_key_keeps_its_value() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    assert!(keyed.is_empty());
    let first = keyed.get("a", now, || 1);
    assert!(Arc::ptr_eq(&first, &keyed.get("a", now, || 2)));
    assert_eq!(*keyed.get("b", now, || 3), 3);
}

#[test]
fn it_never_holds_more_than_its_capacity() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    for key in 0..100 {
        keyed.get(&key.to_string(), now, || key);
    }
    assert_eq!(keyed.len(), 2);
}

#[test]
fn keys_without_room_share_one_value() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    let _held = [keyed.get("a", now, || 1), keyed.get("b", now, || 2)];
    let third = keyed.get("c", now, || 3);
    assert!(Arc::ptr_eq(&third, &keyed.get("d", now, || 4)));
}

#[test]
fn an_idle_key_makes_room_and_a_used_one_does_not() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    let held = keyed.get("held", now, || 1);
    keyed.get("idle", now, || 2);
    let at_the_limit = now + 10 * SECOND;
    keyed.get("new", at_the_limit, || 3);
    assert_eq!(
        *keyed.get("idle", at_the_limit, || 4),
        2,
        "idle for exactly the limit is kept"
    );

    let past = at_the_limit + 10 * SECOND + Duration::from_millis(1);
    assert_eq!(*keyed.get("newer", past, || 5), 5);
    assert_eq!(
        *keyed.get("newer", past, || 6),
        5,
        "it has the room of the idle one"
    );
    assert!(Arc::ptr_eq(&held, &keyed.get("held", past, || 7)));
}

#[test]
fn impossible_maps_name_the_field() {
    let rows = [
        (config().with_capacity(0), "capacity"),
        (config().with_capacity(1_000_001), "capacity"),
        (config().with_idle(Duration::ZERO), "idle"),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(&format!("`keys.{field}`")), "{error}");
    }
}
