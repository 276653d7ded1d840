//! What a server says about its quotas.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{MILLI, SECOND, limit};
use crate::{
    pause::MAX_PAUSE,
    quota::{QuotaEntry, QuotaReport, Reach, Refill},
    rate_limit::{Cost, Learn, Quota, RateLimit, RateLimitConfig, Unit},
};

const MINUTE: Duration = Duration::from_secs(60);

fn told(entry: QuotaEntry) -> QuotaReport {
    QuotaReport::new().with_entry(entry)
}

fn of(unit: &str) -> QuotaEntry {
    QuotaEntry::new(Unit::new(unit))
}

fn calls() -> QuotaEntry {
    QuotaEntry::new(Unit::CALLS)
}

fn tokens(amount: u32) -> Cost {
    Cost::ONE.with("tokens", amount)
}

/// How long a call would wait.
fn wait(limit: &RateLimit, cost: Cost, now: Instant) -> Duration {
    let Err(denied) = limit.reserve(cost, now, now) else {
        return Duration::ZERO;
    };
    denied.until.unwrap() - now
}

/// How many calls go at once.
fn burst(limit: &RateLimit, now: Instant) -> usize {
    (0..10_000).take_while(|_| limit.admit(now).is_ok()).count()
}

#[test]
fn nothing_remaining_waits_for_the_reset_and_then_starts_slowly() {
    for config in [RateLimitConfig::new(), Quota::per_second(10).into()] {
        let (limit, now) = limit(config);
        limit.observe(&told(calls().with_remaining(0).with_reset_in(MINUTE)), now);
        assert_eq!(wait(&limit, Cost::ONE, now), MINUTE);
        limit.admit(now + MINUTE).unwrap();
        if !config.quotas().is_empty() {
            assert_eq!(wait(&limit, Cost::ONE, now + MINUTE), 100 * MILLI);
        }
    }
}

#[test]
fn the_longest_of_several_waits_counts() {
    let gone = |unit, reset| of(unit).with_remaining(0).with_reset_in(reset);
    let report = told(gone("calls", SECOND))
        .with_entry(gone("tokens", MINUTE))
        .with_entry(gone("bytes", 2 * SECOND));
    let (limit, now) = limit(Quota::per_second(10));
    limit.observe(&report, now);
    assert_eq!(wait(&limit, Cost::ONE, now), MINUTE);
}

#[test]
fn a_unit_of_its_own_waits_for_the_longest_of_its_quotas() {
    let entry = |remaining, reset| {
        let entry = of("search").with_limit(100).with_remaining(remaining);
        entry.with_reset_in(reset).with_reach(Reach::ItsUnit)
    };
    let report = told(entry(5, 10 * SECOND)).with_entry(entry(0, MINUTE));
    let (limit, now) = limit(Quota::per_second(10));
    limit.observe(&report, now);
    assert_eq!(wait(&limit, Cost::ONE.with("search", 1), now), MINUTE);
    assert_eq!(wait(&limit, Cost::ONE, now), Duration::ZERO);
}

#[test]
fn nothing_remaining_without_a_reset_says_nothing() {
    let (limit, now) = limit(RateLimitConfig::new());
    limit.observe(&told(calls().with_remaining(0)), now);
    let reset = Duration::ZERO;
    limit.observe(&told(calls().with_remaining(0).with_reset_in(reset)), now);
    limit.admit(now).unwrap();
}

#[test]
fn a_penalty_is_obeyed_for_a_day_at_most() {
    for learn in [Learn::Ignore, Learn::SlowDown, Learn::Follow] {
        let (limit, now) = limit(RateLimitConfig::new().with_learn(learn));
        limit.observe(&QuotaReport::new().with_penalty(SECOND), now);
        assert_eq!(wait(&limit, Cost::ONE, now), SECOND);
        limit.observe(&QuotaReport::new().with_penalty(Duration::MAX), now);
        assert_eq!(wait(&limit, Cost::ONE, now), MAX_PAUSE);
    }
    let (limit, now) = limit(RateLimitConfig::new());
    let reset = told(calls().with_remaining(0).with_reset_in(Duration::MAX));
    limit.observe(&reset, now);
    assert_eq!(wait(&limit, Cost::ONE, now), MAX_PAUSE);
}

#[test]
fn a_unit_that_is_used_up_holds_up_what_costs_it() {
    let gone = of("tokens").with_remaining(0).with_reset_in(MINUTE);
    // With a quota of tokens it is known which calls cost them.
    let (known, now) = limit([Quota::per_second(10), Quota::per_minute(100).of("tokens")]);
    known.observe(&told(gone), now);
    assert_eq!(wait(&known, Cost::ONE, now), Duration::ZERO);
    assert_eq!(wait(&known, tokens(1), now), MINUTE);
    known
        .reserve(tokens(1), now + MINUTE, now + MINUTE)
        .unwrap();

    let (unknown, now) = limit(Quota::per_second(10));
    unknown.observe(&told(gone), now);
    assert_eq!(wait(&unknown, Cost::ONE, now), MINUTE);

    let (apart, now) = limit(Quota::per_second(10));
    apart.observe(&told(gone.with_reach(Reach::ItsUnit)), now);
    assert_eq!(wait(&apart, Cost::ONE, now), Duration::ZERO);
    assert_eq!(wait(&apart, tokens(1), now), MINUTE);
    let after = now + MINUTE;
    apart.reserve(tokens(50), after, after).unwrap();
    apart.reserve(tokens(50), after, after).unwrap();
}

#[test]
fn what_is_refilled_steadily_is_waited_for_by_one() {
    let rows = [
        (calls().with_limit(60).with_reset_in(MINUTE), SECOND),
        (calls().with_limit(60).with_window(MINUTE), SECOND),
        (calls().with_reset_in(MINUTE), MINUTE),
        (calls().with_limit(0).with_reset_in(MINUTE), MINUTE),
    ];
    for (entry, expected) in rows {
        let (limit, now) = limit(RateLimitConfig::new());
        let entry = entry.with_remaining(0).with_refill(Refill::Steady);
        limit.observe(&told(entry), now);
        assert_eq!(wait(&limit, Cost::ONE, now), expected, "{entry:?}");
    }
}

#[test]
fn the_little_that_remains_is_spread_until_the_reset() {
    for config in [RateLimitConfig::new(), Quota::per_second(100).into()] {
        let (limit, now) = limit(config);
        let low = calls().with_limit(100).with_remaining(5);
        limit.observe(&told(low.with_reset_in(10 * SECOND)), now);
        for place in 0..5 {
            let slot = limit.reserve(Cost::ONE, now, now + MINUTE).unwrap();
            assert_eq!(slot, now + 2 * SECOND * place);
        }
        let after = now + 10 * SECOND;
        assert!(burst(&limit, after) >= 100, "the window is new");
    }
}

#[test]
fn only_a_tenth_is_little() {
    let rows = [
        (calls().with_limit(100).with_remaining(10), true),
        (calls().with_limit(100).with_remaining(11), false),
        (calls().with_limit(5).with_remaining(1), false),
        (calls().with_remaining(10), true),
        (calls().with_remaining(11), false),
    ];
    for (entry, paced) in rows {
        let (limit, now) = limit(RateLimitConfig::new());
        limit.observe(&told(entry.with_reset_in(MINUTE)), now);
        assert_eq!(burst(&limit, now) == 1, paced, "{entry:?}");
    }
}

#[test]
fn the_slowest_of_several_entries_sets_the_pace() {
    let entry = |remaining, reset| {
        let entry = calls().with_limit(1_000).with_remaining(remaining);
        entry.with_reset_in(reset)
    };
    let report = told(entry(500, MINUTE))
        .with_entry(entry(10, MINUTE))
        .with_entry(entry(10, SECOND));
    let (limit, now) = limit(RateLimitConfig::new());
    limit.observe(&report, now);
    limit.admit(now).unwrap();
    assert_eq!(wait(&limit, Cost::ONE, now), 6 * SECOND);
}

#[test]
fn a_pace_ends_when_much_remains_again() {
    let (limit, now) = limit(Quota::per_second(50));
    let entry = calls().with_limit(1_000).with_reset_in(MINUTE);
    limit.observe(&told(entry.with_remaining(1)), now);
    assert_eq!(burst(&limit, now), 1);
    limit.observe(&told(entry.with_remaining(900)), now);
    assert_eq!(burst(&limit, now), 49);
}

#[test]
fn a_pace_of_tokens_lets_a_large_call_through_and_makes_the_next_wait() {
    let (limit, now) = limit(Quota::per_minute(10_000).of("tokens"));
    let low = of("tokens").with_limit(10_000).with_remaining(600);
    limit.observe(&told(low.with_reset_in(MINUTE)), now);
    limit.reserve(tokens(100), now, now).unwrap();
    assert_eq!(wait(&limit, tokens(1), now), 10 * SECOND);
    assert_eq!(wait(&limit, Cost::ONE, now), Duration::ZERO);
}

#[test]
fn a_pace_of_what_is_refilled_steadily_is_the_pace_of_the_refill() {
    let (limit, now) = limit(RateLimitConfig::new());
    let low = calls().with_limit(100).with_remaining(5);
    let low = low.with_reset_in(95 * SECOND).with_refill(Refill::Steady);
    limit.observe(&told(low), now);
    limit.admit(now).unwrap();
    assert_eq!(wait(&limit, Cost::ONE, now), SECOND);
}

#[test]
fn a_faster_pace_is_not_held_up_by_a_slower_one_before() {
    let (limit, now) = limit(RateLimitConfig::new());
    let low = |remaining, reset| {
        let entry = calls().with_limit(1_000).with_remaining(remaining);
        told(entry.with_reset_in(reset))
    };
    limit.observe(&low(1, MINUTE), now);
    limit.admit(now).unwrap();
    assert_eq!(wait(&limit, Cost::ONE, now), MINUTE);
    limit.observe(&low(100, 10 * SECOND), now);
    assert_eq!(wait(&limit, Cost::ONE, now), 100 * MILLI);
}

#[test]
fn a_lower_limit_replaces_the_quota_until_another_is_stated() {
    let (limit, now) = limit(Quota::per_minute(120));
    let stated = |count| told(calls().with_limit(count).with_window(MINUTE));
    limit.observe(&stated(60), now);
    assert_eq!(limit.quotas(), Quota::per_minute(60).into());
    assert_eq!(burst(&limit, now), 60);
    assert_eq!(wait(&limit, Cost::ONE, now), SECOND);
    // The taken 60 stay taken; above the configured quota nothing more is given.
    limit.observe(&stated(100_000), now);
    assert_eq!(burst(&limit, now), 60);
    assert_eq!(wait(&limit, Cost::ONE, now), SECOND / 2);
    assert_eq!(limit.quotas(), Quota::per_minute(120).into());
}

#[test]
fn a_limit_of_another_time_or_unit_changes_nothing() {
    let rows = [
        calls().with_limit(10).with_window(10 * MINUTE),
        calls().with_limit(1).with_window(SECOND),
        calls().with_limit(0).with_window(MINUTE),
        calls().with_limit(10),
        calls().with_limit(10).with_window(Duration::ZERO),
        calls().with_limit(10).with_window(Duration::MAX),
        of("tokens").with_limit(10).with_window(MINUTE),
        // Time until all is refilled is no window.
        calls()
            .with_limit(10)
            .with_reset_in(MINUTE)
            .with_refill(Refill::Steady),
    ];
    for entry in rows {
        let (limit, now) = limit(Quota::per_minute(120));
        limit.observe(&told(entry), now);
        assert_eq!(burst(&limit, now), 120, "{entry:?}");
    }
}

#[test]
fn a_limit_without_a_window_is_learned_from_the_longest_rest_of_it() {
    let (limit, now) = limit(Quota::per_minute(1_000).with_burst(1));
    let seen = |rest: Duration| {
        let report = told(calls().with_limit(600).with_reset_in(rest));
        limit.observe(&report, now);
        let slots = [(); 2].map(|()| limit.reserve(Cost::ONE, now, now + MINUTE).unwrap());
        slots[1] - slots[0]
    };
    // 600 in 31 s or more would be above what is configured; then ever slower, never back.
    assert_eq!(seen(31 * SECOND), 60 * MILLI);
    assert_eq!(seen(48 * SECOND), 80 * MILLI);
    assert_eq!(seen(MINUTE), 100 * MILLI);
    assert_eq!(seen(45 * SECOND), 100 * MILLI);
    // A window that is told counts, and so does another limit.
    let stated = calls().with_limit(600).with_window(31 * SECOND);
    limit.observe(&told(stated), now);
    assert_eq!(seen(SECOND), 60 * MILLI);
    assert_eq!(seen(MINUTE), 100 * MILLI);
    limit.observe(&told(calls().with_limit(2_000).with_reset_in(MINUTE)), now);
    assert_eq!(seen(SECOND), 60 * MILLI);
}

#[test]
fn following_raises_the_quota_too_and_ignoring_changes_nothing() {
    let stated = |count| told(calls().with_limit(count).with_window(MINUTE));
    let config = RateLimitConfig::from(Quota::per_minute(60));
    let (follow, now) = limit(config.with_learn(Learn::Follow));
    follow.observe(&stated(90), now);
    assert_eq!(burst(&follow, now), 90);
    follow.observe(&stated(30), now);
    assert_eq!(wait(&follow, Cost::ONE, now), 2 * SECOND);

    let small = RateLimitConfig::from(Quota::per_minute(60).with_burst(2));
    let (small, now) = limit(small.with_learn(Learn::Follow));
    small.observe(&stated(90), now);
    assert_eq!(burst(&small, now), 2, "a burst that was chosen stays");

    let (ignore, now) = limit(config.with_learn(Learn::Ignore));
    ignore.observe(&stated(1), now);
    let gone = calls().with_limit(60).with_remaining(0);
    ignore.observe(&told(gone.with_reset_in(MINUTE)), now);
    assert_eq!(burst(&ignore, now), 60);
    // Replacing one quota keeps what was chosen for learning.
    ignore.set_quota(Quota::per_minute(61), now).unwrap();
    ignore.observe(&stated(1), now);
    assert_eq!(burst(&ignore, now), 1);
}

#[test]
fn units_without_end_are_not_remembered() {
    let (limit, now) = limit(RateLimitConfig::new());
    for unit in 0..100 {
        let name = format!("unit{unit}");
        let gone = of(&name).with_remaining(0).with_reset_in(MINUTE);
        limit.observe(&told(gone.with_reach(Reach::ItsUnit)), now);
    }
    let held = (0..100).filter(|unit| {
        let cost = Cost::ONE.with(format!("unit{unit}").as_str(), 1);
        wait(&limit, cost, now) > Duration::ZERO
    });
    assert_eq!(held.count(), 4);
    // Once their windows are over there is room for others.
    let now = now + MINUTE;
    let gone = of("other").with_remaining(0).with_reset_in(MINUTE);
    limit.observe(&told(gone.with_reach(Reach::ItsUnit)), now);
    assert_eq!(wait(&limit, Cost::ONE.with("other", 1), now), MINUTE);
}

#[test]
fn a_smaller_limit_that_comes_and_goes_does_not_refill_a_burst() {
    let quota = Quota::per_second(100).with_burst(40).of("tokens");
    let (limit, now) = limit(quota);
    assert_eq!(wait(&limit, tokens(40), now), Duration::ZERO);
    for stated in [1, 18, 1_000] {
        let tokens = of("tokens").with_limit(stated);
        limit.observe(&told(tokens.with_window(SECOND / 2)), now);
    }
    assert_eq!(limit.quotas().quotas(), [quota]);
    assert_eq!(
        wait(&limit, tokens(40), now),
        Duration::from_millis(400),
        "the burst is as empty as before"
    );
}

fn entries() -> impl Strategy<Value = QuotaReport> {
    let duration = || {
        prop_oneof![
            Just(None),
            // Near the times of the quotas, so that limits are compared, and anywhere.
            (1..8_u64).prop_map(|quarters| Some(SECOND * u32::try_from(quarters).unwrap() / 4)),
            (0..120_000_u64).prop_map(|ms| Some(Duration::from_millis(ms))),
            Just(Some(Duration::MAX)),
        ]
    };
    let number = || {
        prop_oneof![
            Just(None),
            (0..200_u64).prop_map(Some),
            any::<u64>().prop_map(Some)
        ]
    };
    let entry = (
        prop_oneof!["calls", "tokens", "bytes"],
        (number(), number(), duration(), duration()),
        any::<bool>(),
        any::<bool>(),
    );
    let entries = prop::collection::vec(entry, 0..4);
    (entries, duration()).prop_map(|(entries, penalty)| {
        let empty = QuotaReport::new().with_penalty(penalty.filter(|wait| *wait < SECOND));
        entries.into_iter().fold(empty, |report, entry| {
            let (unit, (limit, remaining, reset, window), steady, its) = entry;
            let refill = if steady {
                Refill::Steady
            } else {
                Refill::AtReset
            };
            let reach = if its {
                Reach::ItsUnit
            } else {
                Reach::EveryCall
            };
            let entry = of(&unit)
                .with_limit(limit)
                .with_remaining(remaining)
                .with_reset_in(reset)
                .with_window(window);
            report.with_entry(entry.with_refill(refill).with_reach(reach))
        })
    })
}

proptest! {
    #[test]
    fn no_word_of_a_server_makes_calls_faster_than_configured(
        steps in prop::collection::vec((0..300_u64, 0..40_u32, entries()), 1..80),
    ) {
        let quotas = [
            Quota::per_second(10).with_burst(3),
            Quota::per_minute(100).with_burst(20),
            Quota::per_second(100).with_burst(40).of("tokens"),
        ];
        let (limit, mut now) = limit(quotas);
        let mut gone: Vec<(Instant, Cost)> = Vec::new();
        for (gap, amount, report) in steps {
            now += Duration::from_millis(gap);
            limit.observe(&report, now);
            let cost = tokens(amount);
            match limit.reserve(cost, now, now + SECOND) {
                Ok(go) => gone.push((go, cost)),
                Err(denied) => {
                    // A day by the server's wish, and what was booked or is paced after it.
                    let until = denied.until.unwrap_or(now);
                    prop_assert!(until <= now + MAX_PAUSE * 41 + MINUTE, "{:?}", until - now);
                }
            }
        }
        prop_assert!(gone.iter().map(|(go, _)| *go).is_sorted());
        for quota in quotas {
            for (place, (first, _)) in gone.iter().enumerate() {
                let window = gone[place..].iter().take_while(|(go, _)| *go - *first < quota.per());
                let seen: u32 = window.map(|(_, cost)| cost.of(quota.unit())).sum();
                prop_assert!(seen < quota.permits() + quota.burst(), "{seen} of {quota:?}");
            }
        }
    }
}
