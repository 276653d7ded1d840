use std::time::Duration;

use proptest::prelude::*;

use crate::{
    ErrorKind,
    clock::{Clock, SystemClock},
    rate_limit::Quota,
    shared_store::{
        Demand, Demands, MAX_DEMANDS, Verdict,
        gcra::{self, Bill, Slot},
        share::{Limits, Share},
    },
};

const MS: u64 = 1_000;
const NEVER: u64 = u64::MAX;

fn quota(permits: u32, per_ms: u64, burst: u32) -> Quota {
    Quota::new(permits, Duration::from_millis(per_ms)).with_burst(burst)
}

fn bill(demands: &[Demand]) -> Bill {
    Bill::new(&Demands::new(demands).unwrap())
}

/// The most that went in any window `[t, t + per)`.
fn most_in_a_window(went: &[(u64, u32)], per: u64) -> u32 {
    let within = |start: u64| {
        let window = went
            .iter()
            .filter(|(at, _)| (start..start + per).contains(at));
        window.map(|(_, cost)| cost).sum()
    };
    went.iter().map(|(at, _)| within(*at)).max().unwrap_or(0)
}

#[test]
fn a_burst_goes_and_the_next_are_spaced() {
    let bill = bill(&[Demand::new(quota(10, 1_000, 3), 1)]);
    let mut cells = [None; MAX_DEMANDS];
    let slots: Vec<_> = (0..7)
        .map(|_| gcra::book(&mut cells, &bill, 0, NEVER, NEVER))
        .collect();
    let taken = |ms: u64| Slot::Taken(ms * MS);
    // The seventh would be more than one burst ahead.
    let full = Slot::Full(100 * MS);
    let expected = [0, 0, 0, 100, 200, 300].map(taken);
    assert_eq!(slots, [expected.as_slice(), &[full]].concat());
    // What cannot come in time is told as such.
    let slot = gcra::book(&mut cells, &bill, 0, NEVER, 399 * MS);
    assert_eq!(slot, Slot::Full(400 * MS));
}

#[test]
fn a_memory_that_is_younger_than_the_window_gives_no_burst() {
    let bill = bill(&[Demand::new(quota(10, 1_000, 3), 1)]);
    for (age, free) in [(0, 1), (999_999, 1), (1_000_000, 3)] {
        let mut cells = [None; MAX_DEMANDS];
        let mut book = || gcra::book(&mut cells, &bill, 5_000, age, 0);
        let taken = (0..5).take_while(|_| book() == Slot::Taken(0)).count();
        assert_eq!(taken, free, "{age}");
    }
}

#[test]
fn all_quotas_pay_or_none() {
    let (second, minute) = (quota(10, 1_000, 10), quota(20, 60_000, 2));
    let both = bill(&[Demand::new(second, 5), Demand::new(minute, 1)]);
    let mut cells = [None; MAX_DEMANDS];
    for _ in 0..2 {
        assert_eq!(gcra::book(&mut cells, &both, 0, NEVER, 0), Slot::Taken(0));
    }
    let before = cells;
    let slot = gcra::book(&mut cells, &both, 1_000 * MS, NEVER, 0);
    assert_eq!(slot, Slot::Full(2_000 * MS));
    assert_eq!(cells, before);
    let nothing = bill(&[Demand::new(second, 0), Demand::new(minute, 0)]);
    assert_eq!(
        gcra::book(&mut cells, &nothing, 0, NEVER, 0),
        Slot::Taken(0)
    );
    assert_eq!(cells, before);
}

#[test]
fn a_cost_above_the_burst_waits_for_the_whole_burst_and_owes_the_rest() {
    let one = bill(&[Demand::new(quota(10, 1_000, 4), 1)]);
    let nine = bill(&[Demand::new(quota(10, 1_000, 4), 9)]);
    let mut cells = [None; MAX_DEMANDS];
    assert_eq!(gcra::book(&mut cells, &one, 0, NEVER, 0), Slot::Taken(0));
    let slot = gcra::book(&mut cells, &nine, 0, NEVER, NEVER);
    assert_eq!(slot, Slot::Taken(100 * MS));
    let slot = gcra::book(&mut cells, &one, 100 * MS, NEVER, 0);
    assert_eq!(slot, Slot::Full(600 * MS));
}

#[test]
fn too_many_quotas_and_quotas_that_are_not_valid_are_refused() {
    let demand = Demand::new(Quota::per_second(1), 1);
    let error = Demands::new(&[demand; MAX_DEMANDS + 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("at most 4"), "{error}");
    assert!(Demands::new(&[demand; MAX_DEMANDS]).is_ok());
    let error = Demands::one(Quota::per_second(0)).unwrap_err();
    assert!(error.to_string().contains("rate_limit.permits"), "{error}");
}

#[test]
fn a_share_has_no_burst_and_earns_before_it_pays() {
    let demands = Demands::one(quota(8, 1_000, 8)).unwrap();
    let lost = SystemClock.now();
    let limits = Limits {
        max_wait: Duration::ZERO,
        horizon: Duration::MAX,
    };
    let mut share = Share::default();
    let mut book = |ms| share.book(&demands, 4, lost, lost + Duration::from_millis(ms), limits);
    assert!(matches!(book(0), Verdict::Full(_)));
    assert!(matches!(book(500), Verdict::Full(_)));
    assert_eq!(book(501), Verdict::Go);
    assert!(matches!(book(501), Verdict::Full(_)));
    // Time without calls saves up nothing.
    assert_eq!(book(9_000), Verdict::Go);
    assert!(matches!(book(9_500), Verdict::Full(_)));
}

#[test]
fn each_loss_of_the_store_begins_with_nothing_earned() {
    let demands = Demands::one(quota(8, 1_000, 8)).unwrap();
    let first = SystemClock.now();
    let limits = Limits {
        max_wait: Duration::ZERO,
        horizon: Duration::MAX,
    };
    let at = |ms| first + Duration::from_millis(ms);
    let mut share = Share::default();
    assert_eq!(share.book(&demands, 4, first, at(501), limits), Verdict::Go);
    let mut book = |ms| share.book(&demands, 4, at(5_000), at(ms), limits);
    assert!(matches!(book(5_000), Verdict::Full(_)));
    assert!(matches!(book(5_500), Verdict::Full(_)));
    assert_eq!(book(5_501), Verdict::Go);
}

#[test]
fn a_share_books_no_further_than_the_store_may_be_away() {
    let demands = Demands::one(quota(4, 1_000, 4)).unwrap();
    let lost = SystemClock.now();
    let second = Duration::from_millis(1_000) + Duration::from_nanos(1);
    let limits = |max_wait| Limits {
        max_wait,
        horizon: 2 * second,
    };
    let mut share = Share::default();
    let mut book = |max_wait| share.book(&demands, 4, lost, lost, limits(max_wait));
    assert_eq!(book(9 * second), Verdict::Wait(second));
    assert_eq!(book(9 * second), Verdict::Wait(2 * second));
    assert_eq!(book(9 * second), Verdict::Full(second));
    assert_eq!(book(second), Verdict::Full(3 * second));
}

proptest! {
    #[test]
    fn no_window_holds_more_than_permits_and_burst(
        permits in 1..50_u32,
        per_ms in 1..5_000_u64,
        burst in 1..60_u32,
        calls in prop::collection::vec((0..300 * MS, 1..4_u32, 0..400 * MS), 1..200),
    ) {
        let mut cells = [None; MAX_DEMANDS];
        let (mut now, mut went) = (0, Vec::new());
        for (later, cost, max_wait) in calls {
            now += later;
            let cost = cost.min(burst);
            let bill = bill(&[Demand::new(quota(permits, per_ms, burst), cost)]);
            if let Slot::Taken(wait) = gcra::book(&mut cells, &bill, now, NEVER, max_wait) {
                prop_assert!(wait <= max_wait && wait <= bill.horizon);
                went.push((now + wait, cost));
            }
        }
        prop_assert!(most_in_a_window(&went, per_ms * MS) < permits + burst);
    }

    #[test]
    fn a_refusal_that_is_obeyed_is_followed_by_a_slot(
        permits in 1..50_u32,
        per_ms in 1..5_000_u64,
        burst in 1..60_u32,
        taken in 0..200_u32,
    ) {
        let bill = bill(&[Demand::new(quota(permits, per_ms, burst), 1)]);
        let mut cells = [None; MAX_DEMANDS];
        for _ in 0..taken {
            gcra::book(&mut cells, &bill, 0, NEVER, NEVER);
        }
        if let Slot::Full(wait) = gcra::book(&mut cells, &bill, 0, NEVER, 0) {
            let early = gcra::book(&mut cells, &bill, wait - 1, NEVER, 0);
            prop_assert_eq!(early, Slot::Full(1));
            prop_assert_eq!(gcra::book(&mut cells, &bill, wait, NEVER, 0), Slot::Taken(0));
        }
    }

    #[test]
    fn the_shares_of_all_members_stay_within_the_permits(
        permits in 1..50_u32,
        members in 1..8_u32,
        per_ms in 50..2_000_u64,
        calls in prop::collection::vec((0..8_usize, 0..30 * MS), 1..400),
    ) {
        prop_assume!(members <= permits);
        let demands = Demands::one(quota(permits, per_ms, permits)).unwrap();
        let lost = SystemClock.now();
        let limits = Limits { max_wait: Duration::from_millis(50), horizon: Duration::MAX };
        let mut shares: Vec<_> = (0..members).map(|_| Share::default()).collect();
        let (mut at, mut went) = (0, Vec::new());
        for (member, later) in calls {
            at += later;
            let member = member % shares.len();
            let now = lost + Duration::from_micros(at);
            let wait = match shares[member].book(&demands, members, lost, now, limits) {
                Verdict::Go => Duration::ZERO,
                Verdict::Wait(wait) => wait,
                _ => continue,
            };
            went.push((u64::try_from((now + wait - lost).as_nanos()).unwrap(), 1));
        }
        prop_assert!(most_in_a_window(&went, per_ms * 1_000_000) <= permits);
    }
}
