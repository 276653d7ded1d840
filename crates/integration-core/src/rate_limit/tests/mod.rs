mod learn;
mod several;
mod threads;

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Cost, Quota, RateLimit, RateLimitConfig, Unit};
use crate::clock::{Clock, SystemClock};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

fn limit(quota: impl Into<RateLimitConfig>) -> (RateLimit, Instant) {
    let now = SystemClock.now();
    (RateLimit::new(quota, now).unwrap(), now)
}

#[test]
fn a_burst_goes_at_once_and_one_more_waits() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(3));
    for _ in 0..3 {
        limit.admit(now).unwrap();
    }
    assert_eq!(limit.admit(now).unwrap_err().until, Some(now + 100 * MILLI));
    assert!(limit.admit(now + 99 * MILLI).is_err());
    assert!(limit.admit(now + 100 * MILLI).is_ok());
}

#[test]
fn callers_that_wait_are_spaced_in_their_order() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(1));
    for place in 0..5 {
        let go = limit.reserve(Cost::ONE, now, now + SECOND).unwrap();
        assert_eq!(go, now + 100 * MILLI * place);
    }
}

#[test]
fn a_slot_after_the_deadline_is_not_taken() {
    let (limit, now) = limit(Quota::per_second(1).with_burst(1));
    limit.admit(now).unwrap();
    for _ in 0..5 {
        assert!(limit.reserve(Cost::ONE, now, now + SECOND - MILLI).is_err());
    }
    assert_eq!(
        limit.reserve(Cost::ONE, now, now + SECOND).unwrap(),
        now + SECOND
    );
}

#[test]
fn a_penalty_leaves_no_burst_at_its_end() {
    let (limit, now) = limit(Quota::per_second(10));
    let end = now + 5 * SECOND;
    limit.penalize_until(end);
    limit.penalize_until(now + SECOND);
    assert_eq!(limit.admit(end - MILLI).unwrap_err().until, Some(end));
    assert!(limit.admit(end).is_ok());
    assert_eq!(limit.admit(end).unwrap_err().until, Some(end + 100 * MILLI));
    let rested = end + 5 * SECOND;
    assert_eq!((0..20).filter(|_| limit.admit(rested).is_ok()).count(), 10);
}

#[test]
fn a_penalty_that_ends_at_once_leaves_no_burst_either() {
    let (limit, now) = limit(Quota::per_second(10));
    limit.penalize_until(now);
    limit.admit(now).unwrap();
    assert_eq!(limit.admit(now).unwrap_err().until, Some(now + 100 * MILLI));
}

#[test]
fn a_new_quota_counts_from_now_on_and_forgets_nothing_taken() {
    let (limit, now) = limit(Quota::per_minute(1));
    limit.admit(now).unwrap();
    limit
        .set_quota(Quota::per_second(10).with_burst(1), now)
        .unwrap();
    assert_eq!(limit.admit(now).unwrap_err().until, Some(now + 100 * MILLI));
    assert!(limit.set_quota(Quota::per_second(0), now).is_err());
    assert!(limit.admit(now + 100 * MILLI).is_ok());
}

#[test]
fn a_quota_that_does_not_divide_is_never_exceeded() {
    let (limit, now) = limit(Quota::per_second(3).with_burst(1));
    let admitted = (0..=1_000)
        .filter(|ms| limit.admit(now + MILLI * *ms).is_ok())
        .count();
    assert_eq!(admitted, 3);
}

#[test]
fn impossible_quotas_name_the_field() {
    let rows = [
        (Quota::per_second(0), "permits"),
        (Quota::per_second(1).with_burst(0), "burst"),
        (Quota::new(1, Duration::ZERO), "per"),
        (Quota::new(1, Duration::MAX), "per"),
        (Quota::new(1, crate::config::MAX_DURATION + NANO), "per"),
        (Quota::per_second(1).of(""), "unit"),
        (Quota::per_day(1).with_burst(61), "burst"),
    ];
    for (quota, field) in rows {
        let error = quota.validate().unwrap_err().to_string();
        assert!(error.contains(&format!("`rate_limit.{field}`")), "{error}");
    }
}

#[test]
fn the_longest_quotas_are_possible() {
    let rows = [
        Quota::new(1, crate::config::MAX_DURATION),
        Quota::new(u32::MAX, crate::config::MAX_DURATION),
        Quota::new(u32::MAX, NANO),
        Quota::per_day(1).with_burst(60),
    ];
    for quota in rows {
        let (limit, now) = limit(quota.validate().unwrap());
        limit.reserve(Cost::calls(quota.burst()), now, now).unwrap();
        let denied = limit.admit(now).unwrap_err();
        assert!(denied.until.unwrap() > now);
    }
}

#[test]
fn a_limit_without_a_quota_waits_for_penalties_alone() {
    let (limit, now) = limit(RateLimitConfig::default());
    for _ in 0..1_000 {
        limit.admit(now).unwrap();
    }
    limit.penalize_until(now + SECOND);
    assert_eq!(limit.admit(now).unwrap_err().until, Some(now + SECOND));
    limit.admit(now + SECOND).unwrap();
}

#[test]
fn a_call_before_the_origin_counts_as_one_at_it() {
    let later = SystemClock.now() + SECOND;
    let limit = RateLimit::new(Quota::per_second(10).with_burst(2), later).unwrap();
    let before = later - SECOND;
    limit.admit(before).unwrap();
    limit.admit(before).unwrap();
    assert_eq!(
        limit.admit(before).unwrap_err().until,
        Some(later + 100 * MILLI)
    );
}

#[test]
fn a_call_that_costs_more_than_a_burst_is_refused_without_a_time() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(3));
    let much = Cost::calls(4);
    let denied = limit.reserve(much, now, now + 1_000 * SECOND).unwrap_err();
    assert_eq!(denied.until, None);
    limit.reserve(Cost::calls(3), now, now).unwrap();
    limit
        .set_quota(Quota::per_second(10).with_burst(4), now)
        .unwrap();
    let denied = limit.reserve(much, now, now).unwrap_err();
    assert_eq!(denied.until, Some(now + 300 * MILLI));
}

#[test]
fn a_cost_of_nothing_waits_for_nothing_but_a_penalty() {
    let (limit, now) = limit(Quota::per_second(1));
    limit.admit(now).unwrap();
    limit.reserve(Cost::calls(0), now, now).unwrap();
    limit.penalize_until(now + 5 * SECOND);
    let denied = limit.reserve(Cost::calls(0), now, now).unwrap_err();
    assert_eq!(denied.until, Some(now + 5 * SECOND));
}

#[test]
fn what_is_given_back_goes_to_the_next() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(3));
    limit.reserve(Cost::calls(3), now, now).unwrap();
    limit.give_back(Cost::calls(2), now);
    limit.reserve(Cost::calls(2), now, now).unwrap();
    assert!(limit.admit(now).is_err());
    limit.give_back(Cost::calls(100), now);
    limit.reserve(Cost::calls(3), now, now).unwrap();
    assert!(limit.admit(now).is_err(), "no more than a burst comes back");
}

#[test]
fn what_is_given_back_moves_no_booked_slot() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(1));
    let slots: Vec<_> = (0..3)
        .map(|_| limit.reserve(Cost::ONE, now, now + SECOND).unwrap())
        .collect();
    limit.give_back(Cost::ONE, now);
    let next = limit.reserve(Cost::ONE, now, now + SECOND).unwrap();
    assert_eq!(next, slots[2] + 100 * MILLI);
}

#[test]
fn a_new_quota_keeps_booked_slots_and_follows_them() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(1));
    for _ in 0..4 {
        limit.reserve(Cost::ONE, now, now + SECOND).unwrap();
    }
    limit.set_quota(Quota::per_second(1), now).unwrap();
    let next = limit.reserve(Cost::ONE, now, now + 5 * SECOND).unwrap();
    assert_eq!(next, now + 300 * MILLI + SECOND);
}

#[test]
fn a_new_quota_holds_no_more_than_its_burst_of_what_was_taken() {
    let (limit, now) = limit(Quota::per_second(1_000));
    limit.reserve(Cost::calls(1_000), now, now).unwrap();
    limit.set_quota(Quota::per_hour(10), now).unwrap();
    let minutes = limit.admit(now).unwrap_err().until.unwrap() - now;
    assert_eq!(
        minutes,
        360 * SECOND,
        "the next is renewed, not the thousand"
    );
}

#[test]
fn a_new_quota_does_not_stretch_a_penalty() {
    let (limit, now) = limit(Quota::per_second(10).with_burst(1));
    limit.penalize_until(now + 5 * SECOND);
    limit.set_quota(Quota::per_minute(1), now).unwrap();
    assert_eq!(limit.admit(now).unwrap_err().until, Some(now + 5 * SECOND));
    limit.admit(now + 5 * SECOND).unwrap();
}

#[test]
fn units_are_told_apart_by_their_first_bytes() {
    assert_eq!(Unit::new("tokens").name(), "tokens");
    assert_ne!(Unit::new("tokens"), Unit::new("token"));
    let long = "a".repeat(23);
    assert_eq!(Unit::new(&long).name(), long);
    assert_eq!(Unit::new(&format!("{long}b")), Unit::new(&long));
    let cut = Unit::new(&format!("{}\u{4e00}", "a".repeat(22)));
    assert_eq!(cut.name(), "a".repeat(22), "cut at a character");
    assert_eq!(
        format!("{cut} {:?}", Unit::CALLS),
        format!("{cut} \"calls\"")
    );
}

#[test]
fn a_cost_of_too_many_units_is_never_admitted() {
    let cost = Cost::ONE
        .with("a", 1)
        .with("b", 1)
        .with("c", 1)
        .with("d", 1);
    let (limit, now) = limit(Quota::per_second(10));
    limit
        .reserve(cost.with("d", 2).with("calls", 2), now, now)
        .unwrap();
    let denied = limit.reserve(cost.with("e", 1), now, now).unwrap_err();
    assert_eq!(denied.until, None);
    assert_eq!(cost.with("d", 2).of("d".into()), 2);
}

proptest! {
    /// The model is a leaking bucket: what is in it leaks at the rate, a call adds one interval,
    /// and goes only into a bucket that holds at most the tolerance.
    #[test]
    fn it_behaves_like_a_leaking_bucket(
        permits in 1..50_u32,
        burst in 1..20_u32,
        gaps in prop::collection::vec(0..400_u64, 1..300),
    ) {
        let (limit, mut now) = limit(Quota::per_second(permits).with_burst(burst));
        let interval = SECOND.as_nanos().div_ceil(u128::from(permits));
        let tolerance = interval * u128::from(burst - 1);
        let mut level = 0_u128;
        for gap in gaps {
            now += MILLI * u32::try_from(gap).unwrap();
            level = level.saturating_sub(u128::from(gap) * MILLI.as_nanos());
            let admitted = limit.admit(now);
            prop_assert_eq!(admitted.is_ok(), level <= tolerance);
            match admitted {
                Ok(()) => level += interval,
                Err(denied) => {
                    let wait = denied.until.unwrap() - now;
                    prop_assert_eq!(wait.as_nanos(), level - tolerance);
                }
            }
        }
    }

    #[test]
    fn no_window_sees_more_than_rate_and_burst(
        permits in 1..50_u32,
        burst in 1..20_u32,
        gaps in prop::collection::vec(0..200_u64, 1..200),
    ) {
        let (limit, start) = limit(Quota::per_second(permits).with_burst(burst));
        let mut now = start;
        let mut gone: Vec<Instant> = Vec::new();
        for gap in gaps {
            now += MILLI * u32::try_from(gap).unwrap();
            gone.extend(limit.reserve(Cost::ONE, now, now + SECOND));
        }
        prop_assert!(gone.is_sorted(), "later callers must not overtake");
        for (place, first) in gone.iter().enumerate() {
            let seen = gone[place..].iter().filter(|at| **at - *first < SECOND).count();
            prop_assert!(seen <= usize::try_from(permits + burst - 1).unwrap());
        }
    }
}
