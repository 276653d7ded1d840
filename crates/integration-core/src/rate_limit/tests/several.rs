//! Several quotas at once, against buckets that are replayed from their whole history.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{MILLI, NANO, SECOND, limit};
use crate::rate_limit::{Cost, Quota, RateLimit, RateLimitConfig, Unit};

fn tokens(amount: u32) -> Cost {
    Cost::ONE.with("tokens", amount)
}

fn calls_and_tokens() -> (RateLimit, Instant) {
    limit([
        Quota::per_second(10).with_burst(2),
        Quota::per_minute(60).with_burst(5),
        Quota::per_second(100).of("tokens"),
    ])
}

#[test]
fn a_call_goes_when_every_quota_has_room() {
    let (limit, now) = calls_and_tokens();
    limit.reserve(tokens(10), now, now).unwrap();
    limit.reserve(tokens(10), now, now).unwrap();
    let denied = limit.reserve(tokens(10), now, now).unwrap_err();
    assert_eq!(denied.until, Some(now + 100 * MILLI), "by the second");
    let mut later = now;
    for _ in 0..3 {
        later += 100 * MILLI;
        limit.reserve(tokens(1), later, later).unwrap();
    }
    let denied = limit.reserve(tokens(1), later, later).unwrap_err();
    assert_eq!(denied.until, Some(now + SECOND), "by the minute");
    later = now + 2 * SECOND;
    limit.reserve(tokens(100), later, later).unwrap();
    let denied = limit.reserve(tokens(7), later, later).unwrap_err();
    assert_eq!(denied.until, Some(later + 70 * MILLI), "by the tokens");
}

#[test]
fn who_would_not_even_wait_until_now_may_go_now() {
    let (several, now) = calls_and_tokens();
    let (one, at) = limit(Quota::per_second(1));
    let later = [now + SECOND, at + SECOND];
    assert_eq!(several.reserve(tokens(1), later[0], now), Ok(later[0]));
    assert_eq!(one.reserve(Cost::ONE, later[1], at), Ok(later[1]));
}

#[test]
fn nothing_is_taken_when_one_quota_refuses() {
    let (limit, now) = calls_and_tokens();
    limit.reserve(tokens(100), now, now).unwrap();
    for _ in 0..50 {
        assert!(limit.reserve(tokens(50), now, now + 499 * MILLI).is_err());
        let never = limit.reserve(tokens(101), now, now).unwrap_err();
        assert_eq!(never.until, None);
    }
    // The second place of the burst is still there for a call without tokens.
    limit.reserve(Cost::ONE, now, now).unwrap();
}

#[test]
fn a_unit_without_a_quota_costs_nothing() {
    let (limit, now) = limit(Quota::per_second(1).of("tokens"));
    for _ in 0..100 {
        limit.admit(now).unwrap();
        limit
            .reserve(Cost::ONE.with("bytes", u32::MAX), now, now)
            .unwrap();
    }
    limit.reserve(tokens(1), now, now).unwrap();
    assert!(limit.reserve(tokens(1), now, now).is_err());
}

#[test]
fn who_asks_later_goes_later_whatever_it_costs() {
    let (limit, now) = calls_and_tokens();
    limit.reserve(tokens(100), now, now).unwrap();
    let waiting = limit.reserve(tokens(50), now, now + SECOND).unwrap();
    assert_eq!(waiting, now + 500 * MILLI);
    assert_eq!(
        limit.reserve(Cost::ONE, now, now + SECOND).unwrap(),
        waiting
    );
}

#[test]
fn a_penalty_drains_every_quota() {
    let (limit, now) = calls_and_tokens();
    let end = now + 5 * SECOND;
    limit.penalize_until(end);
    let denied = limit.reserve(tokens(1), now, now).unwrap_err();
    assert_eq!(denied.until, Some(end));
    limit.reserve(tokens(1), end, end).unwrap();
    let denied = limit.reserve(tokens(1), end, end).unwrap_err();
    assert_eq!(
        denied.until,
        Some(end + SECOND),
        "one a second by the minute"
    );
}

#[test]
fn tokens_are_settled_after_the_call() {
    let (limit, now) = limit(Quota::per_second(100).of("tokens"));
    limit.reserve(tokens(80), now, now).unwrap();
    limit.settle_cost(tokens(80), tokens(30), now);
    limit.reserve(tokens(70), now, now).unwrap();
    assert!(limit.reserve(tokens(1), now, now).is_err());
    // What turned out to be more is owed.
    limit.settle_cost(tokens(70), tokens(270), now);
    let denied = limit.reserve(tokens(1), now, now).unwrap_err();
    assert_eq!(denied.until, Some(now + 2_010 * MILLI));
    // A debt is never longer than two months.
    limit.settle_cost(tokens(0), tokens(u32::MAX), now);
    limit.settle_cost(tokens(0), tokens(u32::MAX), now);
    let until = limit.reserve(tokens(1), now, now).unwrap_err().until;
    assert!(until.unwrap() <= now + Duration::from_secs(60 * 24 * 3_600));
}

#[test]
fn new_quotas_keep_what_was_taken_of_each_unit() {
    let (limit, now) = limit([
        Quota::per_second(10),
        Quota::per_minute(100),
        Quota::per_minute(600).of("tokens"),
    ]);
    limit
        .reserve(Cost::calls(6).with("tokens", 300), now, now)
        .unwrap();
    let new = [
        Quota::per_minute(120),
        Quota::per_second(8),
        Quota::per_minute(1_200).with_burst(600).of("tokens"),
        Quota::per_hour(5).of("images"),
    ];
    limit.set_quotas(new, now).unwrap();
    let room = |cost: Cost| limit.reserve(cost, now, now).is_ok();
    assert!(!room(Cost::calls(3)), "six of eight a second are gone");
    assert!(
        !room(Cost::calls(0).with("tokens", 301)),
        "300 of 600 tokens are gone"
    );
    assert!(!room(Cost::calls(0).with("images", 6)));
    assert!(room(Cost::calls(2).with("tokens", 300).with("images", 5)));
    // Back to one quota of calls, which the minute is nearest to: 8 of 120 are gone.
    limit.set_quota(Quota::per_minute(120), now).unwrap();
    assert!(!room(Cost::calls(113)));
    assert!(room(Cost::calls(112)));
}

#[test]
fn quotas_that_are_refused_leave_the_old_ones() {
    let (limit, now) = limit(Quota::per_second(1));
    let nine = (1..=9).fold(RateLimitConfig::new(), |config, seconds| {
        config.with_quota(Quota::new(1, SECOND * seconds))
    });
    let rows = [
        (nine, "quotas"),
        (
            [Quota::per_second(1), Quota::per_second(2)].into(),
            "quotas",
        ),
        (
            [Quota::per_second(1), Quota::per_minute(0)].into(),
            "permits",
        ),
        (
            [Quota::per_second(1), Quota::per_second(1).of("")].into(),
            "unit",
        ),
    ];
    for (config, field) in rows {
        let error = limit.set_quotas(config, now).unwrap_err().to_string();
        assert!(error.contains(&format!("`rate_limit.{field}`")), "{error}");
        assert!(RateLimit::new(config, now).is_err());
    }
    limit.admit(now).unwrap();
    assert!(limit.admit(now).is_err());
    let eight = (1..=8).fold(RateLimitConfig::new(), |config, seconds| {
        config.with_quota(Quota::new(1, SECOND * seconds))
    });
    eight.validate().unwrap();
}

/// A bucket that remembers all that was ever poured in, and leaks from the beginning each time.
struct Replayed {
    unit: Unit,
    interval: u128,
    capacity: u128,
    poured: Vec<(u128, u128)>,
}

impl Replayed {
    fn new(quota: Quota) -> Self {
        let interval = quota.per().as_nanos().div_ceil(u128::from(quota.permits()));
        Self {
            unit: quota.unit(),
            interval,
            capacity: interval * u128::from(quota.burst()),
            poured: Vec::new(),
        }
    }

    fn level(&self, at: u128) -> u128 {
        let (mut level, mut time) = (0_u128, 0);
        for (when, what) in &self.poured {
            level = level.saturating_sub(when - time) + what;
            time = *when;
        }
        level.saturating_sub(at - time)
    }

    fn has_room(&self, cost: &Cost, at: u128) -> bool {
        let amount = u128::from(cost.of(self.unit)) * self.interval;
        amount == 0 || self.level(at) + amount <= self.capacity
    }

    fn pour(&mut self, cost: &Cost, at: u128) {
        let amount = u128::from(cost.of(self.unit)) * self.interval;
        if amount > 0 {
            self.poured.push((at, amount));
        }
    }
}

fn quotas() -> impl Strategy<Value = Vec<Quota>> {
    let quota = (1..30_u32, 1..12_u32);
    (quota.clone(), quota.clone(), quota, 1..8_usize).prop_map(|(a, b, c, which)| {
        let all = [
            Quota::per_second(a.0).with_burst(a.1),
            Quota::new(b.0 * 4, 5 * SECOND).with_burst(b.1),
            Quota::per_second(c.0 * 10)
                .with_burst(c.1 * 10)
                .of("tokens"),
        ];
        let chosen = all.into_iter().enumerate();
        chosen
            .filter(|(place, _)| which >> place & 1 == 1)
            .map(|(_, quota)| quota)
            .collect()
    })
}

fn config(quotas: &[Quota]) -> RateLimitConfig {
    let none = RateLimitConfig::new();
    quotas
        .iter()
        .fold(none, |config, quota| config.with_quota(*quota))
}

/// One call: milliseconds since the one before, calls, tokens, milliseconds it would wait.
type Ask = (u64, u32, u32, u64);

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let wait = prop_oneof![Just(0_u64), 1..3_000_u64];
    prop::collection::vec((0..300_u64, 0..3_u32, 0..60_u32, wait), 1..120)
}

proptest! {
    #[test]
    fn several_quotas_behave_like_leaking_buckets(quotas in quotas(), asks in asks()) {
        let (limit, start) = limit(config(&quotas));
        let mut buckets: Vec<_> = quotas.into_iter().map(Replayed::new).collect();
        let (mut now, mut booked) = (0_u128, 0_u128);
        for (gap, calls, tokens, wait) in asks {
            now += u128::from(gap) * 1_000_000;
            let cost = Cost::calls(calls).with("tokens", tokens);
            let at = start + NANO * u32::try_from(now % 1_000_000_000).unwrap()
                + SECOND * u32::try_from(now / 1_000_000_000).unwrap();
            let latest = now + u128::from(wait) * 1_000_000;
            let outcome = limit.reserve(cost, at, at + Duration::from_millis(wait));
            let over = |bucket: &Replayed| {
                u128::from(cost.of(bucket.unit)) * bucket.interval > bucket.capacity
            };
            if buckets.iter().any(over) {
                prop_assert_eq!(outcome.unwrap_err().until, None);
                continue;
            }
            let told = outcome.unwrap_or_else(|denied| denied.until.unwrap());
            let told = (told - start).as_nanos();
            // One that is told to go finds room then, and would not have found it earlier.
            let asked = buckets.iter().any(|bucket| cost.of(bucket.unit) > 0);
            let first = if asked { now.max(booked) } else { now };
            let room = |at: u128| buckets.iter().all(|bucket| bucket.has_room(&cost, at));
            prop_assert!(told >= first, "too early");
            prop_assert!(!asked || room(told), "no room");
            prop_assert!(told == first || !room(told - 1), "too late");
            prop_assert_eq!(outcome.is_ok(), told <= latest);
            if outcome.is_ok() {
                for bucket in &mut buckets {
                    bucket.pour(&cost, told);
                }
                if told > now {
                    booked = told;
                }
            }
        }
    }

    #[test]
    fn what_is_given_back_leaves_the_bucket(
        quotas in quotas(),
        steps in prop::collection::vec((0..200_u64, 0..3_u32, 0..60_u32, 0..4_u8), 1..150),
    ) {
        let (limit, mut now) = limit(config(&quotas));
        let mut levels: Vec<(Replayed, u128)> =
            quotas.into_iter().map(|quota| (Replayed::new(quota), 0)).collect();
        for (gap, calls, tokens, step) in steps {
            now += Duration::from_millis(gap);
            let cost = Cost::calls(calls).with("tokens", tokens);
            for (_, level) in &mut levels {
                *level = level.saturating_sub(u128::from(gap) * 1_000_000);
            }
            let amount = |bucket: &Replayed| u128::from(cost.of(bucket.unit)) * bucket.interval;
            match step {
                0 => {
                    limit.give_back(cost, now);
                    for (bucket, level) in &mut levels {
                        *level = level.saturating_sub(amount(bucket));
                    }
                }
                1 => {
                    limit.settle_cost(Cost::calls(0), cost, now);
                    for (bucket, level) in &mut levels {
                        *level += amount(bucket);
                    }
                }
                _ => {
                    let room = levels.iter().all(|(bucket, level)| {
                        amount(bucket) == 0 || level + amount(bucket) <= bucket.capacity
                    });
                    let outcome = limit.reserve(cost, now, now);
                    prop_assert_eq!(outcome.is_ok(), room);
                    for (bucket, level) in levels.iter_mut().filter(|_| room) {
                        *level += amount(bucket);
                    }
                }
            }
        }
    }

    /// Also while the clock jumps back, penalties come, and quotas are replaced by themselves.
    #[test]
    fn no_window_of_any_quota_sees_too_much(
        quotas in quotas(),
        steps in prop::collection::vec((-150..300_i64, 1..4_u32, 0..60_u32, 0..2_000_u64, 0..20_u8), 1..120),
    ) {
        let (limit, start) = limit(config(&quotas));
        let mut now = start;
        let mut gone: Vec<(Instant, Cost)> = Vec::new();
        for (gap, calls, tokens, wait, step) in steps {
            let by = Duration::from_millis(gap.unsigned_abs());
            now = if gap < 0 { (now - by).max(start) } else { now + by };
            match step {
                0 => limit.penalize_until(now + Duration::from_millis(wait)),
                1 => limit.set_quotas(config(&quotas), now).unwrap(),
                _ => {
                    let cost = Cost::calls(calls).with("tokens", tokens);
                    let latest = now + Duration::from_millis(wait);
                    gone.extend(limit.reserve(cost, now, latest).map(|go| (go, cost)));
                }
            }
        }
        gone.sort_by_key(|(go, _)| *go);
        for quota in quotas {
            for (place, (first, _)) in gone.iter().enumerate() {
                let window = gone[place..].iter().take_while(|(go, _)| *go - *first < quota.per());
                let seen: u32 = window.map(|(_, cost)| cost.of(quota.unit())).sum();
                prop_assert!(seen < quota.permits() + quota.burst(), "{seen} of {quota:?}");
            }
        }
    }
}
