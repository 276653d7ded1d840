use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Cost, Quota, RateLimit};
use crate::clock::{Clock, SystemClock};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn limit(quota: Quota) -> (RateLimit, Instant) {
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
    ];
    for (quota, field) in rows {
        let error = quota.validate().unwrap_err().to_string();
        assert!(error.contains(&format!("`rate_limit.{field}`")), "{error}");
    }
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
