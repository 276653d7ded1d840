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

/// Room for 16 keys of which the first two keep their places.
fn with_front() -> KeyedConfig {
    config().with_capacity(16)
}

#[test]
fn lending_and_getting_give_the_same_value() {
    let now = SystemClock.now();
    let keyed = Keyed::new(with_front(), now).unwrap();
    for key in 0..16 {
        let name = key.to_string();
        assert_eq!(keyed.with(&name, now, || key, |value| *value), key);
        let held = keyed.get(&name, now, || 99);
        assert_eq!(*held, key);
        assert!(keyed.with(&name, now, || 98, |value| std::ptr::eq(value, &*held)));
    }
}

#[test]
fn the_bound_holds_with_the_places_of_the_first_keys() {
    let now = SystemClock.now();
    for capacity in [1, 7, 8, 9, 64, 2_000] {
        let keyed = Keyed::new(config().with_capacity(capacity), now).unwrap();
        for key in 0..3_000 {
            keyed.get(&key.to_string(), now, || key);
            assert!(keyed.len() <= capacity);
        }
        assert!(
            keyed.len() > capacity * 3 / 4,
            "{} of {capacity}",
            keyed.len()
        );
    }
}

#[test]
fn the_first_keys_keep_their_places() {
    let now = SystemClock.now();
    let keyed = Keyed::new(with_front(), now).unwrap();
    keyed.get("first", now, || 1);
    let mut later = now;
    for key in 0..500 {
        later += SECOND;
        keyed.get(&key.to_string(), later, || 2);
    }
    assert_eq!(*keyed.get("first", later + 1_000 * SECOND, || 3), 1);
}

#[test]
fn a_key_may_be_used_while_another_is_lent() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    let sum = keyed.with(
        "a",
        now,
        || 1,
        |a| a + keyed.with("b", now, || 2, |b| *b) + keyed.with("c", now, || 4, |c| *c),
    );
    assert_eq!(sum, 7);
}

#[test]
fn threads_that_come_at_once_share_one_value() {
    let now = SystemClock.now();
    let keyed = Keyed::new(with_front(), now).unwrap();
    let barrier = std::sync::Barrier::new(4);
    for round in 0..50 {
        // The first rounds fill the places of the first keys, the others the map.
        let key = (round % 12).to_string();
        let seen: Vec<Arc<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    scope.spawn({
                        let (keyed, barrier, key) = (&keyed, &barrier, &key);
                        move || {
                            barrier.wait();
                            keyed.get(key, now, || thread)
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|value| Arc::ptr_eq(value, &seen[0])));
    }
    assert_eq!(keyed.len(), 12);
}

#[test]
fn a_full_map_finds_room_again_once_keys_are_idle() {
    let now = SystemClock.now();
    let keyed = Keyed::new(config(), now).unwrap();
    keyed.get("a", now, || 1);
    keyed.get("b", now, || 2);
    let shared = keyed.get("c", now, || 3);
    let soon = now + SECOND;
    assert!(Arc::ptr_eq(&shared, &keyed.get("d", soon, || 4)));
    let later = now + 11 * SECOND;
    assert_eq!(*keyed.get("d", later, || 5), 5);
    assert_eq!(*keyed.get("c", later, || 6), 6, "it has its own value now");
}

#[test]
fn a_map_of_another_size_carries_what_fits_and_no_more() {
    let now = SystemClock.now();
    for (from, to) in [(16, 16), (16, 4), (4, 64), (2_000, 100), (100, 2_000)] {
        let keyed = Keyed::new(config().with_capacity(from), now).unwrap();
        for key in 0..from / 2 {
            keyed.get(&key.to_string(), now, || key);
        }
        let carried = keyed.carried(config().with_capacity(to), now, |value| value + 1);
        assert!(carried.len() <= to, "{from} to {to}");
        assert!(
            carried.len() >= (from / 2).min(to) * 3 / 4,
            "{from} to {to}"
        );
        let kept = (0..from / 2).filter(|key| {
            let value = *carried.get(&key.to_string(), now, || usize::MAX);
            value == key + 1
        });
        assert!(kept.count() >= (from / 2).min(to) * 3 / 4, "{from} to {to}");
    }
}
