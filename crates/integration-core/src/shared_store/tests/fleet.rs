use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::{advance, sleep};

use super::moody::{KEY, Mood, Moody, SECOND, demands, moody};
use crate::{
    ErrorKind,
    backoff::{Backoff, Jitter},
    clock::{Clock, SystemClock},
    keyed::KeyedConfig,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    rng::SeededRng,
    shared_store::{
        Demand, Demands, Fleet, FleetConfig, FleetEvent, FleetHealth, Reason, SharedStore, Verdict,
    },
};

const BOUND: Duration = Duration::from_millis(50);

/// Asks again after exactly 1 s, 2 s, 2 s; settles for 2.05 s.
fn config(members: u32) -> FleetConfig {
    let backoff = Backoff::exponential(SECOND, 2 * SECOND).with_jitter(Jitter::None);
    FleetConfig::new(members).with_backoff(backoff)
}

fn member(store: &Arc<Moody>, config: FleetConfig) -> Fleet {
    let rng = Arc::new(SeededRng::new(1));
    Fleet::new(store.clone(), config, SystemClock::shared(), rng).unwrap()
}

/// A member, and what it told.
fn watched(store: &Arc<Moody>, config: FleetConfig) -> (Fleet, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = told.clone();
    let fleet = member(store, config).on_change(move |event| {
        ear.lock().push(match event {
            FleetEvent::Degraded { reason, .. } => format!("degraded {reason:?}"),
            FleetEvent::Restored { away } => format!("restored after {away:?}"),
            FleetEvent::KeyUnusable { key, .. } => format!("{key} unusable"),
        });
    });
    (fleet, told)
}

async fn now_or_never(fleet: &Fleet, demands: &Demands) -> Verdict {
    fleet.admit(KEY, demands, Duration::ZERO).await
}

#[tokio::test(start_paused = true)]
async fn two_members_share_one_quota_one_pause_and_one_budget() {
    let store = moody();
    let budget = RetryBudgetConfig::default().with_min_per_second(0);
    let config = config(2).with_retry_budget(budget);
    let (one, other) = (member(&store, config.clone()), member(&store, config));
    let demands = demands(10, 2);
    assert_eq!(now_or_never(&one, &demands).await, Verdict::Go);
    assert_eq!(now_or_never(&other, &demands).await, Verdict::Go);
    assert_eq!(
        now_or_never(&one, &demands).await,
        Verdict::Full(SECOND / 10)
    );

    assert!(other.withdraw(KEY, 10).await.is_err());
    for fleet in [&one, &other] {
        for _ in 0..32 {
            fleet.deposit(KEY).await;
        }
    }
    // 64 calls earn 12.8 retries, whoever made them.
    for _ in 0..12 {
        assert!(one.withdraw(KEY, 10).await.is_ok());
    }
    assert!(one.withdraw(KEY, 10).await.is_err());
    assert!(other.withdraw(KEY, 10).await.is_err());
    assert!(other.withdraw(KEY, 0).await.is_ok());

    one.pause(KEY, 9 * SECOND).await;
    assert_eq!(
        now_or_never(&other, &demands).await,
        Verdict::Paused(9 * SECOND)
    );
    let elsewhere = other.admit("other key", &demands, Duration::ZERO).await;
    assert_eq!(elsewhere, Verdict::Go);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_one_question_and_none_during_a_pause_that_is_known() {
    let store = moody();
    let (one, other) = (member(&store, config(2)), member(&store, config(2)));
    let demands = demands(100, 100);
    for _ in 0..3 {
        assert_eq!(now_or_never(&one, &demands).await, Verdict::Go);
    }
    assert_eq!(store.asked(), 3);
    one.pause(KEY, SECOND).await;
    assert_eq!(store.asked(), 1);
    for _ in 0..3 {
        assert_eq!(now_or_never(&one, &demands).await, Verdict::Paused(SECOND));
        assert_eq!(
            now_or_never(&other, &demands).await,
            Verdict::Paused(SECOND)
        );
    }
    assert_eq!(store.asked(), 1);
    for _ in 0..32 {
        one.deposit(KEY).await;
    }
    assert_eq!(store.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_costs_the_bound_once_in_a_back_off() {
    let store = moody();
    let (fleet, told) = watched(&store, config(4));
    let demands = demands(1_000, 10);
    store.set(Mood::NeverAnswers);
    let begun = SystemClock.now();
    assert_eq!(
        fleet.admit(KEY, &demands, SECOND).await,
        Verdict::Wait(SECOND / 250 + Duration::from_nanos(1))
    );
    assert_eq!(SystemClock.now() - begun, BOUND);
    let since = SystemClock.now();
    let reason = Reason::Slow;
    assert_eq!(fleet.health(), FleetHealth::Degraded { since, reason });
    for _ in 0..100 {
        advance(SECOND / 200).await;
        let before = SystemClock.now();
        let _ = now_or_never(&fleet, &demands).await;
        fleet.pause("other key", SECOND).await;
        fleet.deposit(KEY).await;
        assert!(fleet.withdraw(KEY, 10).await.is_ok() || fleet.withdraw(KEY, 10).await.is_err());
        assert_eq!(SystemClock.now(), before);
    }
    assert_eq!(store.asked(), 1);
    assert_eq!(*told.lock(), ["degraded Slow"]);
    advance(SECOND).await;
    let before = SystemClock.now();
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(SystemClock.now() - before, BOUND);
    assert_eq!(store.resets.load(Ordering::Relaxed), 2);
    assert_eq!(told.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loss_and_a_return_are_told_once() {
    let store = moody();
    let (fleet, told) = watched(&store, config(4));
    let demands = demands(1_000, 10);
    store.set(Mood::Fails(ErrorKind::Storage));
    for _ in 0..5 {
        let _ = now_or_never(&fleet, &demands).await;
    }
    advance(SECOND).await;
    let _ = now_or_never(&fleet, &demands).await;
    store.set(Mood::Works);
    advance(2 * SECOND).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(fleet.health(), FleetHealth::Connected);
    let expected = ["degraded Away", "restored after 3s"];
    assert_eq!(*told.lock(), expected);
    store.set(Mood::Fails(ErrorKind::Config));
    advance(3 * SECOND).await;
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(told.lock().last().unwrap(), "degraded Misconfigured");
    assert_eq!(store.resets.load(Ordering::Relaxed), 0);
}

/// A member that lost the store and has it again: it settles for 2.3 s.
async fn returned(store: &Arc<Moody>) -> Fleet {
    let fleet = member(store, config(4));
    store.set(Mood::Fails(ErrorKind::Storage));
    let _ = now_or_never(&fleet, &demands(8, 8)).await;
    store.set(Mood::Works);
    advance(SECOND).await;
    fleet.pause("other key", SECOND).await;
    assert_eq!(fleet.health(), FleetHealth::Connected);
    store.asked();
    fleet
}

#[tokio::test(start_paused = true)]
async fn after_a_return_the_own_limit_comes_first_and_then_the_store() {
    let store = moody();
    let fleet = returned(&store).await;
    let demands = demands(8, 8);
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(store.asked(), 1);
    // Two a second are its part. The store is not asked for what could not be used.
    let slot = SECOND / 2 + Duration::from_nanos(1);
    assert_eq!(
        fleet.admit(KEY, &demands, SECOND).await,
        Verdict::Full(slot)
    );
    assert_eq!(store.asked(), 0);
    advance(Duration::from_millis(2_300)).await;
    for _ in 0..7 {
        assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    }
    assert_eq!(store.asked(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_own_slot_is_given_back_when_the_store_has_none() {
    let store = moody();
    let fleet = returned(&store).await;
    let demands = demands(8, 1);
    let other = store.inner.admit(KEY, &demands, Duration::ZERO).await;
    assert_eq!(other.unwrap().verdict, Verdict::Go);
    assert_eq!(
        now_or_never(&fleet, &demands).await,
        Verdict::Full(SECOND / 8)
    );
    advance(SECOND / 8).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(store.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_own_wait_is_longer_than_the_settling() {
    let store = moody();
    let fleet = returned(&store).await;
    let hourly = Demands::one(Quota::new(4, 3_600 * SECOND)).unwrap();
    let left = Duration::from_millis(2_300);
    assert_eq!(fleet.admit(KEY, &hourly, SECOND).await, Verdict::Full(left));
    advance(left).await;
    assert_eq!(now_or_never(&fleet, &hourly).await, Verdict::Go);
}

#[tokio::test(start_paused = true)]
async fn with_a_store_without_a_past_the_own_limit_applies_as_well() {
    let store = moody();
    store.inner.forget();
    let fleet = member(&store, config(4));
    let demands = demands(8, 8);
    let slot = SECOND / 2 + Duration::from_nanos(1);
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Full(slot));
    assert_eq!(fleet.health(), FleetHealth::Connected);
    advance(slot).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    advance(Duration::from_millis(2_300)).await;
    for _ in 0..7 {
        assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_used_does_not_cost_the_other_keys_the_store() {
    let store = moody();
    let (fleet, told) = watched(&store, config(2));
    let demands = demands(10, 10);
    store.set(Mood::Fails(ErrorKind::Decode));
    // The part of this process is 5 a second, and is earned first.
    assert!(matches!(
        now_or_never(&fleet, &demands).await,
        Verdict::Full(_)
    ));
    advance(SECOND / 5 + Duration::from_nanos(1)).await;
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert!(matches!(
        now_or_never(&fleet, &demands).await,
        Verdict::Full(_)
    ));
    fleet.pause(KEY, Duration::ZERO).await;
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert_eq!(*told.lock(), ["api.example.com unusable"]);
    store.set(Mood::Works);
    for _ in 0..10 {
        assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    }
    store.set(Mood::Fails(ErrorKind::Decode));
    let _ = now_or_never(&fleet, &demands).await;
    assert_eq!(told.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_the_link_as_it_was() {
    let store = moody();
    let (fleet, told) = watched(&store, config(2));
    let demands = demands(10, 10);
    store.set(Mood::NeverAnswers);
    tokio::select! {
        biased;
        _ = now_or_never(&fleet, &demands) => panic!("the store does not answer"),
        () = sleep(BOUND / 2) => {}
    }
    store.set(Mood::Works);
    assert_eq!(now_or_never(&fleet, &demands).await, Verdict::Go);
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert!(told.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_is_left_shrinks_by_the_time_the_store_took() {
    let store = moody();
    let fleet = member(&store, config(1));
    let demands = demands(10, 1);
    store.set(Mood::NeverAnswers);
    // The slot is 100 ms away, and of the 120 ms the store took 50.
    let verdict = fleet.admit(KEY, &demands, Duration::from_millis(120)).await;
    let slot = Duration::from_millis(100) + Duration::from_nanos(1);
    assert_eq!(verdict, Verdict::Full(slot));
}

#[tokio::test(start_paused = true)]
async fn without_the_store_the_budget_is_divided() {
    let store = moody();
    let budget = RetryBudgetConfig::default().with_min_per_second(8);
    let fleet = member(&store, config(4).with_retry_budget(budget));
    store.set(Mood::Fails(ErrorKind::Storage));
    let mut paid = 0;
    while fleet.withdraw(KEY, 10).await.is_ok() {
        paid += 1;
    }
    assert_eq!(paid, 2);
    let until = fleet.withdraw(KEY, 10).await.unwrap_err().until.unwrap();
    assert_eq!(until, SystemClock.now() + SECOND / 2);
}

#[test]
fn configurations_that_cannot_work_are_refused_by_name() {
    let fast = Backoff::exponential(Duration::from_millis(9), SECOND);
    let slow = Backoff::exponential(SECOND, 61 * SECOND);
    let turned = Backoff::exponential(2 * SECOND, SECOND);
    let rows = [
        (FleetConfig::new(0), "fleet.members"),
        (FleetConfig::new(10_001), "fleet.members"),
        (
            FleetConfig::new(1).with_timeout(Duration::ZERO),
            "fleet.timeout",
        ),
        (
            FleetConfig::new(1).with_timeout(6 * SECOND),
            "fleet.timeout",
        ),
        (FleetConfig::new(1).with_backoff(fast), "fleet.backoff"),
        (FleetConfig::new(1).with_backoff(slow), "fleet.backoff"),
        (FleetConfig::new(1).with_backoff(turned), "fleet.backoff"),
        (
            FleetConfig::new(1).with_retry_budget(RetryBudgetConfig::default().with_percent(101)),
            "retry_budget.percent",
        ),
        (
            FleetConfig::new(1).with_keys(KeyedConfig::default().with_capacity(0)),
            "keys.capacity",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(field), "{error}");
    }
    assert!(FleetConfig::new(10_000).validate().is_ok());
}

#[tokio::test(start_paused = true)]
async fn more_members_than_permits_are_found_by_the_check() {
    let fleet = member(&moody(), config(5));
    let five = Demand::new(Quota::per_second(5), 1);
    let four = Demand::new(Quota::per_minute(4), 1);
    assert!(fleet.check(&Demands::new(&[five]).unwrap()).is_ok());
    let error = fleet.check(&Demands::new(&[five, four]).unwrap());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    assert!(fleet.check(&Demands::NONE).is_ok());
}
