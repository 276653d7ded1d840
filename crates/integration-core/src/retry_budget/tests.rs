use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{RetryBudget, RetryBudgetConfig};
use crate::clock::{Clock, SystemClock};

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
fn a_retry_after_a_throttle_costs_half() {
    let (budget, now) = budget(RetryBudgetConfig::default());
    assert_eq!(affordable(&budget, 5, now), 20);
    assert!(budget.withdraw(0, now).is_ok());
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
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.contains(&format!("`retry_budget.{field}`")),
            "{error}"
        );
    }
}

proptest! {
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
