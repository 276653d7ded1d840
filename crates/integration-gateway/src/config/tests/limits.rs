//! Ranges and lengths, each at its limit and one past it.

use super::*;

#[test]
fn a_range_takes_its_ends_and_nothing_beyond() {
    for (key, least, most) in [
        ("max_body_bytes", 1, 8 << 20),
        ("max_header_bytes", 8 << 10, 256 << 10),
        ("max_connections", 1, 65_536),
        ("head_timeout_ms", 1, 600_000),
        ("body_timeout_ms", 1, 600_000),
        ("queue_limit", 1, 1_000_000),
        ("max_store_bytes", 1 << 20, 1 << 46),
        ("max_in_flight", 1, 10_000),
        ("lease_ms", 1000, 3_600_000),
        ("shutdown_grace_ms", 0, 600_000),
        ("retention_done_s", 1, 315_360_000),
        ("retention_dead_s", 1, 315_360_000),
        ("retention_keys_s", 1, 315_360_000),
        ("retention_every_s", 1, 86_400),
    ] {
        holds(least, most, |n| format!("{key} = {n}"));
    }
    holds(1, 86_400, |n| format!("{STRIPE}tolerance_s = {n}"));
    for (key, least, most) in [
        ("max_attempts", 1, 1000),
        ("timeout_ms", 1, 900_000),
        ("max_in_flight", 1, 1024),
        ("backoff_base_ms", 1, 43_200_000),
        ("backoff_cap_ms", 5000, 604_800_000),
    ] {
        holds(least, most, |n| format!("{STRIPE}{BILLING}{key} = {n}"));
    }
}

fn holds(least: i64, most: i64, text: impl Fn(i64) -> String) {
    for inside in [least, most] {
        load(&text(inside)).unwrap();
    }
    for outside in [least - 1, most + 1] {
        load(&text(outside)).expect_err(&text(outside));
    }
}

#[test]
fn a_file_has_a_limit() {
    let most = usize::try_from(MAX_FILE_BYTES).unwrap();
    load(&"#".repeat(most)).unwrap();
    let error = load(&"#".repeat(most + 1)).unwrap_err();
    assert!(
        error.message().contains("it has over 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn lists_have_a_limit() {
    let list = |n: usize| format!("{STRIPE}{BILLING}events = [{}]", "\"a\",".repeat(n));
    load(&list(section::MAX_LIST)).unwrap();
    load(&list(section::MAX_LIST + 1)).expect_err("one list entry too many");

    let routes = |n: usize| {
        let route = |i: usize| BILLING.replace("billing", &format!("r{i}"));
        STRIPE.to_owned() + &(0..n).map(route).collect::<String>()
    };
    assert_eq!(load(&routes(MAX_ROUTES)).unwrap().routes.len(), MAX_ROUTES);
    load(&routes(MAX_ROUTES + 1)).expect_err("one route too many");

    let name = |n: usize| STRIPE.replace(".stripe]", &format!(".{}]", "s".repeat(n)));
    load(&name(source::MAX_NAME)).unwrap();
    load(&name(source::MAX_NAME + 1)).expect_err("a name too long");

    let steps = |n: usize| format!("{STRIPE}{BILLING}order_by = \"{}\"", "/a".repeat(n));
    load(&steps(16)).unwrap();
    load(&steps(17)).expect_err("one step too many");

    let pattern = |n: usize| format!("{STRIPE}{BILLING}events = [\"{}\"]", "a".repeat(n));
    load(&pattern(256)).unwrap();
    load(&pattern(257)).expect_err("a pattern too long");
}
