use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Booking, Refund, RetryBudget, RetryBudgetConfig};
use crate::{
    clock::{Clock, SystemClock},
    error::ErrorKind,
};

const SECOND: Duration = Duration::from_secs(1);

fn budget(config: RetryBudgetConfig) -> (RetryBudget, Instant) {
    let now = SystemClock.now();
    (RetryBudget::new(config, now).unwrap(), now)
}

fn affordable(budget: &RetryBudget, price: u32, now: Instant) -> usize {
    (0..1_000)
        .take_while(|_| budget.withdraw(price, now).is_ok())
        .count()
}

#[test]
fn a_new_client_can_afford_one_second_of_the_floor() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    assert_eq!(affordable(&budget, 10, now), 10);
    assert_eq!(affordable(&budget, 10, now + SECOND / 2), 5);
}

#[test]
fn a_throttle_costs_half_a_timeout_double_and_a_local_refusal_nothing() {
    let rows = [
        (ErrorKind::Unavailable, 10),
        (ErrorKind::Connect, 10),
        (ErrorKind::AttemptTimeout, 5),
        (ErrorKind::RateLimited, 20),
        (ErrorKind::IdempotencyInProgress, 20),
        (ErrorKind::CircuitOpen, 1_000),
    ];
    for (kind, retries) in rows {
        let (budget, now) = budget(RetryBudgetConfig::default());
        assert_eq!(
            affordable(&budget, budget.price(kind), now),
            retries,
            "{kind:?}"
        );
    }
}

#[test]
fn prices_are_those_of_the_configuration() {
    let config = RetryBudgetConfig::default()
        .with_failure_price(1)
        .with_timeout_price(2)
        .with_throttle_price(3)
        .with_hedge_price(4);
    let (budget, _) = budget(config);
    let kinds = [
        ErrorKind::Internal,
        ErrorKind::AttemptTimeout,
        ErrorKind::RateLimited,
    ];
    assert_eq!(kinds.map(|kind| budget.price(kind)), [1, 2, 3]);
    assert_eq!(budget.hedge_price(), 4);
}

#[test]
fn a_full_budget_pays_for_one_retry_of_any_price() {
    let floor_only = RetryBudgetConfig::default()
        .with_percent(0)
        .with_min_per_second(1);
    let (budget, now) = budget(floor_only.clone());
    assert_eq!(affordable(&budget, 1_000, now), 1);
    assert_eq!(
        budget.withdraw(1_000, now).unwrap_err().until,
        Some(now + SECOND)
    );

    let share_only = RetryBudgetConfig::default()
        .with_min_per_second(0)
        .with_capacity(1);
    let (budget, now) = self::budget(share_only);
    (0..5).for_each(|_| budget.deposit());
    assert_eq!(affordable(&budget, 1_000, now), 1);
}

#[test]
fn what_was_not_sent_is_given_back_in_whole() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    let bookings: Vec<_> = (0..10).map(|_| budget.withdraw(10, now).unwrap()).collect();
    for booking in bookings {
        budget.refund(booking, Refund::NotSent);
    }
    assert_eq!(affordable(&budget, 10, now), 10);
}

#[test]
fn a_refund_gives_back_no_more_than_was_taken() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    affordable(&budget, 10, now);
    (0..5).for_each(|_| budget.deposit());
    // The share pays, and the floor, being empty, was charged nothing.
    let paid = budget.withdraw(10, now);
    assert!(paid.is_err(), "the share still owes what the floor paid");
    (0..50).for_each(|_| budget.deposit());
    let paid = budget.withdraw(10, now).unwrap();
    budget.refund(paid, Refund::NotSent);
    assert_eq!(affordable(&budget, 10, now), 1);
}

#[test]
fn a_success_gives_back_its_part_and_by_default_none() {
    for (percent, more) in [(0, 0), (50, 5), (100, 10)] {
        let config = RetryBudgetConfig::default().with_success_refund_percent(percent);
        let (budget, now) = budget(config);
        for _ in 0..10 {
            let paid = budget.withdraw(10, now).unwrap();
            budget.refund(paid, Refund::Succeeded);
        }
        assert_eq!(affordable(&budget, 10, now), more, "{percent} %");
    }
}

#[test]
fn an_instant_from_before_earns_nothing() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    let later = now + SECOND * 60;
    assert_eq!(affordable(&budget, 10, later), 10);
    assert_eq!(affordable(&budget, 10, now), 0);
    assert_eq!(affordable(&budget, 10, later), 0);
}

#[test]
fn a_refusal_tells_when_the_floor_can_pay() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    affordable(&budget, 10, now);
    let until = budget.withdraw(10, now).unwrap_err().until.unwrap();
    assert_eq!(until, now + SECOND / 10);
    assert!(budget.withdraw(10, until).is_ok());
}

#[test]
fn three_hundred_calls_earn_sixty_retries_and_not_the_floor_on_top() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    let mut paid = 0;
    for _ in 0..300 {
        budget.deposit();
        paid += (0..2)
            .take_while(|_| budget.withdraw(10, now).is_ok())
            .count();
    }
    assert_eq!(paid, 60);
}

#[test]
fn savings_end_at_the_capacity() {
    let config = RetryBudgetConfig::default()
        .with_min_per_second(0)
        .with_capacity(7);
    let (budget, now) = budget(config);
    for _ in 0..10_000 {
        budget.deposit();
    }
    assert_eq!(affordable(&budget, 10, now), 7);
    assert_eq!(budget.withdraw(10, now).unwrap_err().until, None);
}

#[test]
fn impossible_budgets_name_the_field() {
    let ok = RetryBudgetConfig::default;
    let rows = [
        (ok().with_percent(101), "percent"),
        (ok().with_percent(0).with_min_per_second(0), "percent"),
        (ok().with_capacity(0), "capacity"),
        (ok().with_failure_price(1_001), "failure_price"),
        (ok().with_timeout_price(1_001), "timeout_price"),
        (ok().with_throttle_price(1_001), "throttle_price"),
        (ok().with_hedge_price(u32::MAX), "hedge_price"),
        (
            ok().with_success_refund_percent(101),
            "success_refund_percent",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.contains(&format!("`retry_budget.{field}`")),
            "{error}"
        );
    }
}

#[test]
fn threads_that_deposit_and_withdraw_lose_nothing() {
    let config = RetryBudgetConfig::default()
        .with_min_per_second(0)
        .with_percent(100)
        .with_capacity(1_000_000);
    let (budget, now) = budget(config);
    let work = || {
        budget.deposit();
        let kept = budget.withdraw(10, now).ok()?;
        if let Ok(booking) = budget.withdraw(10, now) {
            budget.refund(booking, Refund::NotSent);
        }
        Some(kept)
    };
    let run = || (0..5_000).filter_map(|_| work()).count();
    let paid: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(paid + affordable_all(&budget, now), 20_000);
}

fn affordable_all(budget: &RetryBudget, now: Instant) -> usize {
    std::iter::from_fn(|| budget.withdraw(10, now).ok()).count()
}

/// The budget in nanoseconds and thousandths of a token, without atomics or `Instant`.
struct Model {
    share: i128,
    capacity: i128,
    /// Nanoseconds for a retry; the floor has earned since `since`.
    floor: Option<i128>,
    since: i128,
}

impl Model {
    const SAVED: i128 = 1_000_000_000;

    fn withdraw(&mut self, price: u32, now: i128) -> Option<(i128, i128)> {
        let cost = (i128::from(price) * 1_000).min(self.capacity);
        let floor_cost = self
            .floor
            .map(|retry| (retry * i128::from(price) / 10).min(Self::SAVED));
        let saved = (now - self.since).min(Self::SAVED);
        let affordable = floor_cost.is_some_and(|cost| saved >= cost);
        if price == 0 {
            return Some((0, 0));
        }
        if self.share < cost && !affordable {
            return None;
        }
        let charged = floor_cost.unwrap_or(0).min(saved.max(0));
        let before = self.share;
        self.share = (self.share - cost).max(-self.capacity);
        self.since = self.since.max(now - Self::SAVED) + charged;
        Some((before - self.share, charged))
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Time goes on, or an older reading of the clock arrives late.
    Clock(i64),
    Deposit(u8),
    Withdraw(u32),
    Refund(usize, Refund),
}

fn step() -> impl Strategy<Value = Step> {
    let why = prop_oneof![Just(Refund::NotSent), Just(Refund::Succeeded)];
    let price = prop_oneof![Just(0_u32), Just(5), Just(10), Just(20), 0..=1_000_u32];
    prop_oneof![
        (-2_000..3_000_i64).prop_map(Step::Clock),
        (0..30_u8).prop_map(Step::Deposit),
        price.prop_map(Step::Withdraw),
        (0..8_usize, why).prop_map(|(which, why)| Step::Refund(which, why)),
    ]
}

proptest! {
    #[test]
    fn it_behaves_like_two_accounts_charged_together(
        percent in 0..=100_u8,
        floor in 1..20_u32,
        capacity in 1..60_u32,
        back in 0..=100_u8,
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let config = RetryBudgetConfig::default()
            .with_percent(percent)
            .with_min_per_second(floor)
            .with_capacity(capacity)
            .with_success_refund_percent(back);
        // Room to go back in time.
        let (_, start) = budget(config.clone());
        let start = start + SECOND * 10_000;
        let budget = RetryBudget::new(config, start).unwrap();
        let mut model = Model {
            share: 0,
            capacity: i128::from(capacity) * 10_000,
            floor: Some(Model::SAVED / i128::from(floor)),
            since: -Model::SAVED,
        };
        let (mut now, mut booked) = (0_i64, Vec::<(Booking, (i128, i128))>::new());
        for step in steps {
            match step {
                Step::Clock(millis) => now = (now + millis).max(-5_000_000),
                Step::Deposit(calls) => for _ in 0..calls {
                    budget.deposit();
                    model.share = (model.share + i128::from(percent) * 100).min(model.capacity);
                },
                Step::Withdraw(price) => {
                    let moved = Duration::from_millis(now.unsigned_abs());
                    let at = if now < 0 { start - moved } else { start + moved };
                    let paid = budget.withdraw(price, at);
                    let expected = model.withdraw(price, i128::from(now) * 1_000_000);
                    prop_assert_eq!(paid.is_ok(), expected.is_some());
                    booked.extend(paid.ok().zip(expected));
                }
                Step::Refund(which, why) if which < booked.len() => {
                    let (booking, (share, floor)) = booked.swap_remove(which);
                    budget.refund(booking, why);
                    let percent = if why == Refund::NotSent { 100 } else { i128::from(back) };
                    model.share = (model.share + share * percent / 100).min(model.capacity);
                    model.since -= floor * percent / 100;
                }
                Step::Refund(..) => {}
            }
        }
    }

    #[test]
    fn no_more_is_paid_than_earned(
        percent in 1..=100_u8,
        floor in 0..20_u32,
        steps in prop::collection::vec((0..4_u8, 0..300_u32), 1..500),
    ) {
        let config = RetryBudgetConfig::default().with_percent(percent).with_min_per_second(floor);
        let (budget, start) = budget(config);
        let mut now = start;
        let (mut calls, mut paid) = (0.0_f64, 0.0_f64);
        for (kind, millis) in steps {
            match kind {
                0 => now += Duration::from_millis(u64::from(millis)),
                1 => {
                    budget.deposit();
                    calls += 1.0;
                }
                _ => paid += f64::from(u8::from(budget.withdraw(10, now).is_ok())),
            }
            let seconds = (now - start).as_secs_f64();
            let earned = calls * f64::from(percent) / 100.0 + f64::from(floor) * (1.0 + seconds);
            prop_assert!(paid <= earned + 1e-6, "{paid} paid, {earned} earned");
        }
        // However much was paid before, the floor pays again after a second.
        prop_assert!(floor == 0 || affordable(&budget, 10, now + SECOND) >= floor as usize);
    }
}
